import type { Distribution, ParamValue } from '../distribution.ts';
import { StorageError } from '../errors.ts';
import type { FrozenTrial, TrialError, TrialState } from '../frozen-trial.ts';
import type { JsonValue } from '../json.ts';
import type { Params } from '../space.ts';
import { misnumberedTrial, nameTaken, staleTrial, unknownStudy, unknownTrial } from './storage-errors.ts';
import type { ImportedTrial, NewStudy, NewTrial, StudyRecord, TrialChange, TrialOutcome } from './storage.ts';

/** A write: the unit that a journal keeps. Applying the same events in the same order gives the same ledger. */
export type LedgerEvent =
  | ({ readonly event: 'study' } & NewStudy)
  | { readonly event: 'restore'; readonly study: StudyRecord; readonly trials: readonly FrozenTrial[] }
  | { readonly event: 'record'; readonly study: string; readonly trial: FrozenTrial }
  | { readonly event: 'delete'; readonly study: string }
  | { readonly event: 'attribute'; readonly study: string; readonly key: string; readonly value: JsonValue }
  | ({ readonly event: 'trial'; readonly study: string; readonly number: number } & NewTrial)
  | { readonly event: 'import'; readonly study: string; readonly trials: readonly ImportedTrial[] }
  | {
      readonly event: 'claim';
      readonly study: string;
      readonly number: number;
      readonly sampler: string;
      readonly at: number;
    }
  | ({ readonly event: 'write'; readonly changes: readonly TrialChange[] } & TrialKey)
  | ({ readonly event: 'finish' } & TrialKey & TrialOutcome)
  | ({ readonly event: 'requeue' } & TrialKey);

interface TrialKey {
  readonly study: string;
  readonly number: number;
  readonly attempt: number;
}

interface TrialEntry {
  state: TrialState;
  attempt: number;
  values: readonly number[] | null;
  params: Record<string, ParamValue>;
  distributions: Record<string, Distribution>;
  readonly fixedParams: Params;
  proposal: Params;
  parent: number | null;
  intermediateValues: Record<number, number>;
  constraints: Record<string, number>;
  initialAttributes: Readonly<Record<string, JsonValue>>;
  userAttributes: Record<string, JsonValue>;
  sampler: string | null;
  error: TrialError | null;
  startedAt: number | null;
  finishedAt: number | null;
  asked: number | null;
  proposed: number | null;
  told: number | null;
  revision: number;
  /** Dropped by every change. */
  frozen: FrozenTrial | undefined;
}

interface StudyEntry {
  readonly study: NewStudy;
  userAttributes: Record<string, JsonValue>;
  revision: number;
  readonly trials: TrialEntry[];
}

/** Studies in memory, as a fold over events. `apply` throws before it changes anything. */
export class Ledger {
  readonly #studies: Map<string, StudyEntry> = new Map();

  study(name: string): StudyRecord | undefined {
    const entry = this.#studies.get(name);
    if (entry === undefined) return undefined;
    return { ...entry.study, userAttributes: { ...entry.userAttributes }, revision: entry.revision };
  }

