import { constant } from './constant.ts';
import { cosineDecay } from './cosine-decay.ts';
import { cosineWithRestarts } from './cosine-with-restarts.ts';
import { exponentialDecay } from './exponential-decay.ts';
import { inverseSqrt } from './inverse-sqrt.ts';
import { join } from './join.ts';
import { linearWarmup } from './linear-warmup.ts';
import { linear } from './linear.ts';
import { multiStep } from './multi-step.ts';
import { oneCycle } from './one-cycle.ts';
import { polynomialDecay } from './polynomial-decay.ts';
import { product } from './product.ts';
import { ScheduleError } from './schedule-error.ts';
import { defineSchedule, isSchedule, type Schedule, type ScheduleDescription } from './schedule.ts';
import { stepDecay } from './step-decay.ts';
import { warmupStableDecay } from './warmup-stable-decay.ts';

type Descriptions = readonly ScheduleDescription[];

/** The name of a schedule that can be built from its description. */
export type BuiltInScheduleName =
  | 'constant'
  | 'cosineDecay'
  | 'cosineWithRestarts'
  | 'exponentialDecay'
  | 'inverseSqrt'
  | 'join'
  | 'linear'
  | 'linearWarmup'
  | 'multiStep'
  | 'oneCycle'
  | 'polynomialDecay'
  | 'product'
  | 'stepDecay'
  | 'warmupStableDecay';

/** A schedule by one word; see {@link resolveSchedule}. */
export type ShortScheduleName = 'constant' | 'exponential' | 'step' | 'linear' | 'cosine' | 'oneCycle';

// `never`: each function checks the options that it is given, so any configuration may be tried on it.
const factories: { readonly [N in BuiltInScheduleName]: (config: never) => Schedule } = {
  constant,
  cosineDecay,
  cosineWithRestarts,
  exponentialDecay,
  inverseSqrt,
  join: (config: { readonly schedules: Descriptions; readonly boundaries: readonly number[] }) =>
    join(config.schedules.map(fromDescription), config.boundaries),
  linear,
  linearWarmup,
  multiStep,
  oneCycle,
  polynomialDecay,
  product: (config: { readonly schedules: Descriptions }) => product(config.schedules.map(fromDescription)),
  stepDecay,
  warmupStableDecay,
};

const shortForms: { readonly [N in ShortScheduleName]: (steps: number) => Schedule } = {
  constant: () => constant(),
  exponential: () => exponentialDecay(),
  step: () => stepDecay(),
  linear: (steps: number) => linear({ steps }),
  cosine: (steps: number) => cosineDecay({ steps }),
  oneCycle: (steps: number) => oneCycle({ steps }),
};

/** Every {@link ShortScheduleName}. */
export const shortScheduleNames: readonly ShortScheduleName[] = Object.freeze(
  Object.keys(shortForms) as ShortScheduleName[],
);

/** What {@link resolveSchedule} takes: a short name, a schedule, its description, or a plain function of the step. */
export type ScheduleInput = ShortScheduleName | Schedule | ScheduleDescription | ((step: number) => number);

/** What {@link resolveSchedule} may have to know beside the name. */
export interface ResolveScheduleOptions {
  /** The number of steps of the run, a positive integer: 'linear', 'cosine' and 'oneCycle' need it. */
  readonly steps?: number;
}

/**
 * The schedule that a short name, a description or a function stands for; a schedule stands for itself.
 *
 * | short name | schedule |
 * |---|---|
 * | `'constant'` | `constant()`: factor 1 |
 * | `'exponential'` | `exponentialDecay()`: γ = 0.99 a step |
 * | `'step'` | `stepDecay()`: γ = 0.5 a step (stepSize 1) |
 * | `'linear'` | `linear({ steps })`: to 0 |
 * | `'cosine'` | `cosineDecay({ steps })`: to 0 |
 * | `'oneCycle'` | `oneCycle({ steps })` |
 *
 * A plain function becomes a schedule with the name 'custom'; its description cannot be built again.
 *
 * @throws ScheduleError if the name is unknown, an option is unknown or out of range, or `steps` is needed and missing
 * @example
 * ```ts
 * import { resolveSchedule } from '@nadir/schedulers';
 *
 * resolveSchedule('step')(3); // => 0.125
 * resolveSchedule({ name: 'linear', config: { steps: 4 } })(1); // => 0.75
 * ```
 */
export function resolveSchedule(input: ScheduleInput, options: ResolveScheduleOptions = {}): Schedule {
  if (typeof input === 'string') return fromShortName(input, options.steps);
  if (isSchedule(input)) return input;
  if (typeof input === 'function') return defineSchedule('custom', {}, input);
  return fromDescription(input);
}

function fromShortName(name: ShortScheduleName, steps: number | undefined): Schedule {
  if (!Object.hasOwn(shortForms, name)) {
    const known = shortScheduleNames.map((short) => `'${short}'`).join(', ');
    throw new ScheduleError(`resolveSchedule(): the name must be one of ${known}, got '${name}'.`);
  }
  const make = shortForms[name];
  if (make.length > 0 && steps === undefined) {
    throw new ScheduleError(
      `resolveSchedule(): '${name}' needs the number of steps of the run, got none. Hint: pass { steps }, or a schedule with its own.`,
    );
  }
  return make(steps!);
}

function fromDescription(description: ScheduleDescription): Schedule {
  const { name, config } = description ?? {};
  if (typeof name !== 'string' || typeof config !== 'object' || config === null) {
    throw new ScheduleError(
      `resolveSchedule(): a short name, a schedule, a description { name, config } or a function is needed, got ${JSON.stringify(description)}.`,
    );
  }
  if (!Object.hasOwn(factories, name)) {
    throw new ScheduleError(
      `resolveSchedule(): the described schedule must be one of ${Object.keys(factories).join(', ')}, got '${name}'. Hint: a schedule of your own cannot be built from its description; pass the schedule itself.`,
    );
  }
  const schedule = factories[name as BuiltInScheduleName](config as never);
  for (const option of Object.keys(config)) {
    if (!(option in schedule.config)) {
      throw new ScheduleError(
        `resolveSchedule(): ${name} has the options ${Object.keys(schedule.config).join(', ')}, got '${option}'.`,
      );
    }
  }
  return schedule;
}
