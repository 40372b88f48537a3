import { apply, isRecording } from '../dispatch.ts';
import { isInteger, type DType } from '../dtype.ts';
import { readContiguous } from '../eager/layout.ts';
import { DTypeError, IndexError, ProgramError, ShapeError } from '../errors.ts';
import { binary, expandTo, type IndexArgument } from '../operands.ts';
import { none } from '../primitives.ts';
import {
  broadcastShapes,
  checkInteger,
  contiguousStrides,
  formatShape,
  normalizeAxis,
  sameShape,
  sizeOf,
  type Shape,
} from '../shape.ts';
import { Storage } from '../storage.ts';
import { Tensor } from '../tensor.ts';
import { full } from './creation.ts';
import { basicView, resolveIndices, type AdvancedIndex } from './index-arguments.ts';
import { broadcastTo, cast, permute, reshape, unsqueeze } from './shape.ts';

/** Options of {@link indexPut}. */
export interface IndexPutOptions {
  /** Add to the elements instead of replacing them; an element named twice gets both values. Default false. */
  readonly accumulate?: boolean;
}

function hostIndices(values: Int32Array, shape: Shape): Tensor {
  return new Tensor(Storage.host(values, 'int32'), shape, contiguousStrides(shape), 0, null);
}

function asInt32(op: string, indices: Tensor): Tensor {
  if (!isInteger(indices.dtype)) {
    const hint = indices.dtype === 'bool' ? ', or at() or maskedSelect() for a mask' : '';
    throw new DTypeError(
      `${op}(): indices must be int32 or uint8, got ${indices.dtype}. Use cast('int32')${hint}.`,
    );
  }
  return cast(indices, 'int32');
}

/** Index tensors as int32, read and checked against the size of their axis unless a program is being recorded. */
function checkedIndices(op: string, indices: Tensor, axis: number, size: number): Tensor {
  const checked = asInt32(op, indices);
  if (!isRecording()) {
    const values = readContiguous(checked);
    for (let i = 0; i < values.length; i++) {
      const index = values[i]!;
      if (index >= size || index < -size) {
        throw new IndexError(`${op}(): index out of range, got ${index} for axis ${axis} of size ${size}.`);
      }
    }
  }
  return checked;
}

/** Indices counted from the end, made to count from the start. */
function fromStart(indices: Tensor, size: number): Tensor {
  const isNegative = binary('at', 'lt', indices, 0);
  return apply('where', [isNegative, binary('at', 'add', indices, size), indices], none);
}

function iota(size: number): Tensor {
  return apply('iota', [], { size, dtype: 'int32' });
}

/**
 * Row-major positions, in a tensor like `indices` but with `size` elements along `axis`, of what the indices name:
 * (l·size + index)·t + r for an element with l before and r of t after the axis.
 */
function flatPositions(indices: Tensor, axis: number, size: number): Tensor {
  const lead = sizeOf(indices.shape.slice(0, axis));
  const trail = sizeOf(indices.shape.slice(axis + 1));
  let positions = reshape(indices, [lead, indices.shape[axis]!, trail]);
  if (lead > 1)
    positions = binary('at', 'add', positions, reshape(binary('at', 'mul', iota(lead), size), [lead, 1, 1]));
  if (trail > 1) positions = binary('at', 'add', binary('at', 'mul', positions, trail), iota(trail));
  return reshape(positions, [indices.size]);
}

/** `x` cut to the sizes of `shape` on all axes, or all but one. */
function cutTo(x: Tensor, shape: Shape, axis: number | null): Tensor {
  const stops = x.shape.map((size, i) => (i === axis ? size : shape[i]!));
  if (sameShape(x.shape, stops)) return x;
  return apply('slice', [x], { starts: stops.map(() => 0), stops, steps: stops.map(() => 1) });
}

/** Reads along an axis at indices that are known to be in [0, size). */
export function gatherAlong(x: Tensor, indices: Tensor, axis: number): Tensor {
  const source = cutTo(x, indices.shape, axis);
  const positions = flatPositions(indices, axis, source.shape[axis]!);
  return reshape(apply('take', [reshape(source, [source.size]), positions], { axis: 0 }), indices.shape);
}

