import { ScheduleError } from '../schedule-error.ts';
import type { ScheduleConfig, ScheduleDescription } from '../schedule.ts';

/** What every torch-shaped scheduler can do, {@link ReduceLROnPlateau} included. */
export interface LearningRateScheduler<S extends ScheduleDescription = ScheduleDescription> {
  /** Call it once after each epoch (or step) of the optimizer; a plateau scheduler takes the metric. */
  step(metric?: number): void;
  /** The learning rate of each parameter group, as last set. */
  getLastLr(): number[];
  /** The state as JSON. */
  stateDict(): S;
  /** Continues from a state of {@link stateDict}, whatever the optimizer's own state is or becomes. */
  loadStateDict(state: S): void;
}

/**
 * Checks that a state is of this kind of scheduler with these options. Torch takes the saved options silently; here
 * the difference is an error, since either choice could be the wrong one.
 */
export function checkSameScheduler(
  name: string,
  config: ScheduleConfig,
  state: ScheduleDescription,
  groups: number,
  savedGroups: number,
): void {
  if (state.name !== name) {
    throw new ScheduleError(
      `${name}.loadStateDict(): a state of ${name} is needed, got one of ${state.name}.`,
    );
  }
  for (const option of new Set([...Object.keys(config), ...Object.keys(state.config)])) {
    const own = JSON.stringify(config[option]);
    const saved = JSON.stringify(state.config[option]);
    if (own !== saved) {
      throw new ScheduleError(
        `${name}.loadStateDict(): ${option} must be as saved, got ${own} and ${saved}. Hint: to go on with other options, construct the scheduler and call stepTo(epoch).`,
      );
    }
  }
  if (savedGroups !== groups) {
    throw new ScheduleError(
      `${name}.loadStateDict(): the number of parameter groups must be as saved, got ${groups} and ${savedGroups}.`,
    );
  }
}

/** One value for each parameter group, from one for all or one each. */
export function perGroup<T>(
  caller: string,
  option: string,
  value: T | readonly T[],
  groups: number,
): readonly T[] {
  if (!Array.isArray(value)) return Array.from({ length: groups }, () => value as T);
  if (value.length !== groups) {
    throw new ScheduleError(
      `${caller}(): ${option} must have one value for each parameter group, got ${value.length} and ${groups} groups.`,
    );
  }
  return [...value];
}
