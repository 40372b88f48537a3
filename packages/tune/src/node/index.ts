export { jsonLinesStorage } from './json-lines-storage.ts';
export type { JsonLinesStorageOptions } from './json-lines-storage.ts';
export { openStorage } from './open-storage.ts';
export type { OpenStorageOptions } from './open-storage.ts';
