import { checkIncreasing } from '../option-check.ts';
import { ScheduleError } from '../schedule-error.ts';
import { LRScheduler, type LearningRateRule } from './lr-scheduler.ts';
import type { ScheduledOptimizer } from './scheduled-optimizer.ts';
import { describeRules, partRules } from './scheduler-parts.ts';

/** Options of {@link SequentialLR}. */
export interface SequentialLROptions {
  /** At least one, all over the optimizer. Only this scheduler is stepped. */
  readonly schedulers: readonly LRScheduler[];
  /** The epochs where the next scheduler starts: increasing integers ≥ 0, one fewer than schedulers. */
  readonly milestones: readonly number[];
}

/**
 * Torch's `SequentialLR`: one scheduler after another, each from its own epoch 0. As schedules: `join`.
 *
 * Every part starts from the base learning rates, never from what the part before has left over.
 *
 * @throws ScheduleError if the parts are not all over the optimizer, or the milestones do not fit
 * @example
 * ```ts
 * import { ConstantLR, ExponentialLR, SequentialLR } from '@nadir/schedulers';
 *
 * const group = { lr: 1 };
 * const optimizer = { paramGroups: [group] };
 * const schedulers = [
 *   new ConstantLR(optimizer, { factor: 0.25, totalIters: 2 }),
 *   new ExponentialLR(optimizer, { gamma: 0.5 }),
 * ];
 * const scheduler = new SequentialLR(optimizer, { schedulers, milestones: [2] });
 * scheduler.getLastLr()[0]; // => 0.25
 * scheduler.stepTo(3);
 * scheduler.getLastLr()[0]; // => 0.5
 * ```
 */
export class SequentialLR extends LRScheduler {
  constructor(optimizer: ScheduledOptimizer, options: SequentialLROptions) {
    const rules = partRules('SequentialLR', optimizer, options.schedulers);
    const milestones = [...options.milestones];
    if (milestones.length !== rules.length - 1) {
      throw new ScheduleError(
        `SequentialLR(): milestones must be one fewer than schedulers, got ${milestones.length} and ${rules.length}.`,
      );
    }
    checkIncreasing('SequentialLR', 'milestones', milestones);
    const starts = [0, ...milestones];
    const active = (epoch: number): readonly [rule: LearningRateRule, epoch: number] => {
      const index = starts.findLastIndex((start) => start <= epoch);
      return [rules[index]!, epoch - starts[index]!];
    };
    super(optimizer, {
      name: 'SequentialLR',
      config: { schedulers: describeRules(rules), milestones },
      learningRate(base, epoch, group) {
        const [rule, own] = active(epoch);
        return rule.learningRate(base, own, group);
      },
      momentum(epoch, group) {
        const [rule, own] = active(epoch);
        return rule.momentum?.(own, group);
      },
    });
  }
}
