import { resolve } from 'node:path';
import { StorageError } from '../../errors.ts';
import { forwardingStorage, storageEffects } from '../../storage/storage-calls.ts';
import type { StorageCall } from '../../storage/storage-calls.ts';
import type { StudyStorage } from '../../storage/storage.ts';
import { OwnerLostError } from './owner-client.ts';
import { takeSeat } from './seat.ts';
import type { Seat } from './seat.ts';

/** Options of {@link pgliteStorage}. */
export interface PgliteStorageOptions {
  /** Whether to make the database where there is none. Default true; without it that is an error. */
  readonly create?: boolean | undefined;
}

/** How often a call looks for a new owner before it gives up. */
const MOST_OWNERS = 10;

/**
 * Keeps studies in a folder, in PostgreSQL compiled to WebAssembly: nothing to install but the package
 * `@electric-sql/pglite`. Any number of processes on one machine may use a folder at a time: the first call makes
 * its process the owner, which has the database open and serves the others through a local socket. When the owner
 * closes or dies, the next call of another process makes that one the owner.
 *
 * A process that is killed loses nothing that was acknowledged. Power loss may: nothing waits for the disk.
 * A write that is under way when the owner dies rejects with a `StorageError`, and may have been carried out or not.
 *
 * @example
 * ```ts
 * import { mkdtemp } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { createStudy } from '@nadir/tune';
 * import { pgliteStorage } from '@nadir/tune/pglite';
 *
 * const folder = join(await mkdtemp(join(tmpdir(), 'nadir-')), 'nadir-studies');
 * const storage = pgliteStorage(folder);
 * const study = await createStudy({ storage, name: 'parabola', resume: true });
 * await study.optimize((trial) => trial.suggestFloat('x', -1, 1) ** 2, { trials: 3 });
 * await storage.close();
 * study.trials.length; // => 3
 * ```
 */
export function pgliteStorage(folder: string, options: PgliteStorageOptions = {}): StudyStorage {
  const { create = true } = options;
  const path = resolve(folder);
  let taking: Promise<Seat> | undefined;
  let closed = false;

  const seat = async (): Promise<Seat> => {
    if (closed) throw new StorageError(`pgliteStorage(): an open storage, got ${path} after close().`);
    // A failed opening is not kept: the next call tries again.
    taking ??= takeSeat(path, create).catch((error: unknown) => {
      taking = undefined;
      throw error;
    });
    const current = taking;
    const taken = await current;
    if (!taken.isLost()) return taken;
    if (taking === current) taking = undefined;
    return seat();
  };

  const call: StorageCall = async (method, args) => {
    for (let owners = 1; ; owners++) {
      const current = await seat();
      try {
        return await current.call(method, args);
      } catch (error) {
        if (!(error instanceof OwnerLostError)) throw error;
        const isRepeatable = error.isUntouched || storageEffects[method] === 'reads';
        if (!isRepeatable || owners >= MOST_OWNERS) {
          throw new StorageError(
            `pgliteStorage(): ${method}() answered, got none: the process that had ${path} open ended in the middle, ` +
              'and may have carried it out or not. Everything acknowledged before is kept; resume the study.',
            { cause: error },
          );
        }
      }
    }
  };

  return forwardingStorage(call, async () => {
    closed = true;
    await (await taking?.catch(() => undefined))?.close();
  });
}
