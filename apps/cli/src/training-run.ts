import { DataLoader, type Dataset } from '@nadir/data';
import { manualSeed, type Tensor } from '@nadir/tensor';
import {
  Trainer,
  type Evaluation,
  type Forward,
  type TrainerModel,
  type TrainerOptimizer,
} from '@nadir/train';
import { UsageError } from './cli-error.ts';
import type { Experiment, ExperimentData } from './experiment.ts';
import type { ExecutorName } from './execution.ts';
import { optimizerOf, recipeOf, type Recipe } from './recipe.ts';
import type { Choices } from './report/study-record.ts';

/** Items of a batch in evaluation: large enough for fast products, small enough for little memory. */
const evaluationBatch = 500;

/** What determines a training run, its length apart. */
export interface RunOptions {
  readonly choices: Choices;
  /** Of the initial parameters and of the order of the items. */
  readonly seed: number;
  /** Leave out the last, smaller batch of an epoch. */
  readonly dropLast: boolean;
  /** Steps of the whole run. */
  readonly steps: (stepsPerEpoch: number, batchSize: number) => number;
  /** Scale gradients to at most this norm. */
  readonly clipNorm?: number;
  readonly executor: ExecutorName;
}

/** A model about to be trained, with everything that trains it. */
export interface TrainingRun {
  readonly model: TrainerModel;
  readonly optimizer: TrainerOptimizer;
  readonly forward: (batch: never) => Tensor | Forward;
  readonly trainer: Trainer<never>;
  readonly loader: DataLoader<unknown, never>;
  readonly validation: DataLoader<unknown, never>;
  readonly recipe: Recipe;
  readonly steps: number;
  /** Loss and metrics over another part of the data. */
  evaluate(dataset: Dataset<unknown>): Promise<Evaluation>;
}

/**
 * Choices with the experiment's defaults for what they leave open. Another optimizer than the default one takes neither
 * the default learning rate nor the default momentum along: they were chosen for each other.
 */
export function completeChoices({ defaults = {} }: Experiment, choices: Choices): Choices {
  const { optimizer } = choices;
  const { lr: _lr, momentum: _momentum, ...others } = defaults;
  const fitting = optimizer === undefined || optimizer === defaults['optimizer'] ? defaults : others;
  return { ...fitting, ...choices };
}

/** Builds model, optimizer, loaders and trainer. Throws a UsageError for choices out of range. */
export function prepareRun(
  experiment: Experiment,
  data: ExperimentData<unknown>,
  options: RunOptions,
): TrainingRun {
  const choices = completeChoices(experiment, options.choices);
  const recipe = recipeOf(choices);
  const { train, validation } = data;
  if (options.dropLast && recipe.batchSize > train.size) {
    throw new UsageError(
      `batchSize must be at most the ${train.size} items of the training data, got ${recipe.batchSize}.`,
    );
  }
  const { seed, dropLast, clipNorm, executor } = options;
  const loader = new DataLoader<unknown, never>(train, {
    batchSize: recipe.batchSize,
    shuffle: true,
    seed,
    dropLast,
  });
  const steps = options.steps(loader.length, recipe.batchSize);
  manualSeed(seed);
  const model = experiment.model({ choices, seed });
  const optimizer =
    experiment.optimizer?.({ model, choices, steps }) ?? optimizerOf(recipe, model.parameters(), steps);
  const metrics = experiment.metrics?.();
  const forward = (batch: never): Tensor | Forward => experiment.forward(model, batch);
  const trainer = new Trainer<never>({
    model,
    optimizer,
    forward,
    executor,
    ...(metrics === undefined ? {} : { metrics }),
    ...(clipNorm === undefined ? {} : { clipNorm }),
  });
  const inOrder = (dataset: Dataset<unknown>): DataLoader<unknown, never> =>
    new DataLoader<unknown, never>(dataset, { batchSize: Math.min(evaluationBatch, dataset.size) });
  return {
    model,
    optimizer,
    forward,
    trainer,
    loader,
    validation: inOrder(validation),
    recipe,
    steps,
    evaluate: (dataset) => trainer.evaluate(inOrder(dataset)),
  };
}