/** The advanced indices, broadcast and checked, as tensors of one shape. */
function broadcastIndices(
  op: string,
  advanced: readonly AdvancedIndex[],
): {
  readonly shape: Shape;
  readonly tensors: Tensor[];
} {
  const tensors = advanced.map(({ indices, axis, size }) =>
    indices instanceof Tensor
      ? checkedIndices(op, indices, axis, size)
      : hostIndices(Int32Array.from(indices), [indices.length]),
  );
  const shape = tensors.map((indices) => indices.shape).reduce((a, b) => broadcastShapes(op, a, b));
  return { shape, tensors: tensors.map((indices) => expandTo(indices, shape)) };
}

/** Reads `view` at index tensors on several of its axes; the axes of the indices come at `place`. */
function takeTogether(op: string, view: Tensor, advanced: readonly AdvancedIndex[], place: number): Tensor {
  const { shape, tensors } = broadcastIndices(op, advanced);
  const axes = advanced.map(({ viewAxis }) => viewAxis);
  const others = view.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const source = permute(view, others.toSpliced(place, 0, ...axes));
  const sizes = source.shape.slice(place, place + axes.length);
  const strides = contiguousStrides(sizes);
  const positions = tensors
    .map((indices, i) => {
      const index = axes.length === 1 ? indices : fromStart(indices, sizes[i]!);
      return strides[i] === 1 ? index : binary('at', 'mul', index, strides[i]!);
    })
    .reduce((a, b) => binary('at', 'add', a, b));
  const merged = source.shape.toSpliced(place, axes.length, sizeOf(sizes));
  return apply('take', [reshape(source, merged), reshape(positions, shape)], { axis: place });
}

/**
 * Elements by NumPy's indexing: one argument per axis, from the first axis on.
 *
 * - a number picks one index, from the end when negative, and drops the axis; `slice()` picks a range; `null` adds an axis
 *   of size 1; `'...'` stands for all the axes that the others leave. With these alone the result is a **view**, and
 *   `x.at(0).assign(value)` changes `x`.
 * - an int32 tensor or an array of numbers picks several indices; several of them broadcast together and pick one element
 *   each. Their axes take the place of the first one's if they stand side by side (a number counts as one of them),
 *   and else come first. The result is a copy: to change `x` so, see {@link indexPut}.
 * - a bool tensor picks the elements where it is true, over as many axes as it has. The shape of the result then
 *   depends on values, so in a recorded program use `where()` or `maskedFill()` instead.
 *
 * @throws IndexError for too many indices or one out of range, ShapeError for a mask or indices of other shapes,
 *   DTypeError for float indices, ProgramError for a mask in a recorded program
 * @example
 * ```ts
 * import { arange, at, slice, tensor } from '@nadir/tensor';
 * const x = arange(6).reshape([2, 3]);
 * at(x, 0, slice(1, 3)).toArray(); // => [1, 2]
 * at(x, '...', [2, 0]).toArray(); // => [[2, 0], [5, 3]]
 * at(x, x.gt(2)).toArray(); // => [3, 4, 5]
 * ```
 */
export function at(x: Tensor, ...indices: readonly IndexArgument[]): Tensor {
  return pick('at', x, indices);
}

/** What `at()` does, with errors that name `op`. */
function pick(op: string, x: Tensor, indices: readonly IndexArgument[]): Tensor {
  const { basic, advanced, place } = resolveIndices(op, x, indices, nonzeroColumns);
  const view = basicView(x, basic);
  return advanced.length === 0 ? view : takeTogether(op, view, advanced, place);
}

