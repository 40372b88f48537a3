import { checkIncreasing } from './option-check.ts';
import { ScheduleError } from './schedule-error.ts';
import { defineSchedule, type Schedule } from './schedule.ts';

/**
 * One schedule after another: `schedules[i]` takes over at `boundaries[i − 1]`, where its own step is 0.
 *
 * @param schedules at least one
 * @param boundaries the steps where the next schedule starts: increasing integers ≥ 0, one fewer than schedules
 * @throws ScheduleError if the counts do not fit or the boundaries do not increase
 * @example
 * ```ts
 * import { cosineDecay, join, linearWarmup } from '@nadir/schedulers';
 *
 * const schedule = join([linearWarmup({ steps: 9 }), cosineDecay({ steps: 90 })], [9]);
 * schedule(0); // => 0.1
 * schedule(9); // => 1
 * schedule(99); // => 0
 * ```
 */
export function join(schedules: readonly Schedule[], boundaries: readonly number[]): Schedule {
  if (schedules.length === 0) throw new ScheduleError('join(): at least one schedule is needed, got none.');
  if (boundaries.length !== schedules.length - 1) {
    throw new ScheduleError(
      `join(): boundaries must be one fewer than schedules, got ${boundaries.length} and ${schedules.length}.`,
    );
  }
  checkIncreasing('join', 'boundaries', boundaries);
  const parts = [...schedules];
  const starts = [0, ...boundaries];
  return defineSchedule(
    'join',
    { schedules: parts.map((part) => part.toJSON()), boundaries },
    (step) => {
      const index = starts.findLastIndex((start) => start <= step);
      return parts[index]!(step - starts[index]!);
    },
    `join([${parts.join(', ')}], [${boundaries.join(', ')}])`,
  );
}
