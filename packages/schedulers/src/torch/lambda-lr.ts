import { perGroup } from './learning-rate-scheduler.ts';
import { LRScheduler } from './lr-scheduler.ts';
import type { ScheduledOptimizer } from './scheduled-optimizer.ts';

/** Options of {@link LambdaLR}. */
export interface LambdaLROptions {
  /** Maps the epoch to a factor of the base learning rate; one for all groups or one each. A schedule fits. */
  readonly lrLambda: ((epoch: number) => number) | readonly ((epoch: number) => number)[];
}

/**
 * Torch's `LambdaLR`: η(t) = η₀ · λ(t).
 *
 * Functions are not part of `stateDict()`: construct a resumed scheduler with the same ones.
 *
 * @throws ScheduleError if the functions do not fit the groups, or give a negative or infinite learning rate
 * @example
 * ```ts
 * import { LambdaLR } from '@nadir/schedulers';
 *
 * const group = { lr: 0.5 };
 * const optimizer = { paramGroups: [group] };
 * const scheduler = new LambdaLR(optimizer, { lrLambda: (epoch) => 0.5 ** epoch });
 * scheduler.step();
 * group.lr; // => 0.25
 * ```
 */
export class LambdaLR extends LRScheduler {
  constructor(optimizer: ScheduledOptimizer, options: LambdaLROptions) {
    const lambdas = perGroup('LambdaLR', 'lrLambda', options.lrLambda, optimizer.paramGroups.length);
    super(optimizer, {
      name: 'LambdaLR',
      config: {},
      learningRate: (base, epoch, group) => base * lambdas[group]!(epoch),
    });
  }
}
