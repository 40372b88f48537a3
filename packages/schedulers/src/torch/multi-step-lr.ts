import { checkNonNegative, checkNonNegativeInteger } from '../option-check.ts';
import { LRScheduler } from './lr-scheduler.ts';
import type { ScheduledOptimizer } from './scheduled-optimizer.ts';

/** Options of {@link MultiStepLR}. */
export interface MultiStepLROptions {
  /** The epochs that multiply by `gamma`: integers ≥ 0 in any order. One that is given twice counts twice. */
  readonly milestones: readonly number[];
  /** The factor of a milestone, ≥ 0. Default 0.1. */
  readonly gamma?: number;
}

/**
 * Torch's `MultiStepLR`: η(t) = η₀ · γ^n, where n counts the milestones ≤ t; milestone 0 acts at once. As a schedule:
 * `multiStep`.
 *
 * @throws ScheduleError if an option is out of range
 * @example
 * ```ts
 * import { MultiStepLR } from '@nadir/schedulers';
 *
 * const group = { lr: 1 };
 * const optimizer = { paramGroups: [group] };
 * const scheduler = new MultiStepLR(optimizer, { milestones: [1, 30], gamma: 0.5 });
 * scheduler.step();
 * group.lr; // => 0.5
 * ```
 */
export class MultiStepLR extends LRScheduler {
  constructor(optimizer: ScheduledOptimizer, options: MultiStepLROptions) {
    const { gamma = 0.1 } = options;
    const milestones = [...options.milestones];
    milestones.forEach((milestone, i) =>
      checkNonNegativeInteger('MultiStepLR', `milestones[${i}]`, milestone),
    );
    checkNonNegative('MultiStepLR', 'gamma', gamma);
    super(optimizer, {
      name: 'MultiStepLR',
      config: { milestones, gamma },
      learningRate: (base, epoch) =>
        base * gamma ** milestones.filter((milestone) => milestone <= epoch).length,
    });
  }
}
