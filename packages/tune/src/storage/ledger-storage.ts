import type { FrozenTrial } from '../frozen-trial.ts';
import type { JsonValue } from '../json.ts';
import type { Ledger, LedgerEvent } from './ledger.ts';
import type {
  ImportedTrial,
  NewStudy,
  NewTrial,
  StudyRecord,
  StudyStorage,
  TrialChange,
  TrialOutcome,
  TrialRef,
} from './storage.ts';

/**
 * How a ledger is kept. `read` gives the ledger once it is loaded; `commit` builds one event from the ledger as it
 * stands, applies it at once, and resolves when it is durable. Calls take effect in the order in which they are made.
 */
export interface LedgerKeeper {
  read<T>(query: (ledger: Ledger) => T): Promise<T>;
  commit<T>(
    build: (ledger: Ledger) => LedgerEvent | undefined,
    result: (ledger: Ledger, event: LedgerEvent) => T,
  ): Promise<T | undefined>;
  close(): Promise<void>;
}

/** The storage interface over a ledger, however the ledger is kept. */
export class LedgerStorage implements StudyStorage {
  readonly #keeper: LedgerKeeper;

  constructor(keeper: LedgerKeeper) {
    this.#keeper = keeper;
  }

  async createStudy(study: NewStudy): Promise<StudyRecord> {
    return this.#write({ event: 'study', ...study }, (ledger) => ledger.study(study.name) as StudyRecord);
  }

  async restoreStudy(study: StudyRecord, trials: readonly FrozenTrial[]): Promise<StudyRecord> {
    return this.#write(
      { event: 'restore', study, trials },
      (ledger) => ledger.study(study.name) as StudyRecord,
    );
  }

  async loadStudy(name: string): Promise<StudyRecord | undefined> {
    return this.#keeper.read((ledger) => ledger.study(name));
  }

  async listStudies(): Promise<readonly StudyRecord[]> {
    return this.#keeper.read((ledger) =>
      ledger.studyNames().map((name) => ledger.study(name) as StudyRecord),
    );
  }

  async deleteStudy(name: string): Promise<void> {
    await this.#write({ event: 'delete', study: name }, () => undefined);
  }

  async setStudyAttribute(study: string, key: string, value: JsonValue): Promise<void> {
    await this.#write({ event: 'attribute', study, key, value }, () => undefined);
  }

  async createTrial(study: string, trial: NewTrial): Promise<FrozenTrial> {
    const created = await this.#keeper.commit(
      (ledger) => ({ event: 'trial', study, number: ledger.trialCount(study), ...trial }),
      (ledger) => ledger.trial(study, ledger.trialCount(study) - 1),
    );
    return created as FrozenTrial;
  }

  async importTrials(study: string, trials: readonly ImportedTrial[]): Promise<readonly FrozenTrial[]> {
    return this.#write({ event: 'import', study, trials }, (ledger) => {
      const first = ledger.trialCount(study) - trials.length;
      return trials.map((_, index) => ledger.trial(study, first + index));
    });
  }

  async claimTrial(
    study: string,
    claim: { readonly sampler: string; readonly at: number },
  ): Promise<FrozenTrial | undefined> {
    return this.#keeper.commit(
      (ledger) => {
        const number = ledger.firstWaiting(study);
        return number === undefined ? undefined : { event: 'claim', study, number, ...claim };
      },
      (ledger, event) => ledger.trial(study, (event as { readonly number: number }).number),
    );
  }

  async writeTrial(trial: TrialRef, changes: readonly TrialChange[]): Promise<void> {
    await this.#write({ event: 'write', ...trial, changes }, () => undefined);
  }

  async finishTrial(trial: TrialRef, outcome: TrialOutcome): Promise<FrozenTrial> {
    return this.#write({ event: 'finish', ...trial, ...outcome }, (ledger) =>
      ledger.trial(trial.study, trial.number),
    );
  }

  async requeueTrial(trial: TrialRef): Promise<FrozenTrial> {
    return this.#write({ event: 'requeue', ...trial }, (ledger) => ledger.trial(trial.study, trial.number));
  }

  async loadTrials(study: string, afterRevision: number): Promise<readonly FrozenTrial[]> {
    return this.#keeper.read((ledger) => ledger.trialsAfter(study, afterRevision));
  }

  async close(): Promise<void> {
    await this.#keeper.close();
  }

  async #write<T>(event: LedgerEvent, result: (ledger: Ledger) => T): Promise<T> {
    return (await this.#keeper.commit(() => event, result)) as T;
  }
}
