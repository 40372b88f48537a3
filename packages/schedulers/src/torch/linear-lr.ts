import { linear } from '../linear.ts';
import { checkFraction, checkPositiveInteger } from '../option-check.ts';
import { LRScheduler } from './lr-scheduler.ts';
import type { ScheduledOptimizer } from './scheduled-optimizer.ts';

/** Options of {@link LinearLR}. */
export interface LinearLROptions {
  /** The factor at epoch 0, in [0, 1]. Default 1/3. */
  readonly startFactor?: number;
  /** The factor from `totalIters` on, in [0, 1]. Default 1. */
  readonly endFactor?: number;
  /** Epochs from the first factor to the last, a positive integer. Default 5. */
  readonly totalIters?: number;
}

/**
 * Torch's `LinearLR`: η₀ times a straight line from `startFactor` to `endFactor`. As a schedule: `linear`.
 *
 * A `startFactor` of 0, which torch refuses because it divides by it, is allowed.
 *
 * @throws ScheduleError if an option is out of range
 * @example
 * ```ts
 * import { LinearLR } from '@nadir/schedulers';
 *
 * const group = { lr: 1 };
 * const optimizer = { paramGroups: [group] };
 * const scheduler = new LinearLR(optimizer, { startFactor: 0.5, totalIters: 2 });
 * scheduler.step();
 * group.lr; // => 0.75
 * ```
 */
export class LinearLR extends LRScheduler {
  constructor(optimizer: ScheduledOptimizer, options: LinearLROptions = {}) {
    const { startFactor = 1 / 3, endFactor = 1, totalIters = 5 } = options;
    checkFraction('LinearLR', 'startFactor', startFactor);
    checkFraction('LinearLR', 'endFactor', endFactor);
    checkPositiveInteger('LinearLR', 'totalIters', totalIters);
    const factor = linear({ steps: totalIters, startFactor, endFactor });
    super(optimizer, {
      name: 'LinearLR',
      config: { startFactor, endFactor, totalIters },
      learningRate: (base, epoch) => base * factor(epoch),
    });
  }
}
