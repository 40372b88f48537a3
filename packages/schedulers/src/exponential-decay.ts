import { checkDecayRate, checkPositive } from './option-check.ts';
import { defineSchedule, type Schedule } from './schedule.ts';

/** Options of {@link exponentialDecay}. */
export interface ExponentialDecayOptions {
  /** The factor that `every` steps multiply by, in (0, 1]. Default 0.99. */
  readonly gamma?: number;
  /** How many steps one factor of `gamma` takes, > 0; spread evenly over them. Default 1. */
  readonly every?: number;
}

/**
 * Exponential decay: γ^(t / every).
 *
 * @throws ScheduleError if `gamma` is outside (0, 1] or `every` is not positive
 * @example
 * ```ts
 * import { exponentialDecay } from '@nadir/schedulers';
 *
 * exponentialDecay({ gamma: 0.5 })(3); // => 0.125
 * ```
 */
export function exponentialDecay(options: ExponentialDecayOptions = {}): Schedule {
  const { gamma = 0.99, every = 1 } = options;
  checkDecayRate('exponentialDecay', 'gamma', gamma);
  checkPositive('exponentialDecay', 'every', every);
  return defineSchedule('exponentialDecay', { gamma, every }, (step) => gamma ** (step / every));
}
