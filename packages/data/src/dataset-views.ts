import type { Dataset } from './dataset.ts';
import { checkIndex } from './dataset.ts';

/** The items of an array. */
export class ArrayDataset<Item> implements Dataset<Item> {
  readonly #items: readonly Item[];

  constructor(items: readonly Item[]) {
    this.#items = items;
  }

  get size(): number {
    return this.#items.length;
  }

  get(index: number): Item {
    checkIndex('ArrayDataset.get', index, this.size);
    return this.#items[index]!;
  }
}

/** Some items of another data set, in the order of `indices`. */
export class Subset<Item> implements Dataset<Item> {
  readonly #dataset: Dataset<Item>;
  readonly indices: Int32Array;
  readonly batch?: (indices: Int32Array) => unknown;

  constructor(dataset: Dataset<Item>, indices: ArrayLike<number>) {
    this.#dataset = dataset;
    this.indices = Int32Array.from(indices);
    for (const index of this.indices) checkIndex('Subset', index, dataset.size);
    if (dataset.batch !== undefined) {
      this.batch = (wanted) => dataset.batch!(wanted.map((index) => this.indices[index]!));
    }
  }

  get size(): number {
    return this.indices.length;
  }

  get(index: number): Item | Promise<Item> {
    checkIndex('Subset.get', index, this.size);
    return this.#dataset.get(this.indices[index]!);
  }
}

/** Another data set with every item passed through `transform`. */
export class MappedDataset<Source, Item> implements Dataset<Item> {
  readonly #dataset: Dataset<Source>;
  readonly #transform: (item: Source, index: number) => Item;

  constructor(dataset: Dataset<Source>, transform: (item: Source, index: number) => Item) {
    this.#dataset = dataset;
    this.#transform = transform;
  }

  get size(): number {
    return this.#dataset.size;
  }

  get(index: number): Item | Promise<Item> {
    const item = this.#dataset.get(index);
    return item instanceof Promise
      ? item.then((value) => this.#transform(value, index))
      : this.#transform(item, index);
  }
}
