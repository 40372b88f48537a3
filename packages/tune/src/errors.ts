/**
 * The base of every error that `@nadir/tune` throws by itself. The message names the call, what it requires
 * and what it got.
 */
export class StudyError extends Error {
  override readonly name: string = 'StudyError';
}

/** A parameter's range, choices or value makes no sense, or contradicts an earlier suggestion of that name. */
export class DistributionError extends StudyError {
  override readonly name: string = 'DistributionError';
}

/** A study could not be read or written; `cause` holds the underlying error where there is one. */
export class StorageError extends StudyError {
  override readonly name: string = 'StorageError';
}

/** A write came from an attempt that no longer owns its trial: it was finished, or taken over by a later attempt. */
export class StaleTrialError extends StorageError {
  override readonly name: string = 'StaleTrialError';
}

/** The sampler has nothing left to propose; `study.optimize` stops on it with the reason `'exhausted'`. */
export class SearchExhaustedError extends StudyError {
  override readonly name: string = 'SearchExhaustedError';
}

/**
 * Throw this from an objective to end the trial as pruned; its last reported value becomes its value.
 *
 * @example
 * ```ts
 * import { createStudy, TrialPruned } from '@nadir/tune';
 *
 * const study = await createStudy();
 * await study.optimize(
 *   (trial) => {
 *     trial.report(0.5, 0);
 *     throw new TrialPruned();
 *   },
 *   { trials: 1 },
 * );
 * study.trials[0]?.state === 'pruned'; // => true
 * ```
 */
export class TrialPruned extends Error {
  override readonly name: string = 'TrialPruned';

  constructor(message: string = 'The trial was pruned.') {
    super(message);
  }
}

/** By name, so that a second copy of the package in one program is understood too. */
export function isTrialPruned(error: unknown): boolean {
  return error instanceof Error && error.name === 'TrialPruned';
}

/** A value as it reads in an error message: strings quoted, `-0` and `NaN` as themselves. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return value.constructor === Object || value.constructor === undefined
      ? JSON.stringify(value)
      : `a ${value.constructor.name}`;
  }
  return typeof value === 'function' ? 'a function' : String(value);
}
