import { secondsOf } from './duration.ts';
import type { Duration } from './duration.ts';
import { isTrialPruned, SearchExhaustedError, StudyError, show } from './errors.ts';
import { yieldToEventLoop } from './event-loop.ts';
import type { FrozenTrial } from './frozen-trial.ts';
import type { Params } from './space.ts';
import type { Trial } from './trial.ts';

/** One value, or one for each direction of the study. */
export type ObjectiveResult = number | readonly number[];

/** What is optimized: the value or values for a trial's parameters, at once or later. */
export type Objective<P = Params> = (trial: Trial<P>) => ObjectiveResult | Promise<ObjectiveResult>;

/** An observer of `study.optimize`. What it throws ends the run. */
export interface StudyCallback<P = Params> {
  /** After a trial was asked for, before its objective runs. */
  readonly onTrialStart?: (trial: Trial<P>) => void | Promise<void>;
  /** On each `trial.report`. */
  readonly onReport?: (trial: Trial<P>, report: { readonly step: number; readonly value: number }) => void;
  /** After a trial has ended, or was requeued (state `waiting`), and is stored. The place for `study.stop()`. */
  readonly onTrialEnd?: (trial: FrozenTrial<P>) => void | Promise<void>;
}

/** A class of errors, as `TypeError`. */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** Options of `study.optimize`. Without `trials`, `timeout` or `signal` it runs until it is stopped or exhausted. */
export interface OptimizeOptions<P = Params> {
  /** How many trials to run in this call, those enqueued or requeued included. */
  readonly trials?: number | undefined;
  /** No trial starts after this long: seconds, or `'120s'`, `'2m'`. Running trials finish. */
  readonly timeout?: Duration | undefined;
  /**
   * No trial starts once it is aborted. Running trials see it as `trial.signal`: one that throws then is requeued,
   * one that returns is complete. The call resolves with the reason `'aborted'`; it does not reject.
   */
  readonly signal?: AbortSignal | undefined;
  readonly callbacks?: readonly StudyCallback<P>[] | undefined;
  /**
   * `trial.signal` is aborted after this long with a `TimeoutError`; an objective that then throws has failed. One that
   * does not look at the signal runs on.
   */
  readonly trialTimeout?: Duration | undefined;
  /** How many trials may run at a time within this process. Default 1. */
  readonly concurrency?: number | undefined;
  /**
   * How often a trial whose objective throws is run again, with the same parameters, before it counts as failed; the
   * attempts of a trial that was interrupted count too. Runs of that kind do not count towards `trials`. Default 0.
   */
  readonly retries?: number | undefined;
  /**
   * Which errors of the objective are only recorded, as a failed trial. Default true: all of them. With false (Optuna's
   * default), a list of error classes, or a predicate, any other error ends the run: it is recorded, trials already
   * running finish, and `optimize` rejects with it.
   */
  readonly catch?: boolean | readonly ErrorClass[] | ((error: unknown) => boolean) | undefined;
}

/** Why a run ended. */
export type StopReason = 'trials' | 'timeout' | 'aborted' | 'stopped' | 'exhausted';

/** What `study.optimize` resolves to. */
export interface OptimizeResult {
  readonly reason: StopReason;
  /** How many trials were run, whatever their end. */
  readonly trials: number;
}

