import { checkPositive } from './option-check.ts';
import { defineSchedule, type Schedule } from './schedule.ts';

/** Options of {@link inverseSqrt}. */
export interface InverseSqrtOptions {
  /** The step τ at which the factor has fallen to 1/√2, > 0. */
  readonly timescale: number;
}

/**
 * Inverse square root decay from 1: 1 / √(1 + t / τ).
 *
 * The decay of "Attention is all you need" (2017) after w steps of warm-up is
 * `join([linearWarmup({ steps: w }), inverseSqrt({ timescale: w })], [w])`.
 *
 * @throws ScheduleError if `timescale` is not positive
 * @example
 * ```ts
 * import { inverseSqrt } from '@nadir/schedulers';
 *
 * inverseSqrt({ timescale: 100 })(300); // => 0.5
 * ```
 */
export function inverseSqrt(options: InverseSqrtOptions): Schedule {
  const { timescale } = options;
  checkPositive('inverseSqrt', 'timescale', timescale);
  return defineSchedule('inverseSqrt', { timescale }, (step) => 1 / Math.sqrt(1 + step / timescale));
}
