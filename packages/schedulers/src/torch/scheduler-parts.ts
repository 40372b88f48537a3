import { ScheduleError } from '../schedule-error.ts';
import type { ScheduleDescription } from '../schedule.ts';
import { LRScheduler, type LearningRateRule } from './lr-scheduler.ts';
import type { ScheduledOptimizer } from './scheduled-optimizer.ts';

/** The rules of the schedulers that another one is made of, after a check that they fit together. */
export function partRules(
  caller: string,
  optimizer: ScheduledOptimizer,
  schedulers: readonly LRScheduler[],
): readonly LearningRateRule[] {
  if (schedulers.length === 0) {
    throw new ScheduleError(`${caller}(): at least one scheduler is needed, got none.`);
  }
  schedulers.forEach((scheduler, i) => {
    if (!(scheduler instanceof LRScheduler)) {
      throw new ScheduleError(
        `${caller}(): every part must be a function of the epoch, got another kind at ${i}. Hint: step a ReduceLROnPlateau by itself.`,
      );
    }
    if (scheduler.optimizer !== optimizer) {
      throw new ScheduleError(
        `${caller}(): every part must be over the same optimizer, got another one at ${i}.`,
      );
    }
  });
  return schedulers.map((scheduler) => scheduler.rule);
}

export function describeRules(rules: readonly LearningRateRule[]): ScheduleDescription[] {
  return rules.map(({ name, config }) => ({ name, config }));
}
