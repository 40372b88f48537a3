import { checkNonNegative, checkPositiveInteger } from '../option-check.ts';
import { LRScheduler } from './lr-scheduler.ts';
import type { ScheduledOptimizer } from './scheduled-optimizer.ts';

/** Options of {@link StepLR}. */
export interface StepLROptions {
  /** Epochs from one drop to the next, a positive integer. */
  readonly stepSize: number;
  /** The factor of a drop, ≥ 0. Default 0.1. */
  readonly gamma?: number;
}

/**
 * Torch's `StepLR`: η(t) = η₀ · γ^⌊t / stepSize⌋. As a schedule: `stepDecay`.
 *
 * @throws ScheduleError if an option is out of range
 * @example
 * ```ts
 * import { StepLR } from '@nadir/schedulers';
 *
 * const group = { lr: 1 };
 * const optimizer = { paramGroups: [group] };
 * const scheduler = new StepLR(optimizer, { stepSize: 2, gamma: 0.5 });
 * scheduler.step();
 * scheduler.step();
 * group.lr; // => 0.5
 * ```
 */
export class StepLR extends LRScheduler {
  constructor(optimizer: ScheduledOptimizer, options: StepLROptions) {
    const { stepSize, gamma = 0.1 } = options;
    checkPositiveInteger('StepLR', 'stepSize', stepSize);
    checkNonNegative('StepLR', 'gamma', gamma);
    super(optimizer, {
      name: 'StepLR',
      config: { stepSize, gamma },
      learningRate: (base, epoch) => base * gamma ** Math.floor(epoch / stepSize),
    });
  }
}
