import type { StorageError } from '../errors.ts';
import type { StudyStorage } from './storage.ts';

/** The methods of a storage that can be called from afar. */
export type StorageMethod = Exclude<keyof StudyStorage, 'close'>;

/** What each method does to the storage: what only reads may be done again, or by someone who may not write. */
export const storageEffects: { readonly [M in StorageMethod]: 'reads' | 'writes' } = {
  createStudy: 'writes',
  restoreStudy: 'writes',
  loadStudy: 'reads',
  listStudies: 'reads',
  deleteStudy: 'writes',
  setStudyAttribute: 'writes',
  createTrial: 'writes',
  claimTrial: 'writes',
  writeTrial: 'writes',
  finishTrial: 'writes',
  importTrials: 'writes',
  requeueTrial: 'writes',
  loadTrials: 'reads',
};

/** What a method fulfils with. */
export type StorageResult<M extends StorageMethod> = StudyStorage[M] extends (
  ...args: never[]
) => Promise<infer Result>
  ? Result
  : never;

/** Carries one call to a storage. */
export type StorageCall = <M extends StorageMethod>(
  method: M,
  args: Parameters<StudyStorage[M]>,
) => Promise<StorageResult<M>>;

/** A storage whose every call goes through `carry`. Its `close` waits for the calls under way. */
export function forwardingStorage(carry: StorageCall, close: () => Promise<void>): StudyStorage {
  const running = new Set<Promise<unknown>>();
  const call: StorageCall = (method, args) => {
    const work = carry(method, args);
    const settled: Promise<unknown> = work.catch(() => {}).finally(() => running.delete(settled));
    running.add(settled);
    return work;
  };
  return {
    createStudy: (...args) => call('createStudy', args),
    restoreStudy: (...args) => call('restoreStudy', args),
    loadStudy: (...args) => call('loadStudy', args),
    listStudies: (...args) => call('listStudies', args),
    deleteStudy: (...args) => call('deleteStudy', args),
    setStudyAttribute: (...args) => call('setStudyAttribute', args),
    createTrial: (...args) => call('createTrial', args),
    claimTrial: (...args) => call('claimTrial', args),
    writeTrial: (...args) => call('writeTrial', args),
    finishTrial: (...args) => call('finishTrial', args),
    importTrials: (...args) => call('importTrials', args),
    requeueTrial: (...args) => call('requeueTrial', args),
    loadTrials: (...args) => call('loadTrials', args),
    close: async () => {
      await Promise.all(running);
      await close();
    },
  };
}

/** The same storage for someone who only looks: `refuse` makes the error that every write rejects with. */
export function readOnlyStorage(
  storage: StudyStorage,
  refuse: (method: StorageMethod) => StorageError,
): StudyStorage {
  return forwardingStorage(
    async (method, args) => {
      if (storageEffects[method] === 'writes') throw refuse(method);
      return callStorage(storage, method, args);
    },
    () => storage.close(),
  );
}

/** `storage[method](...args)`, which TypeScript does not check for a method that it does not know. */
export function callStorage<M extends StorageMethod>(
  storage: StudyStorage,
  method: M,
  args: Parameters<StudyStorage[M]>,
): Promise<StorageResult<M>> {
  const target = storage[method].bind(storage) as unknown as (
    ...args: Parameters<StudyStorage[M]>
  ) => Promise<StorageResult<M>>;
  return target(...args);
}
