import { checkFraction, checkPositiveInteger } from './option-check.ts';
import { defineSchedule, type Schedule } from './schedule.ts';

/** Options of {@link cosineDecay}. */
export interface CosineDecayOptions {
  /** Steps from factor 1 to `minFactor`, a positive integer. */
  readonly steps: number;
  /** The factor from step `steps` on, in [0, 1]. Default 0. */
  readonly minFactor?: number;
}

/**
 * Half a cosine from 1 to `minFactor` m over T steps, then m: m + (1 − m)(1 + cos(π t / T)) / 2.
 *
 * It stays at its minimum after its end, where torch's `CosineAnnealingLR` rises again.
 * Follows Loshchilov and Hutter, "SGDR" (2016), without restarts.
 *
 * @throws ScheduleError if `steps` is not a positive integer or `minFactor` is outside [0, 1]
 * @example
 * ```ts
 * import { cosineDecay } from '@nadir/schedulers';
 *
 * const schedule = cosineDecay({ steps: 100, minFactor: 0.1 });
 * schedule(0); // => 1
 * schedule(500); // => 0.1
 * ```
 */
export function cosineDecay(options: CosineDecayOptions): Schedule {
  const { steps, minFactor = 0 } = options;
  checkPositiveInteger('cosineDecay', 'steps', steps);
  checkFraction('cosineDecay', 'minFactor', minFactor);
  return defineSchedule('cosineDecay', { steps, minFactor }, (step) =>
    step >= steps ? minFactor : minFactor + ((1 - minFactor) * (1 + Math.cos((Math.PI * step) / steps))) / 2,
  );
}
