import { phaseEnds, phaseValue, type Anneal } from './one-cycle-phases.ts';
import { checkFraction, checkOneOf, checkPositive, checkPositiveInteger } from './option-check.ts';
import { defineSchedule, type Schedule } from './schedule.ts';

/** Options of {@link oneCycle}. */
export interface OneCycleOptions {
  /** Steps of the whole cycle, a positive integer: the last one is step `steps` − 1. */
  readonly steps: number;
  /** The part of the cycle that rises, in [0, 1]. Default 0.3. */
  readonly riseFraction?: number;
  /** The first factor is 1 / `divFactor`, > 0. Default 25. */
  readonly divFactor?: number;
  /** The last factor is the first one divided by this, > 0. Default 1e4. */
  readonly finalDivFactor?: number;
  /** The shape of rise and fall. Default 'cosine'. */
  readonly anneal?: Anneal;
  /** Whether the rise is mirrored before the last fall, as in the paper. Default false. */
  readonly threePhase?: boolean;
}

/**
 * One cycle: from 1 / `divFactor` up to 1, then down to a far smaller factor, where it stays. The base learning rate is
 * the peak.
 *
 * Follows Smith and Topin, "Super-convergence" (2017), with the phases and defaults of torch's `OneCycleLR`.
 *
 * @throws ScheduleError if `steps` is not a positive integer or another option is out of range
 * @example
 * ```ts
 * import { oneCycle } from '@nadir/schedulers';
 *
 * const schedule = oneCycle({ steps: 100 });
 * schedule(0); // => 0.04
 * schedule(29); // => 1
 * ```
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  const {
    steps,
    riseFraction = 0.3,
    divFactor = 25,
    finalDivFactor = 1e4,
    anneal = 'cosine',
    threePhase = false,
  } = options;
  checkPositiveInteger('oneCycle', 'steps', steps);
  checkFraction('oneCycle', 'riseFraction', riseFraction);
  checkPositive('oneCycle', 'divFactor', divFactor);
  checkPositive('oneCycle', 'finalDivFactor', finalDivFactor);
  checkOneOf('oneCycle', 'anneal', anneal, ['cosine', 'linear']);
  const ends = phaseEnds(steps, riseFraction, threePhase);
  const start = 1 / divFactor;
  const end = start / finalDivFactor;
  const knots = threePhase ? [start, 1, start, end] : [start, 1, end];
  return defineSchedule(
    'oneCycle',
    { steps, riseFraction, divFactor, finalDivFactor, anneal, threePhase },
    (step) => phaseValue(step, ends, knots, anneal),
  );
}
