import { SGD } from '@nadir/optimizers';
import { ValueError } from '@nadir/tensor';
import { evaluateWith, type Batches, type ForwardFunction } from '../evaluate.ts';
import { chooseExecutor, type ExecutorChoice } from '../executor-choice.ts';
import { TrainerPrograms } from '../trainer-programs.ts';
import type { TrainingBatches } from '../trainer.ts';
import { gradientMeter } from './gradient-norms.ts';
import { measureBatchCosts } from './memory-and-speed.ts';
import { noiseScale, type GradientNorms, type NoiseScale } from './noise-scale.ts';
import {
  recommendBatchSize,
  scaledLearningRate,
  type BatchBranch,
  type BatchEvidence,
  type BatchRecommendation,
  type LearningRateScaling,
} from './recommend-batch-size.ts';
import { remember, setLearningRate, type Subject } from './without-trace.ts';

/** What is being measured. */
export type BatchSizePhase = 'cost' | 'noise' | 'check';

/** Options of {@link findBatchSize}. */
export interface FindBatchSizeOptions<Batch> extends Subject {
  readonly forward: ForwardFunction<Batch>;
  /** The training data in batches of a size, shuffled. */
  readonly batches: (batchSize: number) => TrainingBatches<Batch>;
  /** The size that the learning rate of the optimizer is known for. Default 64. */
  readonly baseSize?: number;
  /** Candidates, ascending. Default: powers of two from 16 to 2048. */
  readonly sizes?: readonly number[];
  /** Default: `linear` for SGD, `sqrt` for all others. */
  readonly scaling?: LearningRateScaling;
  /** Bytes that the process may hold. Default: no bound but the machine's. */
  readonly memoryLimit?: number;
  /** Steps of `baseSize` before anything is learned about gradients: at the very start they all agree. Default 100. */
  readonly warmupSteps?: number;
  /** Steps of the noise scale, each of `microBatches` batches. Default 100. */
  readonly noiseSteps?: number;
  /** Default 8. */
  readonly microBatches?: number;
  /** Items of a micro-batch. Default `baseSize / microBatches`, at least 1. */
  readonly microSize?: number;
  /** Items that each branch of the direct check learns from; 0: no check. Default 200 batches of `baseSize`. */
  readonly checkItems?: number;
  /** What branches are judged by. Default: the first ten batches of `baseSize`. */
  readonly validation?: Batches<Batch>;
  /** Part of the loss by which a branch may be worse than that of `baseSize`. Default 0.02. */
  readonly tolerance?: number;
  readonly executor?: ExecutorChoice;
  readonly onProgress?: (phase: BatchSizePhase, done: number, total: number) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

/** What {@link findBatchSize} measured and recommends. */
export interface FoundBatchSize extends BatchEvidence, BatchRecommendation {}

/** Batches for ever, epoch by epoch. */
async function* endless<Batch>(batches: TrainingBatches<Batch>): AsyncGenerator<Batch, never> {
  if (batches.length === 0) throw new ValueError('findBatchSize(): the data make no batch.');
  for (;;) for await (const batch of batches) yield batch;
}

function check(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least) {
    throw new ValueError(
      `findBatchSize(): ${name} must be a whole number of at least ${least}, got ${value}.`,
    );
  }
}

function checkSizes(sizes: readonly number[]): void {
  const isAscending = sizes.every((size, i) => Number.isInteger(size) && size > (sizes[i - 1] ?? 0));
  if (sizes.length === 0 || !isAscending) {
    throw new ValueError(
      `findBatchSize(): sizes must be whole, positive and ascending, got [${sizes.join(', ')}].`,
    );
  }
}

