import { Adam, AdamW, SGD } from '@nadir/optimizers';
import {
  constant,
  cosineDecay,
  exponentialDecay,
  join,
  linear,
  linearWarmup,
  stepDecay,
  type Schedule,
} from '@nadir/schedulers';
import type { Tensor } from '@nadir/tensor';
import type { TrainerOptimizer } from '@nadir/train';
import { UsageError } from './cli-error.ts';
import type { Choices } from './report/study-record.ts';

/** The optimizers that `--optimizer` knows. */
export const optimizerNames = ['sgd', 'momentum', 'nesterov', 'adam', 'adamw'] as const;
/** The schedules that `--schedule` knows; each spans the whole run. */
export const scheduleNames = ['constant', 'exponential', 'step', 'linear', 'cosine'] as const;

type OptimizerName = (typeof optimizerNames)[number];
type ScheduleName = (typeof scheduleNames)[number];

/** How to train: what choices of these names mean. */
export interface Recipe {
  readonly optimizer: OptimizerName;
  readonly lr: number;
  /** Share of the last update that SGD keeps. */
  readonly momentum: number;
  readonly weightDecay: number;
  readonly schedule: ScheduleName;
  /** Of exponential: what is left of the learning rate at the end; of step: the factor of each of the two drops. */
  readonly gamma: number | undefined;
  /** Share of the steps in which the learning rate rises from near 0. */
  readonly warmup: number;
  readonly batchSize: number;
}

const defaultRates: { readonly [O in OptimizerName]: number } = {
  sgd: 0.1,
  momentum: 0.05,
  nesterov: 0.05,
  adam: 0.001,
  adamw: 0.001,
};

function number(
  choices: Choices,
  name: string,
  fallback: number,
  requirement: string,
  holds: (value: number) => boolean,
): number {
  const value = choices[name] ?? fallback;
  if (typeof value === 'number' && holds(value)) return value;
  throw new UsageError(`${name} must be ${requirement}, got ${JSON.stringify(value)}.`);
}

function oneOf<Name extends string>(
  choices: Choices,
  name: string,
  names: readonly Name[],
  fallback: Name,
): Name {
  const value = choices[name] ?? fallback;
  const found = names.find((known) => known === value);
  if (found !== undefined) return found;
  throw new UsageError(`${name} must be one of ${names.join(', ')}, got ${JSON.stringify(value)}.`);
}

/** The recipe that choices describe; what they leave open has a default. Throws a UsageError for a value out of range. */
export function recipeOf(choices: Choices): Recipe {
  const optimizer = oneOf(choices, 'optimizer', optimizerNames, 'sgd');
  const hasMomentum = optimizer === 'momentum' || optimizer === 'nesterov';
  const momentum = number(
    choices,
    'momentum',
    hasMomentum ? 0.9 : 0,
    'in [0, 1)',
    (value) => value >= 0 && value < 1,
  );
  if (optimizer === 'nesterov' && momentum === 0) throw new UsageError('nesterov needs a momentum above 0.');
  if (optimizer.startsWith('adam') && choices['momentum'] !== undefined) {
    throw new UsageError(`momentum belongs to sgd, momentum and nesterov, got optimizer ${optimizer}.`);
  }
  const inUnit = (value: number): boolean => value > 0 && value <= 1;
  const { gamma } = choices;
  return {
    optimizer,
    lr: number(choices, 'lr', defaultRates[optimizer], 'above 0', (value) => value > 0 && value < Infinity),
    momentum,
    weightDecay: number(choices, 'weightDecay', 0, 'at least 0', (value) => value >= 0 && value < Infinity),
    schedule: oneOf(choices, 'schedule', scheduleNames, 'constant'),
    gamma: gamma === undefined ? undefined : number(choices, 'gamma', 1, 'in (0, 1]', inUnit),
    warmup: number(choices, 'warmup', 0, 'in [0, 1)', (value) => value >= 0 && value < 1),
    batchSize: number(
      choices,
      'batchSize',
      64,
      'a whole number of at least 1',
      (value) => Number.isInteger(value) && value >= 1,
    ),
  };
}

/** The learning-rate schedule of a run of `steps` steps. */
export function scheduleOf({ schedule, gamma, warmup }: Recipe, steps: number): Schedule {
  const rising = Math.min(Math.round(warmup * steps), steps - 1);
  const falling = steps - rising;
  const shapes: { readonly [S in ScheduleName]: () => Schedule } = {
    constant: () => constant(),
    exponential: () => exponentialDecay({ gamma: gamma ?? 0.05, every: falling }),
    step: () => stepDecay({ gamma: gamma ?? 0.2, stepSize: Math.ceil(falling / 3) }),
    linear: () => linear({ steps: falling }),
    cosine: () => cosineDecay({ steps: falling }),
  };
  const shape = shapes[schedule]();
  return rising < 1 ? shape : join([linearWarmup({ steps: rising }), shape], [rising]);
}

/** The optimizer of a run of `steps` steps. */
export function optimizerOf(recipe: Recipe, parameters: readonly Tensor[], steps: number): TrainerOptimizer {
  const { optimizer, lr, weightDecay, momentum } = recipe;
  const options = { lr, weightDecay, lrSchedule: scheduleOf(recipe, steps) };
  if (optimizer === 'adam') return new Adam(parameters, options);
  if (optimizer === 'adamw') return new AdamW(parameters, options);
  return new SGD(parameters, { ...options, momentum, nesterov: optimizer === 'nesterov' });
}
