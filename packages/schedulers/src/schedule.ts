import { ScheduleError } from './schedule-error.ts';

/** A value that a schedule's configuration may hold: what JSON can. */
export type ScheduleValue =
  | string
  | number
  | boolean
  | null
  | readonly ScheduleValue[]
  | ScheduleDescription
  | { readonly [option: string]: ScheduleValue };

/** The options of a schedule with every default filled in. */
export interface ScheduleConfig {
  readonly [option: string]: ScheduleValue;
}

/** What a schedule is, as JSON: `resolveSchedule` builds the schedule again from it. */
export interface ScheduleDescription {
  readonly name: string;
  readonly config: ScheduleConfig;
}

/**
 * A pure function from the step t = 0, 1, 2, … to a **factor** of the base learning rate: η(t) = lr · schedule(t).
 *
 * The factor is finite and non-negative, and keeps its last value after a schedule's end. Nothing is remembered
 * between calls, so a run that is resumed at step t goes on exactly. Fractional steps are allowed, for plots.
 * `name` and `config` describe the schedule; `toString()` prints the call that makes it and `JSON.stringify` writes a
 * {@link ScheduleDescription}.
 */
export interface Schedule {
  (step: number): number;
  /** The name of the function that made it. */
  readonly name: string;
  /** The options it was made with, every default filled in. */
  readonly config: ScheduleConfig;
  toJSON(): ScheduleDescription;
  toString(): string;
}

/**
 * Makes a {@link Schedule} of a function, a name and the configuration that stands for it in reports and checkpoints.
 *
 * @param name what the schedule is called
 * @param config its options; copied and frozen
 * @param factorAt maps a finite step ≥ 0 to a factor; must be pure
 * @param text what `toString()` prints; by default a call with the configuration
 * @throws ScheduleError when called with a step that is negative or not finite, or when `factorAt` gives a factor that is
 * @example
 * ```ts
 * import { defineSchedule } from '@nadir/schedulers';
 *
 * const halve = defineSchedule('halveEach', { period: 10 }, (step) => 0.5 ** Math.floor(step / 10));
 * halve(25); // => 0.25
 * halve; // => halveEach({ period: 10 })
 * ```
 */
export function defineSchedule(
  name: string,
  config: ScheduleConfig,
  factorAt: (step: number) => number,
  text?: string,
): Schedule {
  const schedule = (step: number): number => {
    if (!isFactor(step)) {
      throw new ScheduleError(`${name}(): step must be a non-negative finite number, got ${String(step)}.`);
    }
    const factor = factorAt(step);
    if (!isFactor(factor)) {
      throw new ScheduleError(
        `${name}(): the factor must be a non-negative finite number, got ${String(factor)} at step ${step}.`,
      );
    }
    return factor;
  };
  const fixed = frozenCopy(config) as ScheduleConfig;
  return Object.defineProperties(schedule, {
    name: { value: name },
    config: { value: fixed, enumerable: true },
    toJSON: { value: (): ScheduleDescription => ({ name, config: fixed }) },
    toString: { value: (): string => text ?? callText(name, fixed) },
  }) as unknown as Schedule;
}

/** Whether a value is a {@link Schedule}, rather than a plain function. */
export function isSchedule(value: unknown): value is Schedule {
  return typeof value === 'function' && 'config' in value && 'toJSON' in value;
}

function isFactor(value: number): boolean {
  return typeof value === 'number' && value >= 0 && value < Infinity;
}

function frozenCopy(value: ScheduleValue): ScheduleValue {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy));
  return Object.freeze(
    Object.fromEntries(Object.entries(value).map(([option, item]) => [option, frozenCopy(item)])),
  );
}

function callText(name: string, config: ScheduleConfig): string {
  const options = Object.entries(config).map(([option, value]) => `${option}: ${valueText(value)}`);
  return options.length === 0 ? `${name}()` : `${name}({ ${options.join(', ')} })`;
}

function valueText(value: ScheduleValue): string {
  if (typeof value === 'string') return `'${value}'`;
  return Array.isArray(value) ? `[${value.map(valueText).join(', ')}]` : JSON.stringify(value);
}