/**
 * Finds a batch size and the learning rate that goes with it, by measuring: what fits into memory; how the throughput grows; the gradient
 * noise scale with a 95 % interval (McCandlish 2018), over all micro-batches of `noiseSteps` steps; and, as the noise scale is
 * a proxy, a direct check that trains branches at growing sizes from one checkpoint on equally many items (Merrill et al., "Critical Batch Size
 * Revisited", 2025). All four are joined into one recommendation with its reasons in words. Parameters, moments, buffers, random
 * numbers and learning rates are afterwards what they were, bit for bit.
 *
 * @throws ValueError for impossible options, or where training diverges before anything is known
 * @example
 * ```ts
 * import { DataLoader, TensorDataset } from '@nadir/data';
 * import { Linear, mseLoss } from '@nadir/nn';
 * import { SGD } from '@nadir/optimizers';
 * import { manualSeed, randn, type Tensor } from '@nadir/tensor';
 * import { findBatchSize } from '@nadir/train';
 * manualSeed(1);
 * const x = randn([512, 4]);
 * const data = new TensorDataset(x, x.sum(1, { keepDims: true }).add(randn([512, 1])));
 * const model = new Linear(4, 1);
 * const { batchSize, reasons } = await findBatchSize<readonly [Tensor, Tensor]>({
 *   model,
 *   optimizer: new SGD(model.parameters(), { lr: 0.01 }),
 *   forward: ([a, b]) => mseLoss(model(a), b),
 *   batches: (size) => new DataLoader(data, { batchSize: size, shuffle: true, seed: 1 }),
 *   ...{ baseSize: 16, sizes: [16, 32, 64], warmupSteps: 10, noiseSteps: 20, checkItems: 640 },
 * });
 * [16, 32, 64].includes(batchSize) && reasons.length > 4; // => true
 * ```
 */
export async function findBatchSize<Batch>(options: FindBatchSizeOptions<Batch>): Promise<FoundBatchSize> {
  const { baseSize = 64, sizes = [16, 32, 64, 128, 256, 512, 1024, 2048], tolerance = 0.02 } = options;
  const { warmupSteps = 100, noiseSteps = 100, microBatches = 8, checkItems = 200 * baseSize } = options;
  const { microSize = Math.max(1, Math.floor(baseSize / microBatches)), memoryLimit = null } = options;
  check('baseSize', baseSize, 1);
  check('warmupSteps', warmupSteps, 0);
  check('noiseSteps', noiseSteps, 3);
  check('microBatches', microBatches, 2);
  check('microSize', microSize, 1);
  check('checkItems', checkItems, 0);
  checkSizes(sizes);
  const { optimizer, signal } = options;
  const { scaling = optimizer instanceof SGD ? 'linear' : 'sqrt' } = options;
  const search = new Search(options);
  try {
    const { costs, misfit } = await search.costs(sizes, memoryLimit);
    if (costs.length === 0) {
      throw new ValueError(
        `findBatchSize(): no batch size fits: ${misfit!.batchSize} does not, ${misfit!.reason}.`,
      );
    }
    await search.train(baseSize, warmupSteps);
    const noise = await search.noise(noiseSteps, microBatches, microSize);
    const fitting = costs
      .map(({ batchSize }) => batchSize)
      .filter((size) => size > baseSize && size <= checkItems);
    const branches =
      checkItems === 0
        ? []
        : await search.branches([baseSize, ...fitting], checkItems, scaling, tolerance, baseSize);
    signal?.throwIfAborted();
    const evidence = { baseSize, baseLr: search.baseLr, scaling, costs, misfit, noise, branches, tolerance };
    return { ...evidence, ...recommendBatchSize(evidence) };
  } finally {
    search.end();
  }
}

/** One search, with what it must put back. */
class Search<Batch> {
  readonly #options: FindBatchSizeOptions<Batch>;
  readonly #own: readonly number[];
  readonly #restore: () => void;
  #programs: TrainerPrograms<Batch>;

  constructor(options: FindBatchSizeOptions<Batch>) {
    this.#options = options;
    this.#own = options.optimizer.paramGroups.map(({ lr }) => lr);
    this.#restore = remember(options);
    this.#programs = this.#fresh();
  }

  get baseLr(): number {
    return this.#own[0]!;
  }

