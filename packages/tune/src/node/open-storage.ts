import { fileURLToPath } from 'node:url';
import { StorageError } from '../errors.ts';
import { memoryStorage } from '../storage/memory-storage.ts';
import { readOnlyStorage } from '../storage/storage-calls.ts';
import type { StudyStorage } from '../storage/storage.ts';
import { jsonLinesStorage } from './json-lines-storage.ts';
import { pgliteStorage } from './pglite/pglite-storage.ts';
import { postgresStorage } from './postgres/postgres-storage.ts';

/** Options of {@link openStorage}. */
export interface OpenStorageOptions {
  /** Whether to make what is not there. Default true; without it that is an error. Files in memory are always new. */
  readonly create?: boolean | undefined;
  /** Only look: writes are refused, nothing is made, and a file that someone else writes to can be read. */
  readonly readOnly?: boolean | undefined;
}

/**
 * Opens a storage by its location: `memory:`; a file that ends in `.jsonl` (`jsonLinesStorage`); a
 * `postgres://` URL (`postgresStorage`, needs `pg`); any other path is a folder (`pgliteStorage`, needs
 * `@electric-sql/pglite`). Nothing is opened before the first call. Throws `StorageError` for other URLs.
 *
 * @example
 * ```ts
 * import { createStudy } from '@nadir/tune';
 * import { openStorage } from '@nadir/tune/node';
 *
 * const storage = openStorage('memory:');
 * await createStudy({ storage, name: 'digits' });
 * (await storage.listStudies()).length; // => 1
 * ```
 */
export function openStorage(location: string, options: OpenStorageOptions = {}): StudyStorage {
  const { readOnly = false } = options;
  const create = (options.create ?? true) && !readOnly;
  // The scheme of a URL has at least two letters: one is a drive of Windows.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(location)?.[1]?.toLowerCase();
  if (scheme === 'file') return openStorage(fileURLToPath(location), options);
  const storage = openWritable(location, scheme, { create, readOnly });
  if (!readOnly) return storage;
  return readOnlyStorage(
    storage,
    (method) => new StorageError(`${method}(): a writable storage, got ${location} opened with readOnly.`),
  );
}

function openWritable(
  location: string,
  scheme: string | undefined,
  { create, readOnly }: { readonly create: boolean; readonly readOnly: boolean },
): StudyStorage {
  switch (scheme) {
    case 'memory':
      return memoryStorage();
    case 'postgres':
    case 'postgresql':
      return postgresStorage(location, { create });
    case undefined:
      break;
    default:
      throw new StorageError(
        `openStorage(): memory:, postgres://…, a .jsonl file or a folder, got ${location.replace(/\/\/.*@/, '//…@')}.`,
      );
  }
  if (location === '') throw new StorageError('openStorage(): a location that is not empty, got "".');
  if (!location.endsWith('.jsonl')) return pgliteStorage(location, { create });
  return jsonLinesStorage(location, { readOnly, create });
}
