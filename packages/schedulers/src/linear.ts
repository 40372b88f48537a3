import { checkNonNegative, checkPositiveInteger } from './option-check.ts';
import { defineSchedule, type Schedule } from './schedule.ts';

/** Options of {@link linear}. */
export interface LinearOptions {
  /** Steps from the first factor to the last, a positive integer. */
  readonly steps: number;
  /** The factor at step 0, ≥ 0. Default 1. */
  readonly startFactor?: number;
  /** The factor from step `steps` on, ≥ 0. Default 0. */
  readonly endFactor?: number;
}

/**
 * A straight line from `startFactor` to `endFactor` over `steps` steps, then `endFactor`.
 *
 * @throws ScheduleError if `steps` is not a positive integer or a factor is negative
 * @example
 * ```ts
 * import { linear } from '@nadir/schedulers';
 *
 * linear({ steps: 100 })(25); // => 0.75
 * ```
 */
export function linear(options: LinearOptions): Schedule {
  const { steps, startFactor = 1, endFactor = 0 } = options;
  checkPositiveInteger('linear', 'steps', steps);
  checkNonNegative('linear', 'startFactor', startFactor);
  checkNonNegative('linear', 'endFactor', endFactor);
  return defineSchedule('linear', { steps, startFactor, endFactor }, (step) =>
    step >= steps ? endFactor : startFactor + (endFactor - startFactor) * (step / steps),
  );
}
