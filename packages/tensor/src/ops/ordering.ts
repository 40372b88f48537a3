import { apply } from '../dispatch.ts';
import { ValueError } from '../errors.ts';
import { normalizeAxis } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { gatherAlong } from './indexing.ts';

/** Options of sorting. */
export interface OrderOptions {
  /** From the greatest to the smallest. Default false. */
  readonly descending?: boolean;
}

/** Options of `topk()`. */
export interface TopkOptions {
  /** The greatest elements, or with false the smallest. Default true. */
  readonly largest?: boolean;
}

/** Elements in order, and where each was. */
export interface Sorted {
  readonly values: Tensor;
  /** int32 positions along the axis. */
  readonly indices: Tensor;
}

function order(op: string, x: Tensor, axis: number, descending: boolean, count?: number): Sorted {
  const along = normalizeAxis(op, axis, x.rank);
  const indices = apply('argSort', [x], { axis: along, descending, count: count ?? x.shape[along]! });
  return { values: gatherAlong(x, indices, along), indices };
}

/**
 * The elements of every line along an axis in order, and where they were. Equal ones keep their order; NaN counts as
 * greatest. Gradients pass to the elements.
 *
 * @param axis default −1, the last
 * @throws ShapeError if the axis is out of range
 * @example
 * ```ts
 * import { sort, tensor } from '@nadir/tensor';
 * const { values, indices } = sort(tensor([3, 1, 2]));
 * values.toArray(); // => [1, 2, 3]
 * indices.toArray(); // => [1, 2, 0]
 * ```
 */
export function sort(x: Tensor, axis = -1, options: OrderOptions = {}): Sorted {
  return order('sort', x, axis, options.descending ?? false);
}

/**
 * int32 positions along an axis that put its elements in order. Equal ones keep their order; NaN counts as greatest.
 *
 * @param axis default −1, the last
 * @throws ShapeError if the axis is out of range
 * @example
 * ```ts
 * import { argsort, tensor } from '@nadir/tensor';
 * argsort(tensor([3, 1, 2]), -1, { descending: true }).toArray(); // => [0, 2, 1]
 * ```
 */
export function argsort(x: Tensor, axis = -1, options: OrderOptions = {}): Tensor {
  const along = normalizeAxis('argsort', axis, x.rank);
  return apply('argSort', [x], {
    axis: along,
    descending: options.descending ?? false,
    count: x.shape[along]!,
  });
}

/**
 * The `count` greatest elements of every line along an axis, the greatest first, and where they were. Of equal ones
 * the first comes first; NaN counts as greatest. Gradients pass to the elements.
 *
 * @param axis default −1, the last
 * @param options `largest: false` gives the smallest, the smallest first
 * @throws ValueError for a count that is not whole, negative or above the size of the axis
 * @example
 * ```ts
 * import { tensor, topk } from '@nadir/tensor';
 * topk(tensor([3, 1, 2]), 2).values.toArray(); // => [3, 2]
 * ```
 */
export function topk(x: Tensor, count: number, axis = -1, options: TopkOptions = {}): Sorted {
  const size = x.shape[normalizeAxis('topk', axis, x.rank)]!;
  if (!Number.isInteger(count) || count < 0 || count > size) {
    throw new ValueError(
      `topk(): count must be a whole number from 0 to the size of the axis, got ${count} and ${size}.`,
    );
  }
  return order('topk', x, axis, options.largest ?? true, count);
}
