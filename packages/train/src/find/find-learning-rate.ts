import { ValueError } from '@nadir/tensor';
import type { StepRecord } from '../history.ts';
import type { StopCondition } from '../stop/stop-condition.ts';
import { Trainer, type TrainerOptions, type TrainingBatches } from '../trainer.ts';
import { divergenceOf } from './divergence.ts';
import {
  learningRateCurve,
  type LearningRateCurve,
  type LearningRateMethod,
  type LearningRateSuggestion,
} from './learning-rate-curve.ts';
import { remember, setLearningRate, type TunableOptimizer } from './without-trace.ts';

/** Options of {@link findLearningRate}: what a Trainer takes, and the range. */
export interface FindLearningRateOptions<Batch> extends Omit<
  TrainerOptions<Batch>,
  'optimizer' | 'lrStep' | 'metrics'
> {
  readonly optimizer: TunableOptimizer;
  /** Learning rate of the first step. Default 1e-8. */
  readonly from?: number;
  /** Learning rate of the last step. Default 1. */
  readonly to?: number;
  /** Steps at most, by factors all alike. Default 100. */
  readonly steps?: number;
  /** End where the loss is more than so many times the best so far. Default 4. */
  readonly divergedFactor?: number;
  /** How the recommended learning rate is read off. Default `steep`. */
  readonly method?: LearningRateMethod;
  /** Of the intervals. Default 0. */
  readonly seed?: number;
  readonly onStep?: (record: StepRecord) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

/** What a range test found. */
export interface FoundLearningRate extends LearningRateCurve {
  readonly method: LearningRateMethod;
  readonly recommended: LearningRateSuggestion;
}

function check(from: number, to: number, steps: number, divergedFactor: number): void {
  if (!(from > 0 && to > from && Number.isFinite(to))) {
    throw new ValueError(
      `findLearningRate(): from and to must be finite with 0 < from < to, got ${from} and ${to}.`,
    );
  }
  if (!Number.isInteger(steps) || steps < 20) {
    throw new ValueError(`findLearningRate(): steps must be a whole number of at least 20, got ${steps}.`);
  }
  if (!(divergedFactor > 1)) {
    throw new ValueError(`findLearningRate(): divergedFactor must be more than 1, got ${divergedFactor}.`);
  }
}

/** Ends a run whose loss is far above its best. */
function diverged(factor: number): StopCondition {
  const losses: number[] = [];
  return {
    name: 'diverged',
    afterStep: ({ loss }) => {
      losses.push(loss);
      return divergenceOf(losses, factor) < losses.length ? `the loss ${loss} is far above its best` : null;
    },
  };
}

/**
 * Finds a learning rate by a range test (Smith, "Cyclical Learning Rates for Training Neural Networks", 2017): trains with learning rates that
 * grow from step to step until the loss diverges, and reads them off as {@link learningRateCurve} does. Parameters, moments, buffers,
 * random numbers, learning rates and the position in the data are afterwards what they were, bit for bit.
 *
 * With several groups of parameters the learning rates keep their ratios; those reported are of the first group.
 *
 * @throws ValueError for an impossible range, or where the loss diverges within the first ten steps
 * @example
 * ```ts
 * import { DataLoader, TensorDataset } from '@nadir/data';
 * import { Linear, mseLoss } from '@nadir/nn';
 * import { SGD } from '@nadir/optimizers';
 * import { linspace, type Tensor } from '@nadir/tensor';
 * import { findLearningRate } from '@nadir/train';
 * const x = linspace(-1, 1, 64).unsqueeze(1);
 * const batches = new DataLoader(new TensorDataset(x, x.mul(3)), { batchSize: 16 });
 * const model = new Linear(1, 1);
 * const optimizer = new SGD(model.parameters(), { lr: 0.1 });
 * const found = await findLearningRate<readonly [Tensor, Tensor]>({
 *   ...{ model, optimizer, from: 1e-5, to: 10 },
 *   forward: ([a, b]) => mseLoss(model(a), b),
 * }, batches);
 * found.recommended.lr > 0.01 && found.recommended.lr < 2; // => true
 * optimizer.paramGroups[0]!.lr; // => 0.1
 * ```
 */
export async function findLearningRate<Batch>(
  options: FindLearningRateOptions<Batch>,
  batches: TrainingBatches<Batch>,
): Promise<FoundLearningRate> {
  const { from = 1e-8, to = 1, steps = 100, divergedFactor = 4, method = 'steep', seed = 0 } = options;
  check(from, to, steps, divergedFactor);
  const { optimizer, signal, onStep } = options;
  const { metrics: _, ...trainerOptions } = { metrics: undefined, ...options };
  const trainer = new Trainer<Batch>({ ...trainerOptions, lrStep: 'never' });
  const restore = remember(options);
  const place = batches.stateDict();
  const own = optimizer.paramGroups.map(({ lr }) => lr);
  const setRate = (step: number): void =>
    setLearningRate(optimizer, own, from * (to / from) ** (step / (steps - 1)));
  const stop: StopCondition[] = [
    diverged(divergedFactor),
    { name: 'range', afterStep: ({ step }) => (step >= steps ? 'the range is done' : null) },
  ];
  try {
    setRate(0);
    const { history } = await trainer.fit(batches, {
      epochs: Math.ceil(steps / Math.max(1, Math.floor(batches.length / (options.accumulate ?? 1)))),
      stop,
      ...(signal === undefined ? {} : { signal }),
      onStep: async (record) => {
        setRate(record.step);
        await onStep?.(record);
      },
    });
    signal?.throwIfAborted();
    const curve = learningRateCurve(
      history.steps.map(({ lr }) => lr),
      history.steps.map(({ loss }) => loss),
      { seed },
    );
    return { ...curve, method, recommended: curve.suggestions[method] };
  } finally {
    restore();
    batches.loadStateDict(place);
    trainer.dispose();
  }
}
