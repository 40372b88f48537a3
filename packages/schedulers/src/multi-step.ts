import { checkIncreasing, checkPositive } from './option-check.ts';
import { defineSchedule, type Schedule } from './schedule.ts';

/** Options of {@link multiStep}. */
export interface MultiStepOptions {
  /** The steps that multiply by `gamma`: increasing integers ≥ 0. */
  readonly milestones: readonly number[];
  /** The factor of one milestone, > 0. Default 0.1. */
  readonly gamma?: number;
}

/**
 * Drops at given steps: γ^n, where n counts the milestones ≤ t. A milestone at 0 acts from the start.
 *
 * @throws ScheduleError if the milestones are not increasing integers ≥ 0, or `gamma` is not positive
 * @example
 * ```ts
 * import { multiStep } from '@nadir/schedulers';
 *
 * const schedule = multiStep({ milestones: [30, 60], gamma: 0.5 });
 * schedule(29); // => 1
 * schedule(60); // => 0.25
 * ```
 */
export function multiStep(options: MultiStepOptions): Schedule {
  const { milestones, gamma = 0.1 } = options;
  checkIncreasing('multiStep', 'milestones', milestones);
  checkPositive('multiStep', 'gamma', gamma);
  const reached = [...milestones];
  return defineSchedule(
    'multiStep',
    { milestones, gamma },
    (step) => gamma ** reached.filter((milestone) => milestone <= step).length,
  );
}
