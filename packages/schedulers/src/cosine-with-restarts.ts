import { checkFraction, checkPositiveInteger } from './option-check.ts';
import { defineSchedule, type Schedule } from './schedule.ts';

/** Options of {@link cosineWithRestarts}. */
export interface CosineWithRestartsOptions {
  /** Steps of the first period, a positive integer. */
  readonly period: number;
  /** How many times longer each period is than the one before, a positive integer. Default 1. */
  readonly periodMultiplier?: number;
  /** The factor that each period falls to, in [0, 1]. Default 0. */
  readonly minFactor?: number;
}

/** A period of {@link restartAt}: how far the step is into it, of how many. */
interface Period {
  readonly elapsed: number;
  readonly length: number;
}

/**
 * Cosine decay that starts again at 1 after every period; it has no end.
 *
 * Follows Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2016).
 *
 * @throws ScheduleError if a length is not a positive integer or `minFactor` is outside [0, 1]
 * @example
 * ```ts
 * import { cosineWithRestarts } from '@nadir/schedulers';
 *
 * const schedule = cosineWithRestarts({ period: 10, periodMultiplier: 2 });
 * schedule(10); // => 1
 * schedule(30); // => 1
 * ```
 */
export function cosineWithRestarts(options: CosineWithRestartsOptions): Schedule {
  const { period, periodMultiplier = 1, minFactor = 0 } = options;
  checkPositiveInteger('cosineWithRestarts', 'period', period);
  checkPositiveInteger('cosineWithRestarts', 'periodMultiplier', periodMultiplier);
  checkFraction('cosineWithRestarts', 'minFactor', minFactor);
  return defineSchedule('cosineWithRestarts', { period, periodMultiplier, minFactor }, (step) => {
    const { elapsed, length } = restartAt(step, period, periodMultiplier);
    return minFactor + ((1 - minFactor) * (1 + Math.cos((Math.PI * elapsed) / length))) / 2;
  });
}

// By subtraction rather than a logarithm, whose rounding would misplace steps at the restarts.
function restartAt(step: number, period: number, multiplier: number): Period {
  if (multiplier === 1) return { elapsed: step % period, length: period };
  let elapsed = step;
  let length = period;
  while (elapsed >= length) {
    elapsed -= length;
    length *= multiplier;
  }
  return { elapsed, length };
}
