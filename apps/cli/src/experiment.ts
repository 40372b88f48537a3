import type { Collated, Dataset } from '@nadir/data';
import type { Tensor } from '@nadir/tensor';
import type { Forward, Metric, TrainerModel, TrainerOptimizer } from '@nadir/train';
import type { Space } from '@nadir/tune';
import { UsageError } from './cli-error.ts';
import type { Choices } from './report/study-record.ts';

/** What an experiment learns from, what guides every choice, and what is looked at once. */
export interface ExperimentData<Item> {
  readonly train: Dataset<Item>;
  /** Tuning, pruning, stopping and selection see this part only. */
  readonly validation: Dataset<Item>;
  /** Called once, after everything is decided. */
  readonly test?: () => Dataset<Item> | Promise<Dataset<Item>>;
}

/** What the search looks at. */
export interface ObjectiveOptions {
  /** `loss`, or the name of one of the metrics. Default: the first metric, else `loss`. */
  readonly metric?: string;
  /** Default: `loss` is minimized, anything else maximized. */
  readonly direction?: 'minimize' | 'maximize';
  /** A level of the metric: the result tells how long each choice took to reach it. Default: what half of the trials reach. */
  readonly target?: number;
}

/** How much is spent, where the command line does not say. */
export interface Budget {
  /** Epochs of `nadir train`. Default 5. */
  readonly epochs: number;
  /** Trials of a search. Default 20. */
  readonly trials: number;
  /** Epochs of one trial; may be a fraction. Default 1. */
  readonly trialEpochs: number;
  /** Evaluations on validation data in a trial, evenly spaced over the items seen; each may prune. Default 8. */
  readonly evaluations: number;
  /** Trials that are never pruned, at the beginning. Default 4. */
  readonly startupTrials: number;
  /** How many of the best combinations are trained again with fresh seeds. Default 2. */
  readonly finalists: number;
  /** Fresh seeds for each of them. Default 3. */
  readonly seeds: number;
  /** Epochs of the winner's training. Default: as `epochs`. */
  readonly winnerEpochs: number;
}

/**
 * A problem to train and tune for: data, model, loss, metrics, and the space to search. (Methods and not properties, so
 * that every experiment is an `Experiment`, whatever its model and items are.)
 */
export interface Experiment<Model extends TrainerModel = TrainerModel, Item = unknown> {
  /** Lower-case letters, digits and dashes; names the run folders. */
  readonly name: string;
  /** One line. */
  readonly description?: string;
  /** The data; the same seed gives the same split. */
  data(context: { readonly seed: number }): ExperimentData<Item> | Promise<ExperimentData<Item>>;
  /** A fresh model. The default random generator has been seeded. */
  model(context: { readonly choices: Choices; readonly seed: number }): Model;
  /** The mean loss of a batch, with the outputs that metrics look at. */
  forward(model: NoInfer<Model>, batch: NoInfer<Collated<Item>>): Tensor | Forward;
  /** Fresh metrics, measured on validation data. */
  metrics?(): Readonly<Record<string, Metric<NoInfer<Collated<Item>>>>>;
  readonly objective?: ObjectiveOptions;
  /**
   * What the search varies. `optimizer`, `lr`, `momentum`, `weightDecay`, `schedule`, `gamma`, `warmup` and `batchSize`
   * mean what they mean on the command line; other names reach `model()`.
   */
  readonly space: Space;
  /** Choices where neither the space nor the command line says anything. */
  readonly defaults?: Choices;
  readonly budget?: Partial<Budget>;
  /** An optimizer of one's own in place of the one that `choices` describe. `steps` is the length of the run. */
  optimizer?(context: {
    readonly model: NoInfer<Model>;
    readonly choices: Choices;
    readonly steps: number;
  }): TrainerOptimizer;
}

const namePattern = /^[a-z0-9][a-z0-9-]*$/;

