/** A schedule or scheduler was given an option, a step, a metric or a state that it cannot use. */
export class ScheduleError extends RangeError {
  override readonly name: string = 'ScheduleError';
}
