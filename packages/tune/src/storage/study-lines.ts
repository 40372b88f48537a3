import { StorageError, show } from '../errors.ts';
import type { FrozenTrial } from '../frozen-trial.ts';
import { encodeJson } from '../json.ts';
import { warnOnConsole } from '../warning.ts';
import type { Warn } from '../warning.ts';
import { brokenLine, JOURNAL_HEADER, parseJournalLine, replayLine } from './journal-format.ts';
import { Ledger } from './ledger.ts';
import type { LedgerEvent } from './ledger.ts';
import { unknownStudy } from './storage-errors.ts';
import type { StudyRecord, StudyStorage } from './storage.ts';

/**
 * Writes a study as JSON lines: first the study, then each trial as it stands. The text is also a file that
 * `jsonLinesStorage` opens. Throws `StorageError` if there is no study of that name.
 *
 * @example
 * ```ts
 * import { createStudy, exportStudy, importStudies, memoryStorage } from '@nadir/tune';
 *
 * const storage = memoryStorage();
 * const study = await createStudy({ storage, name: 'parabola', seed: 1 });
 * await study.optimize((trial) => trial.suggestFloat('x', -1, 1) ** 2, { trials: 3 });
 * const text = await exportStudy(storage, 'parabola');
 * text.split('\n').length; // => 6
 * await importStudies(storage, text, { name: 'copy' });
 * (await storage.loadTrials('copy', 0)).length; // => 3
 * ```
 */
export async function exportStudy(storage: StudyStorage, name: string): Promise<string> {
  const study = await storage.loadStudy(name);
  if (study === undefined) {
    const known = await storage.listStudies();
    throw unknownStudy(
      name,
      known.map((item) => item.name),
    );
  }
  const trials = await storage.loadTrials(name, 0);
  const events: readonly LedgerEvent[] = [
    { event: 'restore', study, trials: [] },
    ...trials.map((trial) => ({ event: 'record', study: name, trial }) as const),
  ];
  return [JOURNAL_HEADER, ...events].map((line) => `${encodeJson(line)}\n`).join('');
}

/** Options of {@link importStudies}. */
export interface ImportStudiesOptions {
  /** Another name for the study; the text must hold one study alone. */
  readonly name?: string | undefined;
  /** Where the text is from, for messages. Default `the text`. */
  readonly source?: string | undefined;
  /** Receives the report of a torn last line. Default `console.warn`. */
  readonly onWarning?: Warn | undefined;
}

/**
 * Adds the studies of JSON lines to a storage, with the numbers, attempts and revisions of their trials, so that they
 * go on as they would have where they were. The lines are those of {@link exportStudy} or of a file of
 * `jsonLinesStorage`. Throws `StorageError` for other text, and if a name is taken.
 */
export async function importStudies(
  storage: StudyStorage,
  text: string,
  options: ImportStudiesOptions = {},
): Promise<readonly StudyRecord[]> {
  const { name, source = 'the text', onWarning = warnOnConsole } = options;
  const ledger = readLedger(text, source, onWarning);
  const names = ledger.studyNames();
  if (name !== undefined && names.length !== 1) {
    throw new StorageError(
      `importStudies(): one study to name ${show(name)}, got ${names.length} in ${source}.`,
    );
  }
  const imported: StudyRecord[] = [];
  for (const study of names) {
    const record = ledger.study(study) as StudyRecord;
    const trials: readonly FrozenTrial[] = ledger.trialsAfter(study, -1);
    imported.push(await storage.restoreStudy({ ...record, name: name ?? study }, trials));
  }
  return imported;
}

function readLedger(text: string, source: string, warn: Warn): Ledger {
  const ledger = new Ledger();
  const lines = text.split('\n');
  // What follows the last newline: nothing, or a line that was not finished.
  if (lines.at(-1) === '') lines.pop();
  for (const [index, line] of lines.entries()) {
    const place = { caller: 'importStudies()', source, line: index + 1 };
    const record = parseJournalLine(line);
    if (record === undefined) {
      if (index === 0 || index < lines.length - 1 || text.endsWith('\n')) throw brokenLine(place, line);
      warn(`importStudies(): the last line of ${source} (line ${index + 1}) is torn and was left out.`);
    } else {
      replayLine(ledger, record, place);
    }
  }
  return ledger;
}