  #fresh(): TrainerPrograms<Batch> {
    const { model, optimizer, forward, executor } = this.#options;
    return new TrainerPrograms({ model, optimizer, forward }, chooseExecutor(executor).executor);
  }

  #reset(): void {
    this.#programs.dispose();
    this.#programs = this.#fresh();
  }

  end(): void {
    this.#programs.dispose();
    this.#restore();
  }

  #progress(phase: BatchSizePhase, done: number, total: number): void | Promise<void> {
    return this.#options.onProgress?.(phase, done, total);
  }

  async costs(sizes: readonly number[], memoryLimit: number | null): ReturnType<typeof measureBatchCosts> {
    const { batches, signal } = this.#options;
    let done = 0;
    const result = await measureBatchCosts({
      sizes,
      batches,
      memoryLimit,
      signal,
      step: (batch) => void this.#programs.step([batch], false),
      reset: () => this.#reset(),
      onSize: () => this.#progress('cost', ++done, sizes.length),
    });
    this.#restore();
    return result;
  }

  /** Trains; false where the loss is not finite. */
  async train(batchSize: number, steps: number): Promise<boolean> {
    if (steps === 0) return true;
    let step = 0;
    for await (const batch of endless(this.#options.batches(batchSize))) {
      this.#options.signal?.throwIfAborted();
      if (!Number.isFinite(this.#programs.step([batch], false).loss)) return false;
      if (++step === steps) break;
    }
    return true;
  }

  async noise(steps: number, microBatches: number, microSize: number): Promise<NoiseScale> {
    const { forward, executor, signal, batches } = this.#options;
    const meter = gradientMeter(this.#options, forward, chooseExecutor(executor).executor);
    const norms: GradientNorms[] = [];
    let micro: Batch[] = [];
    try {
      for await (const batch of endless(batches(microSize))) {
        signal?.throwIfAborted();
        micro.push(batch);
        if (micro.length < microBatches) continue;
        const record = meter.step(micro);
        micro = [];
        if (record === null) {
          throw new ValueError(
            `findBatchSize(): the loss diverged at learning rate ${this.baseLr}. Find one with findLearningRate() first.`,
          );
        }
        // The rest of an epoch makes a smaller batch, whose norms are of another size.
        if (record.smallSize === microSize) norms.push(record);
        await this.#progress('noise', norms.length, steps);
        if (norms.length === steps) break;
      }
    } finally {
      meter.dispose();
    }
    return noiseScale(norms);
  }

  /** Trains each size on the same number of items from where the model is now. */
  async branches(
    sizes: readonly number[],
    items: number,
    scaling: LearningRateScaling,
    tolerance: number,
    baseSize: number,
  ): Promise<BatchBranch[]> {
    const { model, optimizer } = this.#options;
    const back = remember(this.#options);
    const branches: BatchBranch[] = [];
    for (const [index, batchSize] of sizes.entries()) {
      const lr = scaledLearningRate(this.baseLr, baseSize, batchSize, scaling);
      setLearningRate(optimizer, this.#own, lr);
      const steps = Math.max(1, Math.round(items / batchSize));
      this.#reset();
      const isFinite = await this.train(batchSize, steps);
      const loss = isFinite ? await this.#lossOf(baseSize) : NaN;
      const first = branches[0]?.loss ?? loss;
      const isGood = loss <= first + tolerance * Math.abs(first);
      branches.push({ batchSize, lr, steps, loss, isGood });
      back();
      model.train(true);
      await this.#progress('check', index + 1, sizes.length);
      // The first size that is worse ends the check: larger ones are not better.
      if (!isGood) break;
    }
    return branches;
  }

  async #lossOf(baseSize: number): Promise<number> {
    const { model, validation, batches } = this.#options;
    const some = validation ?? firstOf(batches(baseSize), 10);
    const { loss } = await evaluateWith(model, this.#programs.evaluation, some, {});
    return loss;
  }
}

async function* firstOf<Batch>(batches: AsyncIterable<Batch>, count: number): AsyncGenerator<Batch> {
  let left = count;
  for await (const batch of batches) {
    yield batch;
    if (--left === 0) return;
  }
}
