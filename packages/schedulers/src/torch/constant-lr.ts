import { checkFraction, checkNonNegativeInteger } from '../option-check.ts';
import { LRScheduler } from './lr-scheduler.ts';
import type { ScheduledOptimizer } from './scheduled-optimizer.ts';

/** Options of {@link ConstantLR}. */
export interface ConstantLROptions {
  /** The factor until `totalIters`, in [0, 1]. Default 1/3. */
  readonly factor?: number;
  /** The epoch from which the factor is 1, an integer ≥ 0. Default 5. */
  readonly totalIters?: number;
}

/**
 * Torch's `ConstantLR`: η(t) = η₀ · factor before epoch `totalIters`, then η₀.
 *
 * A factor of 0, by which torch divides, and a `totalIters` of 0, which torch misses, follow the formula.
 *
 * @throws ScheduleError if an option is out of range
 * @example
 * ```ts
 * import { ConstantLR } from '@nadir/schedulers';
 *
 * const group = { lr: 1 };
 * const optimizer = { paramGroups: [group] };
 * new ConstantLR(optimizer, { factor: 0.25, totalIters: 4 });
 * group.lr; // => 0.25
 * ```
 */
export class ConstantLR extends LRScheduler {
  constructor(optimizer: ScheduledOptimizer, options: ConstantLROptions = {}) {
    const { factor = 1 / 3, totalIters = 5 } = options;
    checkFraction('ConstantLR', 'factor', factor);
    checkNonNegativeInteger('ConstantLR', 'totalIters', totalIters);
    super(optimizer, {
      name: 'ConstantLR',
      config: { factor, totalIters },
      learningRate: (base, epoch) => (epoch < totalIters ? base * factor : base),
    });
  }
}