/**
 * `x` with other values at the indices, as {@link at} reads them; `x` itself stays as it is.
 *
 * @param values a tensor that broadcasts to the shape of `at(x, …indices)` and has the dtype of `x`, or a number. Where
 *   an element is named twice, the last value wins
 * @param options `accumulate`: add instead of replacing
 * @throws IndexError, ShapeError and DTypeError as {@link at}, and for values that do not fit
 * @example
 * ```ts
 * import { indexPut, zeros } from '@nadir/tensor';
 * indexPut(zeros([4]), [[0, 2]], 5).toArray(); // => [5, 0, 5, 0]
 * indexPut(zeros([2]), [[1, 1]], 1, { accumulate: true }).toArray(); // => [0, 2]
 * ```
 */
export function indexPut(
  x: Tensor,
  indices: readonly IndexArgument[],
  values: Tensor | number,
  options: IndexPutOptions = {},
): Tensor {
  const places = pick('indexPut', reshape(iota(x.size), x.shape), indices);
  const given = values instanceof Tensor ? values : full([], values, { dtype: x.dtype });
  checkSameDType('indexPut', x, given);
  if (!sameShape(broadcastShapes('indexPut', places.shape, given.shape), places.shape)) {
    throw new ShapeError(
      `indexPut(): the values must broadcast to what the indices pick, got ${formatShape(given.shape)} and ${formatShape(places.shape)}.`,
    );
  }
  let positions = reshape(places, [places.size]);
  let updates = reshape(broadcastTo(given, places.shape), [places.size]);
  const scatter = { axis: 0, size: x.size };
  if (options.accumulate === true) {
    const sums = reshape(apply('scatterAdd', [positions, updates], scatter), x.shape);
    return binary('indexPut', 'add', x, sums);
  }
  // In a stable order by position the last of equal positions is the last that was given; only it is kept.
  const order = apply('argSort', [positions], { axis: 0, descending: false, count: positions.size });
  positions = apply('take', [positions, order], { axis: 0 });
  updates = apply('take', [updates, order], { axis: 0 });
  if (positions.size > 1) {
    const next = apply('slice', [positions], { starts: [1], stops: [positions.size], steps: [1] });
    const end = apply('full', [], { shape: [1], dtype: 'int32', value: -1 });
    const isNotLast = binary('indexPut', 'eq', positions, apply('concat', [next, end], { axis: 0 }));
    const zero = apply('full', [], { shape: updates.shape, dtype: x.dtype, value: 0 });
    updates = apply('where', [isNotLast, zero, updates], none);
  }
  const hits = apply(
    'scatterAdd',
    [positions, apply('full', [], { shape: positions.shape, dtype: 'int32', value: 1 })],
    scatter,
  );
  const replaced = reshape(apply('scatterAdd', [positions, updates], scatter), x.shape);
  return apply('where', [reshape(binary('indexPut', 'lt', 0, hits), x.shape), replaced, x], none);
}

/**
 * The elements at `indices` of one axis, which the axes of the indices replace (NumPy's `take`; an embedding lookup).
 *
 * @param indices int32 or uint8 of any shape; negative ones count from the end
 * @param axis default: `x` is flattened first
 * @throws IndexError for an index out of range, DTypeError for indices that are not integers
 * @example
 * ```ts
 * import { take, tensor } from '@nadir/tensor';
 * const x = tensor([[1, 2], [3, 4], [5, 6]]);
 * take(x, tensor([2, 0], { dtype: 'int32' }), 0).toArray(); // => [[5, 6], [1, 2]]
 * ```
 */
export function take(x: Tensor, indices: Tensor, axis?: number): Tensor {
  if (axis === undefined) return take(reshape(x, [x.size]), indices, 0);
  const along = normalizeAxis('take', axis, x.rank);
  return apply('take', [x, asInt32('take', indices)], { axis: along });
}

function checkAlong(op: string, indices: Tensor, axis: number, x: Tensor, source: Tensor | null): void {
  const fits =
    indices.rank === x.rank &&
    (source === null || source.rank === x.rank) &&
    indices.shape.every(
      (size, i) => (i === axis || size <= x.shape[i]!) && (source === null || size <= source.shape[i]!),
    );
  if (!fits) {
    throw new ShapeError(
      `${op}(): indices must have as many axes as the tensor and be no longer on any but axis ${axis}, ` +
        `got ${formatShape(indices.shape)} for ${formatShape(x.shape)}` +
        `${source === null ? '' : ` with a source of ${formatShape(source.shape)}`}.`,
    );
  }
}

