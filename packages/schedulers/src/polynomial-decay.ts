import { checkFraction, checkPositive, checkPositiveInteger } from './option-check.ts';
import { defineSchedule, type Schedule } from './schedule.ts';

/** Options of {@link polynomialDecay}. */
export interface PolynomialDecayOptions {
  /** Steps from factor 1 to `endFactor`, a positive integer. */
  readonly steps: number;
  /** The exponent, > 0; 1 is a straight line. Default 1. */
  readonly power?: number;
  /** The factor from step `steps` on, in [0, 1]. Default 0. */
  readonly endFactor?: number;
}

/**
 * A power of the remaining fraction, from 1 to `endFactor` e over T steps, then e: e + (1 − e)(1 − t / T)^power.
 *
 * @throws ScheduleError if `steps` is not a positive integer, `power` is not positive or `endFactor` is outside [0, 1]
 * @example
 * ```ts
 * import { polynomialDecay } from '@nadir/schedulers';
 *
 * polynomialDecay({ steps: 100, power: 2 })(50); // => 0.25
 * ```
 */
export function polynomialDecay(options: PolynomialDecayOptions): Schedule {
  const { steps, power = 1, endFactor = 0 } = options;
  checkPositiveInteger('polynomialDecay', 'steps', steps);
  checkPositive('polynomialDecay', 'power', power);
  checkFraction('polynomialDecay', 'endFactor', endFactor);
  return defineSchedule('polynomialDecay', { steps, power, endFactor }, (step) =>
    step >= steps ? endFactor : endFactor + (1 - endFactor) * (1 - step / steps) ** power,
  );
}
