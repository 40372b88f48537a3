import { resolve } from 'node:path';
import { StorageError } from '../errors.ts';
import { LedgerStorage } from '../storage/ledger-storage.ts';
import type { Ledger, LedgerEvent } from '../storage/ledger.ts';
import type { StudyStorage } from '../storage/storage.ts';
import { warnOnConsole } from '../warning.ts';
import type { Warn } from '../warning.ts';
import { lockFile } from './file-lock.ts';
import type { LockWording } from './file-lock.ts';
import { createFolderOf, JournalWriter, readJournal, requireFile } from './journal.ts';

/** Options of {@link jsonLinesStorage}. */
export interface JsonLinesStorageOptions {
  /**
   * When to wait for the disk itself. `trial` (default): when a study is created or changed and when a trial ends or
   * is requeued, so that power loss costs no finished trial; `always`: on every write; `never`: a crash of the
   * process loses nothing acknowledged, power loss may.
   */
  readonly fsync?: 'trial' | 'always' | 'never' | undefined;
  /** Read the file as it is now, without its lock, and refuse writes. Default false. */
  readonly readOnly?: boolean | undefined;
  /** Whether to make the file where there is none. Default true; without it that is an error. */
  readonly create?: boolean | undefined;
  /** Receives the report of a torn last line. Default `console.warn`. */
  readonly onWarning?: Warn | undefined;
}

interface OpenJournal {
  readonly ledger: Ledger;
  readonly writer: JournalWriter | undefined;
  readonly unlock: () => Promise<void>;
}

const WORDING: LockWording = {
  caller: 'jsonLinesStorage()',
  need: 'a file that no one else writes to',
  hint: ' open it here with readOnly,',
};

const BARE_EVENTS: ReadonlySet<LedgerEvent['event']> = new Set(['trial', 'claim', 'write']);

/**
 * Keeps studies in one append-only file of JSON lines, as events. The file is opened by the first call, for this
 * process alone (`<path>.lock`, taken over when its process is gone), until `close()`.
 *
 * A process that is killed at any moment loses nothing that was acknowledged: a torn last line is left out and
 * reported. Throws `StorageError` if the file is in use, damaged before its last line, or cannot be written.
 *
 * @example
 * ```ts
 * import { mkdtemp } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { createStudy } from '@nadir/tune';
 * import { jsonLinesStorage } from '@nadir/tune/node';
 *
 * const path = join(await mkdtemp(join(tmpdir(), 'nadir-')), 'studies.jsonl');
 * const storage = jsonLinesStorage(path);
 * const study = await createStudy({ storage, name: 'parabola', resume: true });
 * await study.optimize((trial) => trial.suggestFloat('x', -1, 1) ** 2, { trials: 3 });
 * await storage.close();
 * study.trials.length; // => 3
 * ```
 */
export function jsonLinesStorage(path: string, options: JsonLinesStorageOptions = {}): StudyStorage {
  const { fsync = 'trial', readOnly = false, create = true, onWarning = warnOnConsole } = options;
  const file = resolve(path);
  const syncs = (event: LedgerEvent): boolean =>
    fsync === 'always' || (fsync === 'trial' && !BARE_EVENTS.has(event.event));
  let opening: Promise<OpenJournal> | undefined;
  let closed = false;

  const openJournal = async (): Promise<OpenJournal> => {
    if (readOnly) {
      const { ledger } = await readJournal(file, onWarning, true);
      return { ledger, writer: undefined, unlock: async () => {} };
    }
    if (create) await createFolderOf(file);
    else await requireFile(file);
    const lock = await lockFile(file, WORDING);
    const unlock = (): Promise<void> => lock.release();
    try {
      const content = await readJournal(file, onWarning, false);
      return { ledger: content.ledger, writer: await JournalWriter.open(file, content, syncs), unlock };
    } catch (error) {
      await unlock();
      throw error;
    }
  };

  const journal = async (): Promise<OpenJournal> => {
    if (closed) throw new StorageError(`jsonLinesStorage(): an open storage, got ${file} after close().`);
    // A failed opening is not kept: the next call tries again.
    opening ??= openJournal().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    const opened = await opening;
    opened.writer?.requireWhole();
    return opened;
  };

  return new LedgerStorage({
    read: async (query) => query((await journal()).ledger),
    commit: async (build, result) => {
      const { ledger, writer } = await journal();
      const event = build(ledger);
      if (event === undefined) return undefined;
      if (writer === undefined) {
        throw new StorageError(`jsonLinesStorage(): a writable storage, got ${file} opened with readOnly.`);
      }
      ledger.apply(event);
      const outcome = result(ledger, event);
      await writer.append(event);
      return outcome;
    },
    close: async () => {
      closed = true;
      if (opening === undefined) return;
      const { writer, unlock } = await opening;
      try {
        await writer?.close();
      } finally {
        await unlock();
      }
    },
  });
}
