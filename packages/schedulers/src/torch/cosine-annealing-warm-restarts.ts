import { cosineWithRestarts } from '../cosine-with-restarts.ts';
import { checkNonNegative, checkPositiveInteger } from '../option-check.ts';
import { LRScheduler } from './lr-scheduler.ts';
import type { ScheduledOptimizer } from './scheduled-optimizer.ts';

/** Options of {@link CosineAnnealingWarmRestarts}. */
export interface CosineAnnealingWarmRestartsOptions {
  /** Epochs of the first period, a positive integer: torch's `T_0`. */
  readonly t0: number;
  /** How many times longer each period is than the one before, a positive integer: torch's `T_mult`. Default 1. */
  readonly tMult?: number;
  /** The smallest learning rate (not a factor), ≥ 0. Default 0. */
  readonly etaMin?: number;
}

/**
 * Torch's `CosineAnnealingWarmRestarts`: cosine annealing that starts again after every period. As a schedule:
 * `cosineWithRestarts`.
 *
 * @throws ScheduleError if an option is out of range
 * @example
 * ```ts
 * import { CosineAnnealingWarmRestarts } from '@nadir/schedulers';
 *
 * const group = { lr: 1 };
 * const optimizer = { paramGroups: [group] };
 * const scheduler = new CosineAnnealingWarmRestarts(optimizer, { t0: 10, tMult: 2 });
 * scheduler.stepTo(30);
 * group.lr; // => 1
 * ```
 */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  constructor(optimizer: ScheduledOptimizer, options: CosineAnnealingWarmRestartsOptions) {
    const { t0, tMult = 1, etaMin = 0 } = options;
    checkPositiveInteger('CosineAnnealingWarmRestarts', 't0', t0);
    checkPositiveInteger('CosineAnnealingWarmRestarts', 'tMult', tMult);
    checkNonNegative('CosineAnnealingWarmRestarts', 'etaMin', etaMin);
    const factor = cosineWithRestarts({ period: t0, periodMultiplier: tMult });
    super(optimizer, {
      name: 'CosineAnnealingWarmRestarts',
      config: { t0, tMult, etaMin },
      learningRate: (base, epoch) => etaMin + (base - etaMin) * factor(epoch),
    });
  }
}
