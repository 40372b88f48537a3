import type { Distribution } from './distribution.ts';
import type { JsonValue } from './json.ts';
import type { Params } from './space.ts';

/** Which way an objective improves. */
export type Direction = 'minimize' | 'maximize';

/** Where a trial stands. `waiting` trials were enqueued, or requeued after an interruption. */
export type TrialState = 'waiting' | 'running' | 'complete' | 'pruned' | 'failed';

/** The states that a trial ends in. */
export type FinalState = 'complete' | 'pruned' | 'failed';

/** Why a trial failed: what the objective threw. */
export interface TrialError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

/** A trial as it was at one moment: plain data that never changes. Times are milliseconds since 1970. */
export interface FrozenTrial<P = Params> {
  /** Consecutive from 0 within the study. */
  readonly number: number;
  readonly state: TrialState;
  /** 1 at first, one more whenever an interrupted trial is run again; the fence of every write. */
  readonly attempt: number;
  /** The first objective value; for a pruned trial its last reported value; null if there is none. */
  readonly value: number | null;
  /** One value an objective. */
  readonly values: readonly number[] | null;
  /** The values suggested so far. */
  readonly params: P;
  /** The distribution of each of `params`. */
  readonly distributions: Readonly<Record<string, Distribution>>;
  /** The values that `study.enqueue` fixed. */
  readonly fixedParams: Params;
  /** What was settled when the trial was asked for: a declared space, or the sampler's joint proposal. */
  readonly proposal: Params;
  /** The number of the trial whose work this one goes on with, as in population based training; else null. */
  readonly parent: number | null;
  /** What `trial.report` was given, by step. */
  readonly intermediateValues: Readonly<Record<number, number>>;
  /** What `trial.setConstraint` was given, by name: met where it is at most 0. */
  readonly constraints: Readonly<Record<string, number>>;
  readonly userAttributes: Readonly<Record<string, JsonValue>>;
  /** The name of the sampler that was asked; null while the trial waits. */
  readonly sampler: string | null;
  readonly error: TrialError | null;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** The study's revision when the trial was first asked for; null before. Survives a requeue. */
  readonly asked: number | null;
  /** The study's revision when `proposal` was written; null before. */
  readonly proposed: number | null;
  /** The study's revision when the trial ended; null before. */
  readonly told: number | null;
  /** The study's revision at the last change. Revisions count the writes to a study. */
  readonly revision: number;
}

/** Whether the trial has ended. */
export function isFinished(trial: Pick<FrozenTrial, 'state'>): boolean {
  return trial.state === 'complete' || trial.state === 'pruned' || trial.state === 'failed';
}

/** Whether no constraint of the trial is broken. One that is NaN is. */
export function isFeasible(trial: Pick<FrozenTrial, 'constraints'>): boolean {
  return Object.values(trial.constraints).every((value) => value <= 0);
}

/** The largest step that was reported, if any. */
export function lastStep(intermediateValues: Readonly<Record<number, number>>): number | undefined {
  let last: number | undefined;
  for (const key of Object.keys(intermediateValues)) {
    const step = Number(key);
    if (last === undefined || step > last) last = step;
  }
  return last;
}

/**
 * The study as it stood when revision `asked` asked for a trial: the trials asked for earlier, ascending by number.
 * Those that had not ended are running, and show what was settled about them by then: enqueued values and proposals,
 * but no distributions, and nothing that depends on how far their objectives had come.
 * A sampler that sees nothing else proposes the same again when an interrupted trial is asked for once more, and when
 * a study is run again with the same order of completion.
 */
export function historyBefore(trials: readonly FrozenTrial[], asked: number): readonly FrozenTrial[] {
  const history: FrozenTrial[] = [];
  for (const trial of trials) {
    if (trial.asked === null || trial.asked >= asked) continue;
    if (trial.told !== null && trial.told < asked) {
      history.push(trial);
    } else {
      const isSettled = trial.proposed !== null && trial.proposed < asked;
      history.push({
        ...trial,
        state: 'running',
        params: { ...trial.fixedParams, ...(isSettled ? trial.proposal : {}) },
        parent: isSettled ? trial.parent : null,
        distributions: {},
        value: null,
        values: null,
        error: null,
        finishedAt: null,
        told: null,
        intermediateValues: {},
        constraints: {},
        userAttributes: {},
      });
    }
  }
  return history;
}
