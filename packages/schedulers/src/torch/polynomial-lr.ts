import { checkPositive, checkPositiveInteger } from '../option-check.ts';
import { polynomialDecay } from '../polynomial-decay.ts';
import { LRScheduler } from './lr-scheduler.ts';
import type { ScheduledOptimizer } from './scheduled-optimizer.ts';

/** Options of {@link PolynomialLR}. */
export interface PolynomialLROptions {
  /** Epochs until the learning rate is 0, a positive integer. Default 5. */
  readonly totalIters?: number;
  /** The exponent, > 0. Default 1. */
  readonly power?: number;
}

/**
 * Torch's `PolynomialLR`: η(t) = η₀ · (1 − min(t, T) / T)^power. As a schedule: `polynomialDecay`.
 *
 * @throws ScheduleError if an option is out of range
 * @example
 * ```ts
 * import { PolynomialLR } from '@nadir/schedulers';
 *
 * const group = { lr: 1 };
 * const optimizer = { paramGroups: [group] };
 * const scheduler = new PolynomialLR(optimizer, { totalIters: 2, power: 2 });
 * scheduler.step();
 * group.lr; // => 0.25
 * ```
 */
export class PolynomialLR extends LRScheduler {
  constructor(optimizer: ScheduledOptimizer, options: PolynomialLROptions = {}) {
    const { totalIters = 5, power = 1 } = options;
    checkPositiveInteger('PolynomialLR', 'totalIters', totalIters);
    checkPositive('PolynomialLR', 'power', power);
    const factor = polynomialDecay({ steps: totalIters, power });
    super(optimizer, {
      name: 'PolynomialLR',
      config: { totalIters, power },
      learningRate: (base, epoch) => base * factor(epoch),
    });
  }
}
