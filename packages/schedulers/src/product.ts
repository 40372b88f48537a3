import { ScheduleError } from './schedule-error.ts';
import { defineSchedule, type Schedule } from './schedule.ts';

/**
 * The product of schedules, all at the same step. With `constant` it scales one.
 *
 * @param schedules at least one
 * @throws ScheduleError if there is none
 * @example
 * ```ts
 * import { constant, linear, product } from '@nadir/schedulers';
 *
 * product([constant({ factor: 0.5 }), linear({ steps: 10 })])(5); // => 0.25
 * ```
 */
export function product(schedules: readonly Schedule[]): Schedule {
  if (schedules.length === 0)
    throw new ScheduleError('product(): at least one schedule is needed, got none.');
  const parts = [...schedules];
  return defineSchedule(
    'product',
    { schedules: parts.map((part) => part.toJSON()) },
    (step) => parts.reduce((factor, part) => factor * part(step), 1),
    `product([${parts.join(', ')}])`,
  );
}
