import { checkFraction, checkPositiveInteger } from './option-check.ts';
import { defineSchedule, type Schedule } from './schedule.ts';

/** Options of {@link linearWarmup}. */
export interface LinearWarmupOptions {
  /** Steps until the factor is 1, a positive integer. */
  readonly steps: number;
  /** The factor at step 0, in [0, 1]. Default 1 / (steps + 1). */
  readonly startFactor?: number;
}

/**
 * Warm-up: a straight line from `startFactor` at step 0 to 1 at step `steps`, then 1.
 *
 * The default start makes the line (t + 1) / (steps + 1): unlike a line from 0, it wastes no step on a learning rate of
 * zero. Follow it with another schedule by `join`.
 *
 * @throws ScheduleError if `steps` is not a positive integer or `startFactor` is outside [0, 1]
 * @example
 * ```ts
 * import { linearWarmup } from '@nadir/schedulers';
 *
 * const schedule = linearWarmup({ steps: 3 });
 * schedule(0); // => 0.25
 * schedule(1); // => 0.5
 * schedule(3); // => 1
 * ```
 */
export function linearWarmup(options: LinearWarmupOptions): Schedule {
  const { steps } = options;
  checkPositiveInteger('linearWarmup', 'steps', steps);
  const { startFactor = 1 / (steps + 1) } = options;
  checkFraction('linearWarmup', 'startFactor', startFactor);
  return defineSchedule('linearWarmup', { steps, startFactor }, (step) =>
    step >= steps ? 1 : startFactor + (1 - startFactor) * (step / steps),
  );
}
