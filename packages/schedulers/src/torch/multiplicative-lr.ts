import { perGroup } from './learning-rate-scheduler.ts';
import type { LambdaLROptions } from './lambda-lr.ts';
import { LRScheduler } from './lr-scheduler.ts';
import type { ScheduledOptimizer } from './scheduled-optimizer.ts';

/**
 * Torch's `MultiplicativeLR`: η(t) = η₀ · λ(1) · λ(2) ⋯ λ(t).
 *
 * The functions must be pure: a resume calls them again from 1. Inside `SequentialLR` it starts from the base learning
 * rate, where torch starts from whatever the schedule before has left over.
 *
 * @throws ScheduleError if the functions do not fit the groups, or give a negative or infinite learning rate
 * @example
 * ```ts
 * import { MultiplicativeLR } from '@nadir/schedulers';
 *
 * const group = { lr: 1 };
 * const optimizer = { paramGroups: [group] };
 * const scheduler = new MultiplicativeLR(optimizer, { lrLambda: () => 0.5 });
 * scheduler.step();
 * scheduler.step();
 * group.lr; // => 0.25
 * ```
 */
export class MultiplicativeLR extends LRScheduler {
  constructor(optimizer: ScheduledOptimizer, options: LambdaLROptions) {
    const lambdas = perGroup('MultiplicativeLR', 'lrLambda', options.lrLambda, optimizer.paramGroups.length);
    const products = lambdas.map(runningProduct);
    super(optimizer, {
      name: 'MultiplicativeLR',
      config: {},
      learningRate: (base, epoch, group) => base * products[group]!(epoch),
    });
  }
}

/** The product of λ(1) to λ(t), always multiplied in that order. The last one is kept, so that a step costs one call. */
function runningProduct(lambda: (epoch: number) => number): (epoch: number) => number {
  let reached = 0;
  let product = 1;
  return (epoch) => {
    if (epoch < reached) {
      reached = 0;
      product = 1;
    }
    while (reached < epoch) product *= lambda(++reached);
    return product;
  };
}
