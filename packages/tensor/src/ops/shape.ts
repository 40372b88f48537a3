// Over 500 lines: every operation carries its documentation and an example; the code is half of it.
import { apply } from '../dispatch.ts';
import { dtypes, type DType } from '../dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../errors.ts';
import { binary, expandTo, type Axes, type PadWidths } from '../operands.ts';
import { none } from '../primitives.ts';
import {
  checkInteger,
  checkShape,
  formatShape,
  normalizeAxes,
  normalizeAxis,
  sameShape,
  sizeOf,
  type Shape,
} from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { elementOf } from './creation.ts';

function reshapeTo(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : apply('reshape', [x], { shape });
}

/**
 * The elements of `x`, in row-major order, in another shape: a view where strides allow, else a copy.
 *
 * @param shape sizes with the same product; one of them may be −1 and is then worked out
 * @throws ShapeError if the sizes do not fit
 * @example
 * ```ts
 * import { arange, reshape } from '@nadir/tensor';
 * reshape(arange(6), [2, -1]).shape; // => [2, 3]
 * ```
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const unknown = Array.isArray(shape) ? shape.indexOf(-1) : -1;
  if (unknown === -1) {
    checkShape('reshape', shape);
    if (sizeOf(shape) !== x.size) {
      throw new ShapeError(
        `reshape(): the sizes must keep the number of elements, got ${formatShape(shape)} with ${sizeOf(shape)} ` +
          `for ${formatShape(x.shape)} with ${x.size}.`,
      );
    }
    return reshapeTo(x, shape);
  }
  const known = shape.filter((_, axis) => axis !== unknown);
  if (known.includes(-1)) {
    throw new ShapeError(`reshape(): only one size may be -1, got ${formatShape(shape)}.`);
  }
  checkShape('reshape', known);
  const rest = sizeOf(known);
  if (rest === 0 || x.size % rest !== 0) {
    const why =
      rest === 0
        ? 'beside a size of 0 every number would do. Write the size.'
        : `${x.size} elements are not a multiple of ${rest}.`;
    throw new ShapeError(
      `reshape(): -1 cannot be worked out, got ${formatShape(shape)} for ${formatShape(x.shape)}: ${why}`,
    );
  }
  return reshapeTo(x, shape.with(unknown, x.size / rest));
}

/**
 * Merges the axes from `start` to `end`, both included; a scalar becomes `[1]`. A view where strides allow.
 *
 * @param start first axis to merge; default 0
 * @param end last axis to merge; default −1, the last
 * @throws ShapeError if an axis is out of range or `end` comes before `start`
 * @example
 * ```ts
 * import { flatten, zeros } from '@nadir/tensor';
 * flatten(zeros([8, 3, 4, 4]), 1).shape; // => [8, 48]
 * ```
 */
export function flatten(x: Tensor, start = 0, end = -1): Tensor {
  if (x.rank === 0) return reshapeTo(x, [1]);
  const first = normalizeAxis('flatten', start, x.rank);
  const last = normalizeAxis('flatten', end, x.rank);
  if (last < first) {
    throw new ShapeError(
      `flatten(): end must not come before start, got ${start} and ${end} for ${x.rank} axes.`,
    );
  }
  const merged = sizeOf(x.shape.slice(first, last + 1));
  return reshapeTo(x, [...x.shape.slice(0, first), merged, ...x.shape.slice(last + 1)]);
}

/**
 * Reorders the axes, as a view: axis i of the result is axis `axes[i]` of `x`.
 *
 * @throws ShapeError unless `axes` names every axis once
 * @example
 * ```ts
 * import { permute, zeros } from '@nadir/tensor';
 * permute(zeros([2, 3, 4]), [2, 0, 1]).shape; // => [4, 2, 3]
 * ```
 */
export function permute(x: Tensor, axes: readonly number[]): Tensor {
  if (!Array.isArray(axes)) {
    throw new ShapeError(`permute(): axes must be an array, got ${String(axes)}. Write permute([1, 0]).`);
  }
  const order = axes.map((axis) => normalizeAxis('permute', axis, x.rank));
  if (order.length !== x.rank || new Set(order).size !== order.length) {
    throw new ShapeError(
      `permute(): axes must name each of the ${x.rank} axes once, got ${formatShape(axes)} for shape ${formatShape(x.shape)}.`,
    );
  }
  return order.every((axis, i) => axis === i) ? x : apply('permute', [x], { axes: order });
}

