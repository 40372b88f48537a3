import { StorageError, show } from '../errors.ts';
import { decodeJson } from '../json.ts';
import type { Ledger, LedgerEvent } from './ledger.ts';

/** The first line of every journal. */
export const JOURNAL_HEADER = { format: 'nadir-studies', version: 1 } as const;

/** Where a line stands, for messages. */
export interface JournalPlace {
  readonly caller: string;
  /** The file. */
  readonly source: string;
  /** From 1. */
  readonly line: number;
}

/** What a line holds; undefined where it is no whole JSON object. */
export function parseJournalLine(text: string): object | undefined {
  try {
    const value = decodeJson(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The error for a line that is not JSON, and not the last one. */
export function brokenLine({ caller, source, line }: JournalPlace, text: string): StorageError {
  return new StorageError(
    `${caller}: JSON on every line, got ${show(text.slice(0, 60))} on line ${line} of ${source}.`,
  );
}

/** Applies a line to the ledger of the lines before it. Throws a StorageError for what cannot follow from those. */
export function replayLine(ledger: Ledger, record: object, { caller, source, line }: JournalPlace): void {
  if (line === 1) {
    const { format, version } = record as { format?: unknown; version?: unknown };
    if (format === JOURNAL_HEADER.format && version === JOURNAL_HEADER.version) return;
    throw new StorageError(
      `${caller}: a file that begins with ${JSON.stringify(JOURNAL_HEADER)}, got ${JSON.stringify(record).slice(0, 60)} in ${source}.`,
    );
  }
  try {
    ledger.apply(record as LedgerEvent);
  } catch (error) {
    throw new StorageError(
      `${caller}: events that follow from each other, got line ${line} of ${source}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