/**
 * Describes an experiment for `nadir train` and `nadir tune`: the default export of a TypeScript file.
 *
 * @throws UsageError where a part is missing or of the wrong kind
 * @example
 * ```ts
 * import { TensorDataset } from '@nadir/data';
 * import { Linear, mseLoss } from '@nadir/nn';
 * import { linspace } from '@nadir/tensor';
 * import { float } from '@nadir/tune';
 * import { defineExperiment } from 'nadir';
 *
 * const line = (count: number) => {
 *   const x = linspace(-1, 1, count).unsqueeze(1);
 *   return new TensorDataset(x, x.mul(3).add(1));
 * };
 * const experiment = defineExperiment({
 *   name: 'line',
 *   data: () => ({ train: line(64), validation: line(16) }),
 *   model: () => new Linear(1, 1),
 *   forward: (model, [x, y]) => mseLoss(model(x), y),
 *   space: { lr: float(1e-3, 1, { log: true }) },
 * });
 * experiment.name; // => line
 * ```
 */
export function defineExperiment<Model extends TrainerModel, Item>(
  experiment: Experiment<Model, Item>,
): Experiment<Model, Item> {
  checkExperiment(experiment, 'defineExperiment()');
  return experiment;
}

/** Throws a UsageError that names `where` unless `value` has the parts of an experiment. */
export function checkExperiment(value: unknown, where: string): asserts value is Experiment {
  if (typeof value !== 'object' || value === null) {
    throw new UsageError(
      `${where}: an experiment must be an object, got ${value === null ? 'null' : typeof value}.`,
    );
  }
  const experiment = value as Partial<Experiment>;
  if (typeof experiment.name !== 'string' || !namePattern.test(experiment.name)) {
    throw new UsageError(
      `${where}: name must be lower-case letters, digits and dashes, got ${JSON.stringify(experiment.name)}.`,
    );
  }
  for (const part of ['data', 'model', 'forward'] as const) {
    if (typeof experiment[part] !== 'function') {
      throw new UsageError(
        `${where}: '${experiment.name}' needs ${part} to be a function, got ${typeof experiment[part]}.`,
      );
    }
  }
  const { space } = experiment;
  if (typeof space !== 'function' && (typeof space !== 'object' || space === null)) {
    throw new UsageError(
      `${where}: '${experiment.name}' needs a space to search, as { lr: float(1e-3, 1, { log: true }) }, got ${typeof space}.`,
    );
  }
  if (typeof space === 'object' && Object.keys(space).length === 0) {
    throw new UsageError(
      `${where}: the space of '${experiment.name}' is empty. Name at least one parameter.`,
    );
  }
  for (const [name, amount] of Object.entries(experiment.budget ?? {})) {
    if (!Object.hasOwn(defaultBudget, name)) {
      throw new UsageError(
        `${where}: budget has ${Object.keys(defaultBudget).join(', ')} and winnerEpochs, got '${name}'.`,
      );
    }
    if (!(amount > 0)) {
      throw new UsageError(`${where}: budget.${name} must be above 0, got ${amount}.`);
    }
  }
}

const defaultBudget: Budget = {
  epochs: 5,
  trials: 20,
  trialEpochs: 1,
  evaluations: 8,
  startupTrials: 4,
  finalists: 2,
  seeds: 3,
  winnerEpochs: 5,
};

/** The budget of an experiment, defaults filled in. */
export function budgetOf({ budget = {} }: Experiment): Budget {
  const epochs = budget.epochs ?? defaultBudget.epochs;
  return { ...defaultBudget, winnerEpochs: epochs, ...budget };
}

/** What the search looks at, defaults filled in. */
export interface Objective {
  readonly metric: string;
  readonly direction: 'minimize' | 'maximize';
  readonly target?: number;
}

/** The objective of an experiment, checked against its metrics. Throws a UsageError for a metric that it does not have. */
export function objectiveOf(experiment: Experiment): Objective {
  const names = Object.keys(experiment.metrics?.() ?? {});
  const { metric = names[0] ?? 'loss', target } = experiment.objective ?? {};
  if (metric !== 'loss' && !names.includes(metric)) {
    throw new UsageError(
      `'${experiment.name}' searches by '${metric}', which is no metric of it: there are ${['loss', ...names].join(', ')}.`,
    );
  }
  const direction = experiment.objective?.direction ?? (metric === 'loss' ? 'minimize' : 'maximize');
  return { metric, direction, ...(target === undefined ? {} : { target }) };
}