/**
 * Swaps two axes, as a view; by default the last two: the transpose of a matrix, or of each matrix of a batch.
 *
 * @throws ShapeError if an axis is out of range, so also for a vector without arguments
 * @example
 * ```ts
 * import { tensor, transpose } from '@nadir/tensor';
 * transpose(tensor([[1, 2, 3], [4, 5, 6]])).toArray(); // => [[1, 4], [2, 5], [3, 6]]
 * ```
 */
export function transpose(x: Tensor, a = -2, b = -1): Tensor {
  const first = normalizeAxis('transpose', a, x.rank);
  const second = normalizeAxis('transpose', b, x.rank);
  if (first === second) return x;
  const axes = [...x.shape];
  for (let axis = 0; axis < axes.length; axis++) axes[axis] = axis;
  axes[first] = second;
  axes[second] = first;
  return apply('permute', [x], { axes });
}

/**
 * Moves one axis to another place, the others keeping their order; a view.
 *
 * @throws ShapeError if an axis is out of range
 * @example
 * ```ts
 * import { moveAxis, zeros } from '@nadir/tensor';
 * moveAxis(zeros([2, 3, 4]), 0, -1).shape; // => [3, 4, 2]
 * ```
 */
export function moveAxis(x: Tensor, from: number, to: number): Tensor {
  const source = normalizeAxis('moveAxis', from, x.rank);
  const target = normalizeAxis('moveAxis', to, x.rank);
  const axes = x.shape.map((_, axis) => axis).filter((axis) => axis !== source);
  return permute(x, axes.toSpliced(target, 0, source));
}

function checkBroadcast(op: string, from: Shape, shape: Shape): void {
  const lead = shape.length - from.length;
  const fits = lead >= 0 && from.every((size, axis) => size === 1 || size === shape[axis + lead]);
  if (!fits) {
    throw new ShapeError(
      `${op}(): the shape must follow by repeating axes of size 1 and adding leading axes, ` +
        `got ${formatShape(from)} and ${formatShape(shape)}.`,
    );
  }
}

/**
 * Repeats axes of size 1, and adds leading axes, as a view without a copy (torch's `expand`).
 *
 * @param shape the new sizes; −1 keeps the size of an axis that `x` has
 * @throws ShapeError if another axis than one of size 1 would change
 * @example
 * ```ts
 * import { expand, tensor } from '@nadir/tensor';
 * expand(tensor([[1], [2]]), [-1, 3]).toArray(); // => [[1, 1, 1], [2, 2, 2]]
 * ```
 */
export function expand(x: Tensor, shape: Shape): Tensor {
  if (!Array.isArray(shape)) checkShape('expand', shape);
  const lead = shape.length - x.rank;
  const sizes = [...shape];
  for (let axis = Math.max(0, lead); axis < sizes.length; axis++) {
    if (sizes[axis] === -1) sizes[axis] = x.shape[axis - lead]!;
  }
  checkShape('expand', sizes);
  checkBroadcast('expand', x.shape, sizes);
  return expandTo(x, sizes);
}

/**
 * Broadcasts to `shape` by NumPy's rules, as a view without a copy.
 *
 * @throws ShapeError if `x` does not broadcast to that shape
 * @example
 * ```ts
 * import { broadcastTo, tensor } from '@nadir/tensor';
 * broadcastTo(tensor([1, 2]), [2, 2]).toArray(); // => [[1, 2], [1, 2]]
 * ```
 */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  checkShape('broadcastTo', shape);
  return broadcastFor('broadcastTo', x, shape);
}

/** {@link broadcastTo} within another operation, which its message names. */
export function broadcastFor(op: string, x: Tensor, shape: Shape): Tensor {
  checkBroadcast(op, x.shape, shape);
  return expandTo(x, shape);
}

/**
 * Drops axes of size 1, as a view.
 *
 * @param axes which to drop; default all that have size 1
 * @throws ShapeError if a named axis has another size (as in NumPy; torch would leave it)
 * @example
 * ```ts
 * import { squeeze, zeros } from '@nadir/tensor';
 * squeeze(zeros([1, 3, 1])).shape; // => [3]
 * ```
 */
