import type { Tensor } from '@nadir/tensor';
import { defaultCollate } from './collate.ts';
import { DataError } from './data-error.ts';
import type { Dataset } from './dataset.ts';
import { randomSampler } from './samplers/random-sampler.ts';
import type { Sampler } from './samplers/sampler.ts';
import { sequentialSampler } from './samplers/sequential-sampler.ts';

/** What the default collate function makes of items. */
export type Collated<Item> = Item extends Tensor | number | boolean
  ? Tensor
  : Item extends string
    ? readonly string[]
    : { [Key in keyof Item]: Collated<Item[Key]> };

/** Options of {@link DataLoader}. */
export interface DataLoaderOptions<Item, Batch> {
  /** Items per batch. Default 1. */
  readonly batchSize?: number;
  /** Visit the items in a new random order in every epoch. Default false. */
  readonly shuffle?: boolean;
  /** Seed of the order. Default 0. */
  readonly seed?: number;
  /** An order of one's own, in place of `shuffle`. */
  readonly sampler?: Sampler;
  /** Leave out a last batch that is not full. Default false. */
  readonly dropLast?: boolean;
  /** How items become a batch. Default: {@link defaultCollate}, or the data set's own `batch`. */
  readonly collate?: (items: readonly Item[]) => Batch;
}

/** Where a loader is: the epoch, and how many of its batches were given out. */
export interface DataLoaderState {
  readonly epoch: number;
  readonly batch: number;
}

/**
 * Batches of a data set. Each iteration is one epoch and has an order of its own; `for … of` needs a data set that reads
 * its items at once, `for await … of` takes any.
 *
 * @throws DataError for a batch size below 1, or `shuffle` beside `sampler`.
 *
 * @example
 * ```ts
 * import { DataLoader, TensorDataset } from '@nadir/data';
 * import { arange } from '@nadir/tensor';
 * const loader = new DataLoader(new TensorDataset(arange(10)), { batchSize: 4 });
 * Array.from(loader, ([x]) => x.size); // => [ 4, 4, 2 ]
 * ```
 */
export class DataLoader<Item, Batch = Collated<Item>> implements Iterable<Batch>, AsyncIterable<Batch> {
  readonly dataset: Dataset<Item>;
  readonly batchSize: number;
  readonly #sampler: Sampler;
  readonly #dropLast: boolean;
  readonly #collate: ((items: readonly Item[]) => Batch) | undefined;
  #epoch = 0;
  #batch = 0;
  /** Where the next iteration begins: not at 0 only after `loadStateDict()`. */
  #first = 0;

  constructor(dataset: Dataset<Item>, options: DataLoaderOptions<Item, Batch> = {}) {
    const { batchSize = 1, shuffle = false, seed = 0, sampler, dropLast = false, collate } = options;
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new DataError(`DataLoader(): batchSize must be a whole number of at least 1, got ${batchSize}.`);
    }
    if (shuffle && sampler !== undefined) {
      throw new DataError(
        'DataLoader(): shuffle and sampler exclude each other. A sampler has its own order.',
      );
    }
    this.dataset = dataset;
    this.batchSize = batchSize;
    this.#dropLast = dropLast;
    this.#collate = collate;
    this.#sampler =
      sampler ?? (shuffle ? randomSampler(dataset.size, { seed }) : sequentialSampler(dataset.size));
  }

  /** Batches per epoch. */
  get length(): number {
    const batches = this.#sampler.size / this.batchSize;
    return this.#dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  *[Symbol.iterator](): Generator<Batch, void> {
    for (const indices of this.#batches()) {
      const batch = this.#load(indices);
      if (batch instanceof Promise) {
        throw new DataError(
          'DataLoader(): this data set reads its items asynchronously. Use for await … of.',
        );
      }
      yield batch;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void> {
    for (const indices of this.#batches()) yield await this.#load(indices);
  }

  /** Where the loader is; an iteration after `loadStateDict()` goes on from there. */
  stateDict(): DataLoaderState {
    return { epoch: this.#epoch, batch: this.#batch };
  }

  /** Throws a DataError unless both numbers are whole and at least 0. */
  loadStateDict({ epoch, batch }: DataLoaderState): void {
    if (
      !Number.isInteger(epoch) ||
      !Number.isInteger(batch) ||
      epoch < 0 ||
      batch < 0 ||
      batch > this.length
    ) {
      throw new DataError(
        `loadStateDict(): epoch and batch must be whole numbers within the data, got ${epoch} and ${batch}.`,
      );
    }
    this.#epoch = epoch;
    this.#batch = batch;
    this.#first = batch;
  }

  /**
   * Index arrays of the batches that are left of this epoch. Abandoned iterations end the epoch too. An iteration within
   * another has a place of its own, and `stateDict()` tells that of the last to give out a batch.
   */
  *#batches(): Generator<Int32Array, void> {
    const epoch = this.#epoch;
    const order = this.#sampler.indices(epoch);
    let batch = this.#first;
    this.#first = 0;
    try {
      while (batch < this.length) {
        const start = batch * this.batchSize;
        this.#epoch = epoch;
        this.#batch = ++batch;
        yield order.slice(start, start + this.batchSize);
      }
    } finally {
      this.#epoch = epoch + 1;
      this.#batch = 0;
    }
  }

  #load(indices: Int32Array): Batch | Promise<Batch> {
    if (this.#collate === undefined && this.dataset.batch !== undefined)
      return this.dataset.batch(indices) as Batch;
    const items = Array.from(indices, (index) => this.dataset.get(index));
    const collate = this.#collate ?? (defaultCollate as (items: readonly Item[]) => Batch);
    return items.some((item) => item instanceof Promise)
      ? Promise.all(items).then(collate)
      : collate(items as readonly Item[]);
  }
}
