import { checkNonNegative, checkPositiveInteger } from '../option-check.ts';
import { LRScheduler } from './lr-scheduler.ts';
import type { ScheduledOptimizer } from './scheduled-optimizer.ts';

/** Options of {@link CosineAnnealingLR}. */
export interface CosineAnnealingLROptions {
  /** Epochs from the base learning rate to `etaMin`, a positive integer: torch's `T_max`. */
  readonly tMax: number;
  /** The smallest learning rate (not a factor), ≥ 0. Default 0. */
  readonly etaMin?: number;
}

/**
 * Torch's `CosineAnnealingLR`: η(t) = m + (η₀ − m)(1 + cos(π t / T)) / 2.
 *
 * As in torch the period is 2T: **after T the learning rate rises again**. The schedule `cosineDecay` stays down.
 *
 * @throws ScheduleError if an option is out of range
 * @example
 * ```ts
 * import { CosineAnnealingLR } from '@nadir/schedulers';
 *
 * const group = { lr: 1 };
 * const optimizer = { paramGroups: [group] };
 * const scheduler = new CosineAnnealingLR(optimizer, { tMax: 10 });
 * scheduler.stepTo(10);
 * group.lr; // => 0
 * scheduler.stepTo(20);
 * group.lr; // => 1
 * ```
 */
export class CosineAnnealingLR extends LRScheduler {
  constructor(optimizer: ScheduledOptimizer, options: CosineAnnealingLROptions) {
    const { tMax, etaMin = 0 } = options;
    checkPositiveInteger('CosineAnnealingLR', 'tMax', tMax);
    checkNonNegative('CosineAnnealingLR', 'etaMin', etaMin);
    super(optimizer, {
      name: 'CosineAnnealingLR',
      config: { tMax, etaMin },
      learningRate: (base, epoch) =>
        etaMin + ((base - etaMin) * (1 + Math.cos((Math.PI * epoch) / tMax))) / 2,
    });
  }
}