export function squeeze(x: Tensor, axes?: Axes): Tensor {
  if (axes === undefined)
    return reshapeTo(
      x,
      x.shape.filter((size) => size !== 1),
    );
  const dropped = normalizeAxes('squeeze', axes, x.rank);
  for (const axis of dropped) {
    if (x.shape[axis] !== 1) {
      throw new ShapeError(
        `squeeze(): only axes of size 1 can be dropped, got axis ${axis} of shape ${formatShape(x.shape)}.`,
      );
    }
  }
  return reshapeTo(
    x,
    x.shape.filter((_, axis) => !dropped.includes(axis)),
  );
}

/**
 * Adds an axis of size 1, as a view.
 *
 * @param axis its place in the result, from −(rank + 1) to rank
 * @throws ShapeError if the axis is out of range
 * @example
 * ```ts
 * import { unsqueeze, zeros } from '@nadir/tensor';
 * unsqueeze(zeros([3]), -1).shape; // => [3, 1]
 * ```
 */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  const place = normalizeAxis('unsqueeze', axis, x.rank + 1);
  return reshapeTo(x, x.shape.toSpliced(place, 0, 1));
}

/**
 * Reverses the order of the elements along axes, as a view.
 *
 * @param axes default all
 * @throws ShapeError if an axis is out of range or named twice
 * @example
 * ```ts
 * import { flip, tensor } from '@nadir/tensor';
 * flip(tensor([1, 2, 3])).toArray(); // => [3, 2, 1]
 * ```
 */
export function flip(x: Tensor, axes?: Axes): Tensor {
  const reversed = normalizeAxes('flip', axes, x.rank);
  return reversed.length === 0 ? x : apply('flip', [x], { axes: reversed });
}

/** Elements `start` to `stop` of one axis, as a view. */
function narrow(x: Tensor, axis: number, start: number, stop: number): Tensor {
  if (start === 0 && stop === x.shape[axis]) return x;
  return apply('slice', [x], {
    starts: x.shape.map((_, i) => (i === axis ? start : 0)),
    stops: x.shape.map((size, i) => (i === axis ? stop : size)),
    steps: x.shape.map(() => 1),
  });
}

/**
 * Shifts elements along axes; what leaves at the end comes back at the beginning.
 *
 * @param shift places to move, towards higher indices when positive; one number for all axes or one for each
 * @param axes default: `x` is shifted in row-major order, as if flat
 * @throws ShapeError if an axis is out of range, ValueError unless there is a whole shift for every axis
 * @example
 * ```ts
 * import { roll, tensor } from '@nadir/tensor';
 * roll(tensor([1, 2, 3, 4]), 1).toArray(); // => [4, 1, 2, 3]
 * ```
 */
export function roll(x: Tensor, shift: number | readonly number[], axes?: Axes): Tensor {
  if (axes === undefined) {
    if (typeof shift !== 'number')
      throw new ValueError('roll(): several shifts need as many axes, got no axes.');
    return reshapeTo(roll(flatten(x), shift, 0), x.shape);
  }
  const list = typeof axes === 'number' ? [axes] : axes;
  const shifts = typeof shift === 'number' ? list.map(() => shift) : shift;
  if (shifts.length !== list.length || !shifts.every(Number.isInteger)) {
    throw new ValueError(
      `roll(): needs a whole shift for every axis, got shifts [${shifts.join(', ')}] and axes [${list.join(', ')}].`,
    );
  }
  return list.reduce((rolled, axis, i) => {
    const along = normalizeAxis('roll', axis, x.rank);
    const size = x.shape[along]!;
    // −s mod n is where the first element of the result is found.
    const start = size === 0 ? 0 : ((-shifts[i]! % size) + size) % size;
    if (start === 0) return rolled;
    return apply('concat', [narrow(rolled, along, start, size), narrow(rolled, along, 0, start)], {
      axis: along,
    });
  }, x);
}

/**
 * Repeats every element `count` times in a row (NumPy's `repeat`; torch's `repeatInterleave`). See {@link tile} for whole copies.
 *
 * @param axis default: `x` is flattened first
 * @throws ValueError unless `count` is a whole number ≥ 0, ShapeError if the axis is out of range
 * @example
 * ```ts
 * import { repeat, tensor } from '@nadir/tensor';
 * repeat(tensor([1, 2]), 2).toArray(); // => [1, 1, 2, 2]
 * ```
 */
