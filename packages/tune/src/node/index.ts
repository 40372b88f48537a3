export { jsonLinesStorage } from './json-lines-storage.ts';
export type { JsonLinesStorageOptions } from './json-lines-storage.ts';