/**
 * One element per index, picked along an axis (torch's `gather`; NumPy's `take_along_axis` without broadcasting):
 * `out[i][j] = x[i][indices[i][j]]` for the last axis of a matrix.
 *
 * @param indices int32 or uint8 with the rank of `x`, no longer than it on the other axes; gives the shape of the result
 * @throws IndexError for an index out of range, ShapeError for a shape that does not fit, DTypeError for other indices
 * @example
 * ```ts
 * import { takeAlongAxis, tensor } from '@nadir/tensor';
 * const x = tensor([[1, 2], [3, 4]]);
 * takeAlongAxis(x, tensor([[1], [0]], { dtype: 'int32' }), 1).toArray(); // => [[2], [3]]
 * ```
 */
export function takeAlongAxis(x: Tensor, indices: Tensor, axis: number): Tensor {
  const along = normalizeAxis('takeAlongAxis', axis, x.rank);
  checkAlong('takeAlongAxis', indices, along, x, null);
  const size = x.shape[along]!;
  const checked = checkedIndices('takeAlongAxis', indices, along, size);
  return gatherAlong(x, fromStart(checked, size), along);
}

/**
 * `x` with the elements of `source` added at indices along an axis (torch's `scatter_add`, out of place):
 * `out[i][indices[i][j]] += source[i][j]` for the last axis of a matrix. The adjoint of {@link takeAlongAxis}.
 *
 * @param indices int32 or uint8 with the rank of `x`, no longer than `source`, nor than `x` on the other axes
 * @param source the dtype of `x`
 * @throws IndexError for an index out of range, ShapeError for a shape that does not fit, DTypeError for other dtypes
 * @example
 * ```ts
 * import { scatterAdd, tensor, zeros } from '@nadir/tensor';
 * const indices = tensor([0, 2, 0], { dtype: 'int32' });
 * scatterAdd(zeros([3]), 0, indices, tensor([1, 2, 3])).toArray(); // => [4, 0, 2]
 * ```
 */
export function scatterAdd(x: Tensor, axis: number, indices: Tensor, source: Tensor): Tensor {
  const along = normalizeAxis('scatterAdd', axis, x.rank);
  checkSameDType('scatterAdd', x, source);
  checkAlong('scatterAdd', indices, along, x, source);
  const size = x.shape[along]!;
  const checked = fromStart(checkedIndices('scatterAdd', indices, along, size), size);
  const updates = cutTo(source, indices.shape, null);
  const shape = indices.shape.with(along, size);
  const sums = apply('scatterAdd', [flatPositions(checked, along, size), reshape(updates, [indices.size])], {
    axis: 0,
    size: sizeOf(shape),
  });
  const high = x.shape.map((length, i) => length - shape[i]!);
  const zeros = high.map(() => 0);
  const box = reshape(sums, shape);
  const padded = sameShape(shape, x.shape)
    ? box
    : apply('pad', [box], { low: zeros, high, interior: zeros, value: 0 });
  return binary('scatterAdd', 'add', x, padded);
}

function checkSameDType(op: string, x: Tensor, values: Tensor): void {
  if (x.dtype !== values.dtype) {
    throw new DTypeError(
      `${op}(): the values must have the dtype of the tensor, got ${values.dtype} and ${x.dtype}. Use cast().`,
    );
  }
  if (x.dtype === 'bool') throw new DTypeError(`${op}(): needs numbers, got bool. Cast to uint8 first.`);
}

