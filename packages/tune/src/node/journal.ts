import { mkdir, open, readFile, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StorageError } from '../errors.ts';
import { encodeJson } from '../json.ts';
import { brokenLine, JOURNAL_HEADER, parseJournalLine, replayLine } from '../storage/journal-format.ts';
import { Ledger } from '../storage/ledger.ts';
import type { LedgerEvent } from '../storage/ledger.ts';
import type { Warn } from '../warning.ts';

const NEWLINE = 0x0a;

/** What a journal file holds. */
export interface JournalContent {
  readonly ledger: Ledger;
  /** Up to where the file is whole; what follows is a torn line. */
  readonly length: number;
  /** False if the last whole line lacks its newline. */
  readonly terminated: boolean;
}

/**
 * Replays a journal. A last line that is not whole is left out, with a warning: the process ended while it was
 * written, and no one was told that it had been. Damage anywhere else is a StorageError that names the line.
 */
export async function readJournal(path: string, warn: Warn, mustExist: boolean): Promise<JournalContent> {
  const ledger = new Ledger();
  const bytes = await readBytes(path, mustExist);
  let start = 0;
  let line = 0;
  while (start < bytes.length) {
    line += 1;
    const end = bytes.indexOf(NEWLINE, start);
    const text = bytes.toString('utf8', start, end === -1 ? bytes.length : end);
    const place = { caller: 'jsonLinesStorage()', source: path, line };
    const record = parseJournalLine(text);
    if (record === undefined) {
      if (end === -1) {
        warn(
          `jsonLinesStorage(): the last line of ${path} (line ${line}, ${bytes.length - start} bytes) is torn and was left out.`,
        );
        return { ledger, length: start, terminated: true };
      }
      throw brokenLine(place, text);
    }
    replayLine(ledger, record, place);
    if (end === -1) return { ledger, length: bytes.length, terminated: false };
    start = end + 1;
  }
  return { ledger, length: bytes.length, terminated: true };
}

async function readBytes(path: string, mustExist: boolean): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if (!mustExist && (error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw new StorageError(`jsonLinesStorage(): a readable file, got ${path}: ${String(error)}`, {
      cause: error,
    });
  }
}

/**
 * Appends events to a journal file: in the order of the calls, what gathers during one write as the next. A failed
 * write is cut off again, so that the file stays whole, and ends the writer: every later call rejects with it.
 */
export class JournalWriter {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #syncs: (event: LedgerEvent) => boolean;
  #length: number;
  #pending = '';
  #pendingSync = false;
  #written: Promise<void> | undefined;
  #failure: StorageError | undefined;

  private constructor(
    path: string,
    handle: FileHandle,
    length: number,
    syncs: (event: LedgerEvent) => boolean,
  ) {
    this.#path = path;
    this.#handle = handle;
    this.#length = length;
    this.#syncs = syncs;
  }

  static async open(
    path: string,
    content: JournalContent,
    syncs: (event: LedgerEvent) => boolean,
  ): Promise<JournalWriter> {
    const handle = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return open(path, 'wx+');
      throw error;
    });
    await handle.truncate(content.length);
    const writer = new JournalWriter(path, handle, content.length, syncs);
    if (content.length === 0) writer.#pending = `${JSON.stringify(JOURNAL_HEADER)}\n`;
    else if (!content.terminated) writer.#pending = '\n';
    return writer;
  }

  /** Throws if an earlier write failed: then nothing may be changed any more. */
  requireWhole(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async append(event: LedgerEvent): Promise<void> {
    this.#pending += `${encodeJson(event)}\n`;
    this.#pendingSync ||= this.#syncs(event);
    // A write in progress does not hold this event; the one after it will.
    this.#written = this.#written === undefined ? this.#flush() : this.#written.then(() => this.#flush());
    await this.#written;
    this.requireWhole();
  }

  async close(): Promise<void> {
    await this.#written;
    await this.#handle.close();
  }

  async #flush(): Promise<void> {
    if (this.#pending === '' || this.#failure !== undefined) return;
    const bytes = Buffer.from(this.#pending);
    const sync = this.#pendingSync;
    this.#pending = '';
    this.#pendingSync = false;
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await this.#handle.write(
          bytes,
          done,
          bytes.length - done,
          this.#length + done,
        );
        done += bytesWritten;
      }
      if (sync) await this.#handle.datasync();
      this.#length += bytes.length;
    } catch (error) {
      await this.#handle.truncate(this.#length).catch(() => {});
      this.#failure = new StorageError(
        `jsonLinesStorage(): a file that can be written, got ${this.#path}: ${String(error)}. ` +
          'Everything acknowledged before is kept; resume the study when this is put right.',
        { cause: error },
      );
    }
  }
}

/** Throws a StorageError where there is no journal. */
export async function requireFile(path: string): Promise<void> {
  await stat(path).catch((cause: unknown) => {
    throw new StorageError(`jsonLinesStorage(): a file with studies in it, got ${path}: ${String(cause)}`, {
      cause,
    });
  });
}

/** Creates the folder that a journal goes into. */
export async function createFolderOf(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (error) {
    throw new StorageError(
      `jsonLinesStorage(): a folder that can be made, got ${dirname(path)}: ${String(error)}`,
      {
        cause: error,
      },
    );
  }
}
