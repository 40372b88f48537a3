import { checkNonNegative } from './option-check.ts';
import { defineSchedule, type Schedule } from './schedule.ts';

/** Options of {@link constant}. */
export interface ConstantOptions {
  /** The factor at every step, ≥ 0. Default 1. */
  readonly factor?: number;
}

/**
 * The same factor at every step.
 *
 * @throws ScheduleError if `factor` is negative or not finite
 * @example
 * ```ts
 * import { constant } from '@nadir/schedulers';
 *
 * constant({ factor: 0.5 })(1000); // => 0.5
 * ```
 */
export function constant(options: ConstantOptions = {}): Schedule {
  const { factor = 1 } = options;
  checkNonNegative('constant', 'factor', factor);
  return defineSchedule('constant', { factor }, () => factor);
}
