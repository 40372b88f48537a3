import { LedgerStorage } from './ledger-storage.ts';
import { Ledger } from './ledger.ts';
import type { StudyStorage } from './storage.ts';

/**
 * Keeps studies in memory, for as long as the storage object lives. The default of `createStudy`.
 *
 * @example
 * ```ts
 * import { createStudy, memoryStorage } from '@nadir/tune';
 *
 * const storage = memoryStorage();
 * await createStudy({ storage, name: 'digits' });
 * (await storage.listStudies()).length; // => 1
 * ```
 */
export function memoryStorage(): StudyStorage {
  const ledger = new Ledger();
  return new LedgerStorage({
    read: async (query) => query(ledger),
    commit: async (build, result) => {
      const event = build(ledger);
      if (event === undefined) return undefined;
      ledger.apply(event);
      return result(ledger, event);
    },
    close: async () => {},
  });
}
