import { checkDecayRate, checkPositiveInteger } from './option-check.ts';
import { defineSchedule, type Schedule } from './schedule.ts';

/** Options of {@link stepDecay}. */
export interface StepDecayOptions {
  /** The factor that each whole `stepSize` multiplies by, in (0, 1]. Default 0.5. */
  readonly gamma?: number;
  /** Steps from one drop to the next, a positive integer. Default 1. */
  readonly stepSize?: number;
}

/**
 * A staircase: γ^⌊t / stepSize⌋.
 *
 * @throws ScheduleError if `gamma` is outside (0, 1] or `stepSize` is not a positive integer
 * @example
 * ```ts
 * import { stepDecay } from '@nadir/schedulers';
 *
 * stepDecay({ gamma: 0.5, stepSize: 10 })(25); // => 0.25
 * ```
 */
export function stepDecay(options: StepDecayOptions = {}): Schedule {
  const { gamma = 0.5, stepSize = 1 } = options;
  checkDecayRate('stepDecay', 'gamma', gamma);
  checkPositiveInteger('stepDecay', 'stepSize', stepSize);
  return defineSchedule('stepDecay', { gamma, stepSize }, (step) => gamma ** Math.floor(step / stepSize));
}