  studyNames(): readonly string[] {
    return [...this.#studies.keys()];
  }

  trialCount(study: string): number {
    return this.#study(study).trials.length;
  }

  firstWaiting(study: string): number | undefined {
    const number = this.#study(study).trials.findIndex((trial) => trial.state === 'waiting');
    return number === -1 ? undefined : number;
  }

  trial(study: string, number: number): FrozenTrial {
    return freeze(this.#trial(study, number), number);
  }

  trialsAfter(study: string, revision: number): readonly FrozenTrial[] {
    const changed: FrozenTrial[] = [];
    for (const [number, trial] of this.#study(study).trials.entries()) {
      if (trial.revision > revision) changed.push(freeze(trial, number));
    }
    return changed;
  }

  apply(event: LedgerEvent): void {
    switch (event.event) {
      case 'study': {
        if (this.#studies.has(event.name)) throw nameTaken('createStudy()', event.name);
        const { name, directions, seed, createdAt } = event;
        const study = { name, directions: [...directions], seed, createdAt };
        this.#studies.set(name, { study, userAttributes: {}, revision: 0, trials: [] });
        return;
      }
      case 'restore':
        this.#restoreStudy(event.study, event.trials);
        return;
      case 'record':
        this.#restoreTrial(this.#study(event.study), event.trial);
        return;
      case 'delete':
        this.#study(event.study);
        this.#studies.delete(event.study);
        return;
      case 'attribute': {
        const study = this.#study(event.study);
        study.revision += 1;
        study.userAttributes[event.key] = event.value;
        return;
      }
      case 'trial':
        this.#createTrial(event);
        return;
      case 'import':
        for (const trial of event.trials) this.#importTrial(event.study, trial);
        return;
      case 'claim': {
        const trial = this.#trial(event.study, event.number);
        if (trial.state !== 'waiting') throw staleTrial('claimTrial()', event.number, 'waiting', trial);
        const revision = this.#touch(event.study, trial);
        trial.state = 'running';
        trial.asked ??= revision;
        trial.startedAt = event.at;
        trial.sampler = event.sampler;
        return;
      }
      case 'write': {
        const trial = this.#fenced('writeTrial()', event);
        const revision = this.#touch(event.study, trial);
        for (const change of event.changes) applyChange(trial, change, revision);
        return;
      }
      case 'finish': {
        const trial = this.#fenced('finishTrial()', event);
        trial.told = this.#touch(event.study, trial);
        trial.state = event.state;
        trial.values = event.values;
        trial.error = event.error;
        trial.finishedAt = event.at;
        return;
      }
      case 'requeue': {
        const trial = this.#fenced('requeueTrial()', event);
        this.#touch(event.study, trial);
        trial.state = 'waiting';
        trial.attempt += 1;
        trial.startedAt = null;
        trial.intermediateValues = {};
        trial.constraints = {};
        trial.userAttributes = { ...trial.initialAttributes };
        return;
      }
      default:
        throw new StorageError(
          `apply(): a known event, got ${JSON.stringify((event as { event: unknown }).event)}. ` +
            'A newer version of @nadir/tune may have written it.',
        );
    }
  }

  #createTrial(event: LedgerEvent & { readonly event: 'trial' }): void {
    const study = this.#study(event.study);
    if (event.number !== study.trials.length) {
      throw misnumberedTrial('createTrial()', event.study, study.trials.length, event.number);
    }
    study.revision += 1;
    const running = event.state === 'running';
    study.trials.push({
      ...blankTrial(event.userAttributes, study.revision),
      state: event.state,
      fixedParams: { ...event.fixedParams },
      sampler: event.sampler,
      startedAt: running ? event.at : null,
      asked: running ? study.revision : null,
    });
  }

  #importTrial(study: string, trial: ImportedTrial): void {
    const entry = this.#study(study);
    entry.revision += 1;
    entry.trials.push({
      ...blankTrial(trial.userAttributes, entry.revision),
      state: trial.state,
      values: trial.values,
      params: { ...trial.params } as Record<string, ParamValue>,
      distributions: { ...trial.distributions },
      intermediateValues: { ...trial.intermediateValues },
      constraints: { ...trial.constraints },
      sampler: trial.sampler,
      error: trial.error,
      startedAt: trial.startedAt,
      finishedAt: trial.finishedAt,
      asked: entry.revision,
      told: entry.revision,
    });
  }

  #restoreStudy(record: StudyRecord, trials: readonly FrozenTrial[]): void {
    const { name, directions, seed, createdAt, userAttributes, revision } = record;
    if (this.#studies.has(name)) throw nameTaken('restoreStudy()', name);
    const study = { name, directions: [...directions], seed, createdAt };
    const entry: StudyEntry = { study, userAttributes: { ...userAttributes }, revision, trials: [] };
    for (const trial of trials) this.#restoreTrial(entry, trial);
    this.#studies.set(name, entry);
  }

  #restoreTrial(entry: StudyEntry, { number, value: _value, ...trial }: FrozenTrial): void {
    const next = entry.trials.length;
    if (number !== next) throw misnumberedTrial('restoreStudy()', entry.study.name, next, number);
    // A study that went on while it was read has trials that are newer than its own record.
    entry.revision = Math.max(entry.revision, trial.revision);
    entry.trials.push({
      ...trial,
      params: { ...trial.params } as Record<string, ParamValue>,
      distributions: { ...trial.distributions },
      intermediateValues: { ...trial.intermediateValues },
      constraints: { ...trial.constraints },
      initialAttributes: { ...trial.userAttributes },
      userAttributes: { ...trial.userAttributes },
      frozen: undefined,
    });
  }

  #study(name: string): StudyEntry {
    const study = this.#studies.get(name);
    if (study === undefined) throw unknownStudy(name, this.studyNames());
    return study;
  }

  #trial(study: string, number: number): TrialEntry {
    const { trials } = this.#study(study);
    const trial = trials[number];
    if (trial === undefined) throw unknownTrial(study, number, trials.length);
    return trial;
  }

  #fenced(caller: string, { study, number, attempt }: TrialKey): TrialEntry {
    const trial = this.#trial(study, number);
    if (trial.state !== 'running' || trial.attempt !== attempt) {
      throw staleTrial(caller, number, `running in attempt ${attempt}`, trial);
    }
    return trial;
  }

  #touch(study: string, trial: TrialEntry): number {
    const entry = this.#study(study);
    entry.revision += 1;
    trial.revision = entry.revision;
    trial.frozen = undefined;
    return entry.revision;
  }
}

function blankTrial(attributes: Readonly<Record<string, JsonValue>>, revision: number): TrialEntry {
  return {
    state: 'waiting',
    attempt: 1,
    values: null,
    params: {},
    distributions: {},
    fixedParams: {},
    proposal: {},
    parent: null,
    intermediateValues: {},
    constraints: {},
    initialAttributes: { ...attributes },
    userAttributes: { ...attributes },
    sampler: null,
    error: null,
    startedAt: null,
    finishedAt: null,
    asked: null,
    proposed: null,
    told: null,
    revision,
    frozen: undefined,
  };
}

function applyChange(trial: TrialEntry, change: TrialChange, revision: number): void {
  if (change.type === 'param') {
    trial.params[change.name] = change.value;
    trial.distributions[change.name] = change.distribution;
  } else if (change.type === 'proposal') {
    trial.proposal = change.params;
    trial.parent = change.parent;
    trial.proposed ??= revision;
  } else if (change.type === 'constraint') {
    trial.constraints[change.name] = change.value;
  } else if (change.type === 'report') {
    trial.intermediateValues[change.step] = change.value;
  } else {
    trial.userAttributes[change.key] = change.value;
  }
}

function freeze(trial: TrialEntry, number: number): FrozenTrial {
  if (trial.frozen === undefined) {
    const { initialAttributes: _initial, frozen: _frozen, ...record } = trial;
    trial.frozen = {
      ...record,
      number,
      value: trial.values?.[0] ?? null,
      params: { ...trial.params },
      distributions: { ...trial.distributions },
      intermediateValues: { ...trial.intermediateValues },
      constraints: { ...trial.constraints },
      userAttributes: { ...trial.userAttributes },
    };
  }
  return trial.frozen;
}