export function repeat(x: Tensor, count: number, axis?: number): Tensor {
  checkInteger('repeat', 'count', count, 0);
  if (axis === undefined) return repeat(flatten(x), count, 0);
  const along = normalizeAxis('repeat', axis, x.rank);
  const repeated = x.shape.toSpliced(along + 1, 0, count);
  const shape = x.shape.with(along, x.shape[along]! * count);
  checkShape('repeat', shape);
  return reshapeTo(expandTo(unsqueeze(x, along + 1), repeated), shape);
}

/**
 * Lays copies of `x` side by side, `counts[i]` times along axis i (NumPy's `tile`; torch's `repeat`).
 *
 * @param counts whole numbers ≥ 0, matched with the last axes; more counts than axes add leading axes
 * @throws ValueError for another count
 * @example
 * ```ts
 * import { tensor, tile } from '@nadir/tensor';
 * tile(tensor([1, 2]), [2, 2]).toArray(); // => [[1, 2, 1, 2], [1, 2, 1, 2]]
 * ```
 */
export function tile(x: Tensor, counts: readonly number[]): Tensor {
  if (!Array.isArray(counts)) {
    throw new ValueError(
      `tile(): counts must be an array, got ${String(counts)}. Write [${String(counts)}].`,
    );
  }
  for (const count of counts) checkInteger('tile', 'every count', count, 0);
  const rank = Math.max(x.rank, counts.length);
  const sizes = [...new Array<number>(rank - x.rank).fill(1), ...x.shape];
  const times = [...new Array<number>(rank - counts.length).fill(1), ...counts];
  const shape = sizes.map((size, axis) => size * times[axis]!);
  checkShape('tile', shape);
  const apart = reshapeTo(
    x,
    sizes.flatMap((size) => [1, size]),
  );
  return reshapeTo(
    expandTo(
      apart,
      sizes.flatMap((size, axis) => [times[axis]!, size]),
    ),
    shape,
  );
}

/**
 * Cuts an axis into views.
 *
 * @param sizes the size of every part (the last may be smaller), or the list of all sizes
 * @param axis default 0
 * @throws ValueError for a size that is not whole and positive, ShapeError if listed sizes do not add up to the axis
 * @example
 * ```ts
 * import { arange, split } from '@nadir/tensor';
 * split(arange(5), [2, 3])[1]!.toArray(); // => [2, 3, 4]
 * ```
 */
export function split(x: Tensor, sizes: number | readonly number[], axis = 0): Tensor[] {
  const along = normalizeAxis('split', axis, x.rank);
  const total = x.shape[along]!;
  if (typeof sizes === 'number') {
    checkInteger('split', 'the size of a part', sizes, 1);
    const count = Math.max(1, Math.ceil(total / sizes));
    return Array.from({ length: count }, (_, i) =>
      narrow(x, along, i * sizes, Math.min(total, (i + 1) * sizes)),
    );
  }
  for (const size of sizes) checkInteger('split', 'every size', size, 0);
  const sum = sizes.reduce((a, b) => a + b, 0);
  if (sum !== total) {
    throw new ShapeError(
      `split(): sizes must add up to axis ${along} of shape ${formatShape(x.shape)}, got [${sizes.join(', ')}] with sum ${sum}.`,
    );
  }
  let stop = 0;
  return sizes.map((size) => {
    const start = stop;
    stop += size;
    return narrow(x, along, start, stop);
  });
}

/**
 * Cuts an axis into at most `count` views of size ⌈size / count⌉, the last smaller, as torch does.
 *
 * @param axis default 0
 * @throws ValueError unless `count` is a whole number ≥ 1
 * @example
 * ```ts
 * import { arange, chunk } from '@nadir/tensor';
 * chunk(arange(5), 2).map((part) => part.size); // => [3, 2]
 * ```
 */
export function chunk(x: Tensor, count: number, axis = 0): Tensor[] {
  checkInteger('chunk', 'count', count, 1);
  const along = normalizeAxis('chunk', axis, x.rank);
  const total = x.shape[along]!;
  return total === 0 ? Array.from({ length: count }, () => x) : split(x, Math.ceil(total / count), along);
}

/**
 * Adds elements of one value around the axes.
 *
 * @param widths for every axis how many to add before and after, whole numbers ≥ 0
 * @param value default 0
 * @throws ShapeError unless there is a pair for every axis, ValueError for a width that is not whole or negative
 * @example
 * ```ts
 * import { pad, tensor } from '@nadir/tensor';
 * pad(tensor([1, 2]), [[1, 2]]).toArray(); // => [0, 1, 2, 0, 0]
 * ```
 */
