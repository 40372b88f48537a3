import { PhiloxGenerator } from '@nadir/random';
import { DataError } from './data-error.ts';
import type { Dataset } from './dataset.ts';
import { Subset } from './dataset-views.ts';

/** Options of the splits. */
export interface SplitOptions {
  /** The same seed gives the same split. Default 0. */
  readonly seed?: number;
}

/** Sizes from counts or from shares of one: shares are rounded so that they add up, earlier parts first. */
function sizesOf(op: string, parts: readonly number[], total: number): number[] {
  const sum = parts.reduce((a, b) => a + b, 0);
  const shares = Math.abs(sum - 1) < 1e-9 && parts.every((part) => part >= 0 && part <= 1);
  const counts = parts.every((part) => Number.isInteger(part) && part >= 0) && sum === total;
  if (parts.length === 0 || !(counts || (shares && !counts))) {
    throw new DataError(
      `${op}(): parts must be whole numbers that add up to ${total} or shares that add up to 1, got [${parts.join(', ')}].`,
    );
  }
  if (counts) return [...parts];
  let share = 0;
  let used = 0;
  return parts.map((part) => {
    share += part;
    const size = Math.round(share * total) - used;
    used += size;
    return size;
  });
}

function cut(indices: Int32Array, sizes: readonly number[]): Int32Array[] {
  let start = 0;
  return sizes.map((size) => indices.slice(start, (start += size)));
}

/**
 * Parts of a data set, drawn without replacement: `parts` are counts that add up to its size, or shares that add up to 1.
 *
 * @throws DataError where they do not.
 *
 * @example
 * ```ts
 * import { ArrayDataset, randomSplit } from '@nadir/data';
 * const [train, validation] = randomSplit(new ArrayDataset([1, 2, 3, 4, 5]), [0.8, 0.2]);
 * [train!.size, validation!.size]; // => [ 4, 1 ]
 * ```
 */
export function randomSplit<Item>(
  dataset: Dataset<Item>,
  parts: readonly number[],
  { seed = 0 }: SplitOptions = {},
): Subset<Item>[] {
  const sizes = sizesOf('randomSplit', parts, dataset.size);
  const order = new PhiloxGenerator({ seed }).fork('randomSplit').permutation(dataset.size);
  return cut(order, sizes).map((indices) => new Subset(dataset, indices));
}

/**
 * Parts in which every class has the same share as in the whole, to within one item: `labels` gives the class of every
 * item, `parts` are as in `randomSplit`. The order within a part is random.
 *
 * @throws DataError where labels and items, or parts and size, do not agree.
 */
export function stratifiedSplit<Item>(
  dataset: Dataset<Item>,
  labels: ArrayLike<number>,
  parts: readonly number[],
  { seed = 0 }: SplitOptions = {},
): Subset<Item>[] {
  if (labels.length !== dataset.size) {
    throw new DataError(
      `stratifiedSplit(): needs a label per item, got ${labels.length} for ${dataset.size} items.`,
    );
  }
  const sizes = sizesOf('stratifiedSplit', parts, dataset.size);
  const generator = new PhiloxGenerator({ seed }).fork('stratifiedSplit');
  const order = generator.permutation(dataset.size);
  // Sorted by class with random order within, items at even distances form a part: each class gets its share of it.
  const byClass = Array.from(order).sort((a, b) => labels[a]! - labels[b]!);
  const owner = evenly(sizes, dataset.size);
  const members: number[][] = sizes.map(() => []);
  for (const [position, index] of byClass.entries()) members[owner[position]!]!.push(index);
  return members.map((indices) => new Subset(dataset, generator.shuffle(Int32Array.from(indices))));
}

/** The part of each position, so that every run of positions holds the parts in proportion to their sizes. */
function evenly(sizes: readonly number[], total: number): Uint32Array {
  const owner = new Uint32Array(total);
  const given = sizes.map(() => 0);
  for (let position = 0; position < total; position++) {
    let best = -1;
    let lag = -Infinity;
    for (const [part, size] of sizes.entries()) {
      const behind = ((position + 1) * size) / total - given[part]!;
      if (given[part]! < size && behind > lag) {
        lag = behind;
        best = part;
      }
    }
    owner[position] = best;
    given[best]!++;
  }
  return owner;
}