/** What a run needs of its study. */
export interface OptimizePort<P> {
  ask(
    signal: AbortSignal,
    onReport: (trial: Trial<P>, step: number, value: number) => void,
  ): Promise<Trial<P>>;
  complete(trial: Trial<P>, value: unknown): Promise<FrozenTrial<P>>;
  prune(trial: Trial<P>): Promise<FrozenTrial<P>>;
  fail(trial: Trial<P>, error: unknown): Promise<FrozenTrial<P>>;
  requeue(trial: Trial<P>): Promise<FrozenTrial<P>>;
  isStopped(): boolean;
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

export async function runTrials<P>(
  port: OptimizePort<P>,
  objective: Objective<P>,
  options: OptimizeOptions<P>,
): Promise<OptimizeResult> {
  const { trials = Infinity, timeout, trialTimeout, callbacks = [], concurrency = 1, retries = 0 } = options;
  if (typeof objective !== 'function') {
    throw new StudyError(`optimize(): an objective function, got ${show(objective)}.`);
  }
  if (trials !== Infinity && !(Number.isSafeInteger(trials) && trials >= 0)) {
    throw new StudyError(`optimize(): trials is a whole number >= 0, got ${show(trials)}.`);
  }
  if (!(Number.isSafeInteger(concurrency) && concurrency >= 1)) {
    throw new StudyError(`optimize(): concurrency is a whole number >= 1, got ${show(concurrency)}.`);
  }
  if (!(Number.isSafeInteger(retries) && retries >= 0)) {
    throw new StudyError(`optimize(): retries is a whole number >= 0, got ${show(retries)}.`);
  }
  const trialSeconds =
    trialTimeout === undefined ? Infinity : secondsOf('optimize(): trialTimeout', trialTimeout);
  const seconds = timeout === undefined ? Infinity : secondsOf('optimize(): timeout', timeout);
  const deadline = performance.now() + seconds * 1000;
  const signal = options.signal ?? new AbortController().signal;
  const isCaught = makeIsCaught(options.catch ?? true);

  let started = 0;
  let reason: StopReason | undefined;
  let failure: { readonly error: unknown } | undefined;

  // Callbacks run inside the objective's report; their errors are not the objective's.
  const onReport = (trial: Trial<P>, step: number, value: number): void => {
    try {
      for (const callback of callbacks) callback.onReport?.(trial, { step, value });
    } catch (error) {
      failure ??= { error };
    }
  };

  const next = async (): Promise<Trial<P> | undefined> => {
    if (failure !== undefined || reason !== undefined) return undefined;
    if (signal.aborted) reason = 'aborted';
    else if (port.isStopped()) reason = 'stopped';
    else if (started >= trials) reason = 'trials';
    else if (performance.now() >= deadline) reason = 'timeout';
    if (reason !== undefined) return undefined;
    let trial: Trial<P>;
    try {
      trial = await port.ask(signal, onReport);
    } catch (error) {
      if (!(error instanceof SearchExhaustedError)) throw error;
      reason = 'exhausted';
      return undefined;
    }
    started += 1;
    try {
      for (const callback of callbacks) await callback.onTrialStart?.(trial);
    } catch (error) {
      await port.requeue(trial);
      throw error;
    }
    return trial;
  };

  const finish = async (trial: Trial<P>, outcome: Outcome): Promise<void> => {
    let ended: FrozenTrial<P>;
    if ('value' in outcome) ended = await port.complete(trial, outcome.value);
    else if (isTrialPruned(outcome.error)) ended = await port.prune(trial);
    else if (signal.aborted) ended = await port.requeue(trial);
    else if (trial.attempt <= retries) {
      ended = await port.requeue(trial);
      started -= 1;
    } else {
      ended = await port.fail(trial, outcome.error);
      if (!isCaught(outcome.error)) failure ??= { error: outcome.error };
    }
    for (const callback of callbacks) await callback.onTrialEnd?.(ended);
  };

  // One turn at a time, in the order in which objectives settle: a trial is told and the next one asked for with
  // nothing in between, so that the order of completion alone decides what every trial has seen.
  let turns: Promise<unknown> = Promise.resolve();
  const takeTurn = <T>(turn: () => Promise<T>): Promise<T> => {
    const result = turns.then(turn);
    turns = result.catch(() => {});
    return result;
  };

  const work = async (): Promise<void> => {
    try {
      let trial = await takeTurn(next);
      while (trial !== undefined) {
        const current: Trial<P> = trial;
        await yieldToEventLoop();
        const outcome = await settle(objective, current, trialSeconds);
        trial = await takeTurn(async () => {
          await finish(current, outcome);
          return next();
        });
      }
    } catch (error) {
      failure ??= { error };
    }
  };

  await Promise.all(Array.from({ length: Math.min(concurrency, trials) }, work));
  if (failure !== undefined) throw failure.error;
  return { reason: reason ?? 'trials', trials: started };
}

async function settle<P>(objective: Objective<P>, trial: Trial<P>, seconds: number): Promise<Outcome> {
  const stopClock = trial.limitTime(seconds);
  try {
    return { value: await objective(trial) };
  } catch (error) {
    return { error };
  } finally {
    stopClock();
  }
}

function makeIsCaught(rule: NonNullable<OptimizeOptions['catch']>): (error: unknown) => boolean {
  if (typeof rule === 'boolean') return () => rule;
  if (typeof rule === 'function') return rule;
  return (error) => rule.some((errorClass) => error instanceof errorClass);
}