export function pad(x: Tensor, widths: PadWidths, value = 0): Tensor {
  if (widths.length !== x.rank) {
    throw new ShapeError(
      `pad(): needs widths [before, after] for each of ${x.rank} axes, got ${widths.length} for shape ${formatShape(x.shape)}.`,
    );
  }
  for (const [before, after] of widths) {
    checkInteger('pad', 'every width', before, 0);
    checkInteger('pad', 'every width', after, 0);
  }
  const low = widths.map(([before]) => before);
  const high = widths.map(([, after]) => after);
  checkShape(
    'pad',
    x.shape.map((size, axis) => size + low[axis]! + high[axis]!),
  );
  if (low.every((width) => width === 0) && high.every((width) => width === 0)) return x;
  const interior = x.shape.map(() => 0);
  return apply('pad', [x], { low, high, interior, value: elementOf(value, x.dtype) });
}

/** True where column − row ≤ `diagonal`, for the matrices of `x`. */
function belowDiagonal(op: string, x: Tensor, diagonal: number): Tensor {
  if (x.rank < 2)
    throw new ShapeError(`${op}(): needs a matrix or a batch of them, got shape ${formatShape(x.shape)}.`);
  if (!Number.isInteger(diagonal))
    throw new ValueError(`${op}(): diagonal must be a whole number, got ${diagonal}.`);
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const row = apply('iota', [], { size: rows, dtype: 'int32' });
  const column = apply('iota', [], { size: columns, dtype: 'int32' });
  return binary(op, 'le', binary(op, 'sub', column, unsqueeze(row, -1)), diagonal);
}

function keepWhere(mask: Tensor, x: Tensor): Tensor {
  const zero = apply('full', [], { shape: x.shape, dtype: x.dtype, value: 0 });
  return apply('where', [expandTo(mask, x.shape), x, zero], none);
}

/**
 * The lower triangle of a matrix, or of each of a batch; zeros above it.
 *
 * @param diagonal the last diagonal that is kept: 0 the main one, positive above it; default 0
 * @throws ShapeError for fewer than two axes
 * @example
 * ```ts
 * import { ones, tril } from '@nadir/tensor';
 * tril(ones([2, 2])).toArray(); // => [[1, 0], [1, 1]]
 * ```
 */
export function tril(x: Tensor, diagonal = 0): Tensor {
  return keepWhere(belowDiagonal('tril', x, diagonal), x);
}

/**
 * The upper triangle of a matrix, or of each of a batch; zeros below it.
 *
 * @param diagonal the first diagonal that is kept: 0 the main one, positive above it; default 0
 * @throws ShapeError for fewer than two axes
 * @example
 * ```ts
 * import { ones, triu } from '@nadir/tensor';
 * triu(ones([2, 2]), 1).toArray(); // => [[0, 1], [0, 0]]
 * ```
 */
export function triu(x: Tensor, diagonal = 0): Tensor {
  return keepWhere(apply('not', [belowDiagonal('triu', x, diagonal - 1)], none), x);
}

/**
 * A copy of the elements in a storage of their own. Gradients pass through it.
 *
 * @example
 * ```ts
 * import { clone, tensor } from '@nadir/tensor';
 * const x = tensor([1, 2]);
 * clone(x).assign(0);
 * x.toArray(); // => [1, 2]
 * ```
 */
export function clone(x: Tensor): Tensor {
  return apply('copy', [x], none);
}

/**
 * `x` itself when its elements lie in row-major order, else a copy that does.
 *
 * @example
 * ```ts
 * import { contiguous, zeros } from '@nadir/tensor';
 * contiguous(zeros([2, 3]).T).strides; // => [2, 1]
 * ```
 */
export function contiguous(x: Tensor): Tensor {
  return x.isContiguous ? x : clone(x);
}

/**
 * The elements in another dtype; `x` itself when it has it. Float → integer truncates and saturates, NaN → 0;
 * anything → bool is `≠ 0`. Gradients pass between float dtypes.
 *
 * @example
 * ```ts
 * import { cast, tensor } from '@nadir/tensor';
 * cast(tensor([1.7, -1.7, 1e12]), 'int32').toArray(); // => [1, -1, 2147483647]
 * ```
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  if (!dtypes.includes(dtype)) {
    throw new DTypeError(`cast(): needs one of ${dtypes.join(', ')}, got '${String(dtype)}'.`);
  }
  return apply('cast', [x], { dtype });
}
