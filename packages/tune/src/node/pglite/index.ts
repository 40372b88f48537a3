export { pgliteStorage } from './pglite-storage.ts';
export type { PgliteStorageOptions } from './pglite-storage.ts';
