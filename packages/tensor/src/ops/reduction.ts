import { apply } from '../dispatch.ts';
import { ShapeError } from '../errors.ts';
import { toFloat, type Axes, type KeepDims } from '../operands.ts';
import type { ReductionName } from '../primitives.ts';
import { formatShape, normalizeAxes, normalizeAxis, reducedShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { eq, ne } from './comparison.ts';
import { takeAlongAxis } from './indexing.ts';

/** The extreme elements along an axis, and where they are. */
export interface Extreme {
  readonly values: Tensor;
  /** int32: the first position of each along the axis. */
  readonly indices: Tensor;
}

function reduce(
  op: string,
  name: ReductionName,
  x: Tensor,
  axes: Axes | undefined,
  { keepDims = false }: KeepDims,
): Tensor {
  const normal = normalizeAxes(op, axes, x.rank);
  if (name === 'max' || name === 'min') checkNotEmpty(op, x, normal);
  const result = apply(name, [x], { axes: normal });
  return keepDims ? apply('reshape', [result], { shape: reducedShape(x.shape, normal, true) }) : result;
}

function checkNotEmpty(op: string, x: Tensor, axes: readonly number[]): void {
  const empty = axes.find((axis) => x.shape[axis] === 0);
  if (empty === undefined) return;
  throw new ShapeError(
    `${op}(): no elements have no extreme, got shape ${formatShape(x.shape)} over axis ${empty}. ` +
      'Reduce over axes of size 1 or more.',
  );
}

/**
 * The sum over axes, all by default. bool and uint8 give int32, which wraps; of no elements 0. Options: keepDims. Throws a
 * ShapeError for axes out of range.
 *
 * @example
 * ```ts
 * import { sum, tensor } from '@nadir/tensor';
 * sum(tensor([[1, 2], [3, 4]]), 0).toArray(); // => [4, 6]
 * ```
 */
export function sum(x: Tensor, axes?: Axes, options: KeepDims = {}): Tensor {
  return reduce('sum', 'sum', x, axes, options);
}

/**
 * The product over axes, all by default. bool and uint8 give int32, which wraps; of no elements 1. Options: keepDims.
 * Throws a ShapeError for axes out of range.
 *
 * @example
 * ```ts
 * import { prod, tensor } from '@nadir/tensor';
 * prod(tensor([[1, 2], [3, 4]]), 1).toArray(); // => [2, 12]
 * ```
 */
export function prod(x: Tensor, axes?: Axes, options: KeepDims = {}): Tensor {
  return reduce('prod', 'prod', x, axes, options);
}

/**
 * The arithmetic mean over axes, all by default; of no elements NaN. Integers become float32. Options: keepDims. Throws a
 * ShapeError for axes out of range.
 *
 * @example
 * ```ts
 * import { mean, tensor } from '@nadir/tensor';
 * mean(tensor([[1, 2], [3, 4]])).item(); // => 2.5
 * ```
 */
export function mean(x: Tensor, axes?: Axes, options: KeepDims = {}): Tensor {
  const total = reduce('mean', 'sum', toFloat(x), axes, options);
  return total.div(countOf('mean', x, axes));
}

/** How many elements each result of a reduction comes from. Throws a ShapeError that names `op`. */
export function countOf(op: string, x: Tensor, axes: Axes | undefined): number {
  if (axes === undefined) return x.size;
  return sizeOf(normalizeAxes(op, axes, x.rank).map((axis) => x.shape[axis]!));
}

/**
 * The greatest element over axes, all by default; NaN if there is one. Equal extremes share the gradient. Options: keepDims.
 * Throws a ShapeError for axes out of range or of size 0.
 *
 * @example
 * ```ts
 * import { amax, tensor } from '@nadir/tensor';
 * amax(tensor([[1, 5], [3, 4]]), 1).toArray(); // => [5, 4]
 * ```
 */
export function amax(x: Tensor, axes?: Axes, options: KeepDims = {}): Tensor {
  return reduce('amax', 'max', x, axes, options);
}

/**
 * The smallest element over axes, all by default; NaN if there is one. Equal extremes share the gradient. Options: keepDims.
 * Throws a ShapeError for axes out of range or of size 0.
 *
 * @example
 * ```ts
 * import { amin, tensor } from '@nadir/tensor';
 * amin(tensor([[1, 5], [3, 4]]), 1).toArray(); // => [1, 3]
 * ```
 */
export function amin(x: Tensor, axes?: Axes, options: KeepDims = {}): Tensor {
  return reduce('amin', 'min', x, axes, options);
}

function extreme(
  op: string,
  name: 'argMax' | 'argMin',
  x: Tensor,
  axis: number,
  { keepDims = false }: KeepDims,
): Extreme {
  const normal = normalizeAxis(op, axis, x.rank);
  checkNotEmpty(op, x, [normal]);
  const kept = reducedShape(x.shape, [normal], true);
  const indices = apply(name, [x], { axis: normal });
  const column = apply('reshape', [indices], { shape: kept });
  const values = takeAlongAxis(x, column, normal);
  if (keepDims) return { values, indices: column };
  return { values: apply('reshape', [values], { shape: indices.shape }), indices };
}

/**
 * The greatest element of all; with an axis, the greatest along it and the first index of each. NaN counts as greatest.
 * With an axis the gradient goes to that first index, without one equal extremes share it. Options: keepDims. Throws a
 * ShapeError for an axis out of range or of size 0.
 *
 * @example
 * ```ts
 * import { max, tensor } from '@nadir/tensor';
 * max(tensor([[1, 5], [4, 4]])).item(); // => 5
 * max(tensor([[1, 5], [4, 4]]), 1).indices.toArray(); // => [1, 0]
 * ```
 */
export function max(x: Tensor): Tensor;
export function max(x: Tensor, axis: number, options?: KeepDims): Extreme;
export function max(x: Tensor, axis?: number, options: KeepDims = {}): Tensor | Extreme {
  return axis === undefined
    ? reduce('max', 'max', x, undefined, {})
    : extreme('max', 'argMax', x, axis, options);
}

/**
 * The smallest element of all; with an axis, the smallest along it and the first index of each. NaN counts as smallest.
 * With an axis the gradient goes to that first index, without one equal extremes share it. Options: keepDims. Throws a
 * ShapeError for an axis out of range or of size 0.
 *
 * @example
 * ```ts
 * import { min, tensor } from '@nadir/tensor';
 * min(tensor([[1, 5], [4, 4]])).item(); // => 1
 * min(tensor([[1, 5], [4, 4]]), 1).values.toArray(); // => [1, 4]
 * ```
 */
export function min(x: Tensor): Tensor;
export function min(x: Tensor, axis: number, options?: KeepDims): Extreme;
export function min(x: Tensor, axis?: number, options: KeepDims = {}): Tensor | Extreme {
  return axis === undefined
    ? reduce('min', 'min', x, undefined, {})
    : extreme('min', 'argMin', x, axis, options);
}

function argExtreme(
  op: string,
  name: 'argMax' | 'argMin',
  x: Tensor,
  axis: number | undefined,
  { keepDims = false }: KeepDims,
): Tensor {
  if (axis === undefined) {
    checkNotEmpty(
      op,
      x,
      x.shape.map((_, i) => i),
    );
    const flat = apply('reshape', [x], { shape: [x.size] });
    const index = apply(name, [flat], { axis: 0 });
    return keepDims ? apply('reshape', [index], { shape: x.shape.map(() => 1) }) : index;
  }
  const normal = normalizeAxis(op, axis, x.rank);
  checkNotEmpty(op, x, [normal]);
  const index = apply(name, [x], { axis: normal });
  return keepDims ? apply('reshape', [index], { shape: reducedShape(x.shape, [normal], true) }) : index;
}

/**
 * The first index of the greatest element along an axis, or in row-major order of all, as int32. NaN counts as greatest.
 * Options: keepDims. Throws a ShapeError for an axis out of range or of size 0.
 *
 * @example
 * ```ts
 * import { argmax, tensor } from '@nadir/tensor';
 * argmax(tensor([[1, 5], [7, 4]]), 1).toArray(); // => [1, 0]
 * argmax(tensor([[1, 5], [7, 4]])).item(); // => 2
 * ```
 */
export function argmax(x: Tensor, axis?: number, options: KeepDims = {}): Tensor {
  return argExtreme('argmax', 'argMax', x, axis, options);
}

/**
 * The first index of the smallest element along an axis, or in row-major order of all, as int32. NaN counts as smallest.
 * Options: keepDims. Throws a ShapeError for an axis out of range or of size 0.
 *
 * @example
 * ```ts
 * import { argmin, tensor } from '@nadir/tensor';
 * argmin(tensor([[1, 5], [7, 4]]), 1).toArray(); // => [0, 1]
 * argmin(tensor([[1, 5], [7, 4]])).item(); // => 0
 * ```
 */
export function argmin(x: Tensor, axis?: number, options: KeepDims = {}): Tensor {
  return argExtreme('argmin', 'argMin', x, axis, options);
}

/**
 * Whether any element over the axes, all by default, is other than 0, as bool; of no elements false. Options: keepDims.
 * Throws a ShapeError for axes out of range.
 *
 * @example
 * ```ts
 * import { any, tensor } from '@nadir/tensor';
 * any(tensor([[true, false], [false, false]]), 1).toArray(); // => [true, false]
 * ```
 */
export function any(x: Tensor, axes?: Axes, options: KeepDims = {}): Tensor {
  return ne(reduce('any', 'sum', x.cast('bool'), axes, options), 0);
}

/**
 * Whether all elements over the axes, all by default, are other than 0, as bool; of no elements true. Options: keepDims.
 * Throws a ShapeError for axes out of range.
 *
 * @example
 * ```ts
 * import { all, tensor } from '@nadir/tensor';
 * all(tensor([[true, true], [true, false]]), 1).toArray(); // => [true, false]
 * ```
 */
export function all(x: Tensor, axes?: Axes, options: KeepDims = {}): Tensor {
  return eq(reduce('all', 'sum', x.logicalNot(), axes, options), 0);
}

/**
 * Running sums along an axis. bool and uint8 give int32, which wraps. Throws a ShapeError for an axis out of range.
 *
 * @example
 * ```ts
 * import { cumsum, tensor } from '@nadir/tensor';
 * cumsum(tensor([1, 2, 3]), 0).toArray(); // => [1, 3, 6]
 * ```
 */
export function cumsum(x: Tensor, axis: number): Tensor {
  return apply('cumSum', [x], { axis: normalizeAxis('cumsum', axis, x.rank), reverse: false });
}