/**
 * A new last axis of `classes` elements: one where the class is, else zeros.
 *
 * @param x int32 or uint8 class numbers from 0 to `classes` − 1
 * @param dtype default `float32`
 * @throws IndexError for a class out of range (in a recorded program it gives zeros), DTypeError unless `x` is integer
 * @example
 * ```ts
 * import { oneHot, tensor } from '@nadir/tensor';
 * oneHot(tensor([0, 2], { dtype: 'int32' }), 3).toArray(); // => [[1, 0, 0], [0, 0, 1]]
 * ```
 */
export function oneHot(x: Tensor, classes: number, dtype: DType = 'float32'): Tensor {
  checkInteger('oneHot', 'classes', classes, 0);
  if (!isInteger(x.dtype)) {
    throw new DTypeError(`oneHot(): classes must be int32 or uint8, got ${x.dtype}. Use cast('int32').`);
  }
  if (!isRecording()) {
    const outside = readContiguous(x).find((value) => value < 0 || value >= classes);
    if (outside !== undefined) {
      throw new IndexError(
        `oneHot(): class out of range, got ${outside} for ${classes} classes counted from 0.`,
      );
    }
  }
  return cast(binary('oneHot', 'eq', unsqueeze(cast(x, 'int32'), -1), iota(classes)), dtype);
}

function eagerOnly(op: string): void {
  if (isRecording()) {
    throw new ProgramError(
      `${op}(): the shape of the result depends on values, which a recorded program does not have. ` +
        'Use where() or maskedFill(), which keep the shape.',
    );
  }
}

/** The coordinates of the elements that are not zero: one array per axis. */
function nonzeroColumns(op: string, x: Tensor): Int32Array[] {
  eagerOnly(op);
  const values = readContiguous(x);
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) count++;
  const strides = contiguousStrides(x.shape);
  const columns = x.shape.map(() => new Int32Array(count));
  for (let i = 0, row = 0; row < count; i++) {
    if (values[i] === 0) continue;
    for (let axis = 0; axis < strides.length; axis++) {
      columns[axis]![row] = Math.floor(i / strides[axis]!) % x.shape[axis]!;
    }
    row++;
  }
  return columns;
}

/**
 * Where the elements are not zero: int32 `[count, rank]`, a row of coordinates each, in row-major order.
 *
 * @throws ProgramError in a recorded program, since the shape depends on values
 * @example
 * ```ts
 * import { nonzero, tensor } from '@nadir/tensor';
 * nonzero(tensor([[0, 1], [2, 0]])).toArray(); // => [[0, 1], [1, 0]]
 * ```
 */
export function nonzero(x: Tensor): Tensor {
  if (x.rank === 0) {
    eagerOnly('nonzero');
    return hostIndices(new Int32Array(0), [x.item() === 0 ? 0 : 1, 0]);
  }
  const columns = nonzeroColumns('nonzero', x);
  const count = columns[0]!.length;
  const rows = new Int32Array(count * x.rank);
  columns.forEach((column, axis) => column.forEach((value, row) => (rows[row * x.rank + axis] = value)));
  return hostIndices(rows, [count, x.rank]);
}

/**
 * The elements where a mask is true, in one axis and row-major order. Gradients pass to them.
 *
 * @param mask bool; the two broadcast together
 * @throws DTypeError unless the mask is bool, ProgramError in a recorded program, since the shape depends on values
 * @example
 * ```ts
 * import { maskedSelect, tensor } from '@nadir/tensor';
 * const x = tensor([1, -2, 3]);
 * maskedSelect(x, x.gt(0)).toArray(); // => [1, 3]
 * ```
 */
export function maskedSelect(x: Tensor, mask: Tensor): Tensor {
  if (mask.dtype !== 'bool') {
    throw new DTypeError(`maskedSelect(): the mask must be bool, got ${mask.dtype}. Compare, as in x.gt(0).`);
  }
  const shape = broadcastShapes('maskedSelect', x.shape, mask.shape);
  const size = sizeOf(shape);
  const [positions] = nonzeroColumns('maskedSelect', reshape(expandTo(mask, shape), [size])) as [Int32Array];
  return apply('take', [reshape(expandTo(x, shape), [size]), hostIndices(positions, [positions.length])], {
    axis: 0,
  });
}
