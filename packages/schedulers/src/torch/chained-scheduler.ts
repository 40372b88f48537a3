import { ScheduleError } from '../schedule-error.ts';
import { LRScheduler } from './lr-scheduler.ts';
import type { ScheduledOptimizer } from './scheduled-optimizer.ts';
import { describeRules, partRules } from './scheduler-parts.ts';

/**
 * Torch's `ChainedScheduler`: all parts at the same epoch, each on the learning rate that the one before gives. As
 * schedules: `product`.
 *
 * @param schedulers at least one, all over the optimizer; only the chain is stepped
 * @param optimizer by default that of the first part
 * @throws ScheduleError if there is no part, or they are not all over one optimizer
 * @example
 * ```ts
 * import { ChainedScheduler, ConstantLR, ExponentialLR } from '@nadir/schedulers';
 *
 * const group = { lr: 1 };
 * const optimizer = { paramGroups: [group] };
 * const scheduler = new ChainedScheduler([
 *   new ConstantLR(optimizer, { factor: 0.5, totalIters: 4 }),
 *   new ExponentialLR(optimizer, { gamma: 0.5 }),
 * ]);
 * scheduler.step();
 * group.lr; // => 0.25
 * ```
 */
export class ChainedScheduler extends LRScheduler {
  constructor(schedulers: readonly LRScheduler[], optimizer?: ScheduledOptimizer) {
    const owner = optimizer ?? schedulers[0]?.optimizer;
    if (owner === undefined) {
      throw new ScheduleError('ChainedScheduler(): at least one scheduler is needed, got none.');
    }
    const rules = partRules('ChainedScheduler', owner, schedulers);
    super(owner, {
      name: 'ChainedScheduler',
      config: { schedulers: describeRules(rules) },
      learningRate: (base, epoch, group) =>
        rules.reduce((lr, rule) => rule.learningRate(lr, epoch, group), base),
      // The last part that cycles the momentum decides, as the last one to set it does in torch.
      momentum: (epoch, group) =>
        rules.findLast((rule) => rule.momentum !== undefined)?.momentum?.(epoch, group),
    });
  }
}
