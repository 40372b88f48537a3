import type { Distribution, ParamValue } from '../distribution.ts';
import type { Direction, FinalState, FrozenTrial, TrialError } from '../frozen-trial.ts';
import type { JsonValue } from '../json.ts';
import type { Params } from '../space.ts';

/** What a study is created from. */
export interface NewStudy {
  readonly name: string;
  /** One direction an objective. */
  readonly directions: readonly Direction[];
  /** A non-negative safe integer: the key of all randomness of the study. */
  readonly seed: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** A study without its trials. */
export interface StudyRecord extends NewStudy {
  readonly userAttributes: Readonly<Record<string, JsonValue>>;
  /** The number of writes to the study and its trials so far. */
  readonly revision: number;
}

/** What a trial is created from. */
export interface NewTrial {
  /** `running` starts the trial at once, `waiting` enqueues it. */
  readonly state: 'running' | 'waiting';
  readonly fixedParams: Params;
  readonly userAttributes: Readonly<Record<string, JsonValue>>;
  /** The name of the sampler; null for a waiting trial. */
  readonly sampler: string | null;
  readonly at: number;
}

/** A trial that has ended, taken over from elsewhere. */
export type ImportedTrial = Pick<
  FrozenTrial,
  | 'values'
  | 'params'
  | 'distributions'
  | 'intermediateValues'
  | 'constraints'
  | 'userAttributes'
  | 'sampler'
  | 'error'
  | 'startedAt'
  | 'finishedAt'
> & { readonly state: FinalState };

/** What an import takes of an ended trial: all but its place in its study. */
export function asImported(trial: FrozenTrial | ImportedTrial): ImportedTrial {
  const { values, params, distributions, intermediateValues, constraints } = trial;
  const { userAttributes, sampler, error, startedAt, finishedAt } = trial;
  return {
    state: trial.state as FinalState,
    values,
    params,
    distributions,
    intermediateValues,
    constraints,
    userAttributes,
    sampler,
    error,
    startedAt,
    finishedAt,
  };
}

/** One attempt at one trial. */
export interface TrialRef {
  readonly study: string;
  readonly number: number;
  readonly attempt: number;
}

/** A write to a running trial. */
export type TrialChange =
  | {
      readonly type: 'param';
      readonly name: string;
      readonly value: ParamValue;
      readonly distribution: Distribution;
    }
  /** `parent` is null where the trial goes on with no other's work. */
  | { readonly type: 'proposal'; readonly params: Params; readonly parent: number | null }
  | { readonly type: 'constraint'; readonly name: string; readonly value: number }
  | { readonly type: 'report'; readonly step: number; readonly value: number }
  | { readonly type: 'attribute'; readonly key: string; readonly value: JsonValue };

/** How a trial ends. */
export interface TrialOutcome {
  readonly state: FinalState;
  readonly values: readonly number[] | null;
  readonly error: TrialError | null;
  readonly at: number;
}

/**
 * Where studies live. Every method is one atomic step: a rejected call has changed nothing, a fulfilled one
 * survives a crash of the process.
 *
 * - Each write to a study or its trials takes the study's next revision. Creating a trial as running and the first
 *   claim set `asked`, the first proposal sets `proposed`, finishing sets `told`.
 * - An imported trial takes one revision, which is its `asked` and its `told`; it has had one attempt, no proposal,
 *   no parent and no fixed parameters.
 * - `writeTrial`, `finishTrial` and `requeueTrial` are fenced: they reject with a `StaleTrialError` unless the trial
 *   is running in exactly that attempt.
 * - Records handed out never change; a later read hands out new ones.
 * - An unknown study or trial is a `StorageError`.
 */
export interface StudyStorage {
  /** Rejects with a `StorageError` if the name is taken. */
  createStudy(study: NewStudy): Promise<StudyRecord>;
  /**
   * Adds a whole study as it was in another storage, its trials with their numbers, attempts and revisions.
   * Rejects with a `StorageError` if the name is taken.
   */
  restoreStudy(study: StudyRecord, trials: readonly FrozenTrial[]): Promise<StudyRecord>;
  loadStudy(name: string): Promise<StudyRecord | undefined>;
  listStudies(): Promise<readonly StudyRecord[]>;
  deleteStudy(name: string): Promise<void>;
  setStudyAttribute(study: string, key: string, value: JsonValue): Promise<void>;
  /** Gives the trial the next number. */
  createTrial(study: string, trial: NewTrial): Promise<FrozenTrial>;
  /** Starts the waiting trial with the lowest number; undefined when none waits. */
  claimTrial(
    study: string,
    claim: { readonly sampler: string; readonly at: number },
  ): Promise<FrozenTrial | undefined>;
  writeTrial(trial: TrialRef, changes: readonly TrialChange[]): Promise<void>;
  finishTrial(trial: TrialRef, outcome: TrialOutcome): Promise<FrozenTrial>;
  /** Adds trials that have ended, all or none of them, in their order. */
  importTrials(study: string, trials: readonly ImportedTrial[]): Promise<readonly FrozenTrial[]>;
  /**
   * Lets a running trial wait again with the next attempt: its parameters, proposal and parent stay, its reports,
   * constraints and attributes go.
   */
  requeueTrial(trial: TrialRef): Promise<FrozenTrial>;
  /** The trials that changed after a revision (0: all of them), ascending by number. */
  loadTrials(study: string, afterRevision: number): Promise<readonly FrozenTrial[]>;
  /** Waits for what is being written and releases what is held. */
  close(): Promise<void>;
}
