import { checkNonNegative } from '../option-check.ts';
import { LRScheduler } from './lr-scheduler.ts';
import type { ScheduledOptimizer } from './scheduled-optimizer.ts';

/** Options of {@link ExponentialLR}. */
export interface ExponentialLROptions {
  /** The factor of each epoch, ≥ 0. Above 1 the learning rate grows, as in a learning-rate range test. */
  readonly gamma: number;
}

/**
 * Torch's `ExponentialLR`: η(t) = η₀ · γ^t. As a schedule: `exponentialDecay`.
 *
 * @throws ScheduleError if `gamma` is negative or not finite, or when a growing learning rate is no longer finite
 * @example
 * ```ts
 * import { ExponentialLR } from '@nadir/schedulers';
 *
 * const group = { lr: 1 };
 * const optimizer = { paramGroups: [group] };
 * const scheduler = new ExponentialLR(optimizer, { gamma: 0.5 });
 * scheduler.step();
 * group.lr; // => 0.5
 * ```
 */
export class ExponentialLR extends LRScheduler {
  constructor(optimizer: ScheduledOptimizer, options: ExponentialLROptions) {
    const { gamma } = options;
    checkNonNegative('ExponentialLR', 'gamma', gamma);
    super(optimizer, {
      name: 'ExponentialLR',
      config: { gamma },
      learningRate: (base, epoch) => base * gamma ** epoch,
    });
  }
}
