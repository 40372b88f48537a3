import { apply } from '../dispatch.ts';
import { IndexError, ShapeError, ValueError } from '../errors.ts';
import type { IndexArgument, SliceIndex } from '../operands.ts';
import { formatShape } from '../shape.ts';
import { Tensor } from '../tensor.ts';

/**
 * A range of one axis for `at()`, as NumPy's `start:stop:step`. Ends beyond the axis are cut, negative ones count from
 * the end.
 *
 * @param start first index; default the first, or the last for a negative step. `null` is the default as well
 * @param stop index before which the range ends; default past the last, or past the first for a negative step
 * @param step not 0; default 1
 * @throws ValueError for numbers that are not whole, or a step of 0
 * @example
 * ```ts
 * import { arange, slice } from '@nadir/tensor';
 * arange(6).at(slice(1, -1, 2)).toArray(); // => [1, 3]
 * arange(3).at(slice(null, null, -1)).toArray(); // => [2, 1, 0]
 * ```
 */
export function slice(start: number | null = null, stop: number | null = null, step = 1): SliceIndex {
  if ((start !== null && !Number.isInteger(start)) || (stop !== null && !Number.isInteger(stop))) {
    throw new ValueError(`slice(): start and stop must be whole numbers or null, got ${start} and ${stop}.`);
  }
  if (!Number.isInteger(step) || step === 0) {
    throw new ValueError(`slice(): step must be a whole number other than 0, got ${step}.`);
  }
  return { kind: 'slice', start, stop, step };
}

/** One axis of the view that basic indices make: a range of an axis of the tensor, or a new axis of size 1. */
export type BasicIndex =
  | { readonly kind: 'range'; readonly start: number; readonly count: number; readonly step: number }
  | { readonly kind: 'pick'; readonly index: number }
  | { readonly kind: 'new' };

/** Indices into one axis of that view; numbers are checked and counted from the start. */
export interface AdvancedIndex {
  readonly indices: Tensor | ArrayLike<number>;
  /** The axis of the tensor, for messages. */
  readonly axis: number;
  readonly viewAxis: number;
  readonly size: number;
}

/** What `at()` does: a view, and then reading it at index tensors whose axes come at `place`. */
export interface ResolvedIndices {
  readonly basic: readonly BasicIndex[];
  readonly advanced: readonly AdvancedIndex[];
  readonly place: number;
}

/** First index, number of indices and step of a range of an axis, by Python's `slice.indices`. */
function resolveRange({ start, stop, step }: SliceIndex, size: number): BasicIndex {
  const low = step > 0 ? 0 : -1;
  const high = step > 0 ? size : size - 1;
  const bound = (index: number | null, missing: number): number =>
    index === null ? missing : Math.min(high, Math.max(low, index < 0 ? index + size : index));
  const first = bound(start, step > 0 ? low : high);
  const end = bound(stop, step > 0 ? high : low);
  return { kind: 'range', start: first, count: Math.max(0, Math.ceil((end - first) / step)), step };
}

function resolveIndex(op: string, index: number, axis: number, size: number): number {
  if (!Number.isInteger(index))
    throw new IndexError(`${op}(): an index must be a whole number, got ${index} for axis ${axis}.`);
  if (index >= size || index < -size) {
    throw new IndexError(`${op}(): index out of range, got ${index} for axis ${axis} of size ${size}.`);
  }
  return index < 0 ? index + size : index;
}

function isMask(index: IndexArgument): index is Tensor {
  return index instanceof Tensor && index.dtype === 'bool';
}

function isSlice(index: unknown): index is SliceIndex {
  return typeof index === 'object' && index !== null && 'kind' in index && index.kind === 'slice';
}

/** How many axes of the tensor an index covers. */
function coverage(op: string, index: IndexArgument): number {
  if (index === null || index === '...') return 0;
  if (!isMask(index)) return 1;
  if (index.rank === 0)
    throw new IndexError(`${op}(): a mask must have at least one axis, got a scalar. Use where().`);
  return index.rank;
}

function checkKind(op: string, index: unknown): void {
  const isKnown =
    typeof index === 'number' ||
    index === null ||
    index === '...' ||
    index instanceof Tensor ||
    isSlice(index) ||
    (Array.isArray(index) && index.every((item) => typeof item === 'number'));
  if (!isKnown) {
    const got = Array.isArray(index)
      ? 'an array with other elements than numbers'
      : typeof index === 'string'
        ? `'${index}'`
        : typeof index;
    throw new IndexError(
      `${op}(): an index must be a number, slice(), a tensor, an array of numbers, null or '...', got ${got}.`,
    );
  }
}

/**
 * Works out the arguments of `at()`, or of another `op` that indexes so, by NumPy's rules. `coordinates` gives the places where a mask is true.
 * Throws an IndexError or a ShapeError that names the axis.
 */
export function resolveIndices(
  op: string,
  x: Tensor,
  given: readonly IndexArgument[],
  coordinates: (op: string, mask: Tensor) => Int32Array[],
): ResolvedIndices {
  for (const index of given) checkKind(op, index);
  const covered = given.reduce((sum: number, index) => sum + coverage(op, index), 0);
  if (covered > x.rank) {
    throw new IndexError(
      `${op}(): too many indices, got ${covered} for shape ${formatShape(x.shape)} with ${x.rank} axes.`,
    );
  }
  const ellipses = given.filter((index) => index === '...').length;
  if (ellipses > 1) throw new IndexError(`${op}(): '...' may stand once among the indices, got ${ellipses}.`);
  const indices = ellipses === 1 ? given : [...given, '...' as const];

  const basic: BasicIndex[] = [];
  const advanced: AdvancedIndex[] = [];
  // Places in the list of arguments of those that NumPy counts as advanced: numbers too, beside index tensors.
  const advancedArguments: number[] = [];
  let place = 0;
  let axis = 0;
  let viewAxis = 0;
  const wholeAxis = (): void => {
    basic.push({ kind: 'range', start: 0, count: x.shape[axis]!, step: 1 });
    axis++;
    viewAxis++;
  };
  const advance = (position: number, list: Tensor | ArrayLike<number>): void => {
    if (advancedArguments.length === 0) place = viewAxis;
    advancedArguments.push(position);
    advanced.push({ indices: list, axis, viewAxis, size: x.shape[axis]! });
    wholeAxis();
  };
  for (const [position, index] of indices.entries()) {
    if (index === null) {
      basic.push({ kind: 'new' });
      viewAxis++;
    } else if (index === '...') {
      for (let rest = x.rank - covered; rest > 0; rest--) wholeAxis();
    } else if (typeof index === 'number') {
      if (advancedArguments.length === 0) place = viewAxis;
      advancedArguments.push(position);
      basic.push({ kind: 'pick', index: resolveIndex(op, index, axis, x.shape[axis]!) });
      axis++;
    } else if (isMask(index)) {
      for (const [i, size] of index.shape.entries()) {
        if (size !== x.shape[axis + i]) {
          throw new ShapeError(
            `${op}(): a mask must have the sizes of the axes it covers, got ${formatShape(index.shape)} for axes from ${axis} of ${formatShape(x.shape)}.`,
          );
        }
      }
      for (const column of coordinates(op, index)) advance(position, column);
    } else if (isSlice(index)) {
      basic.push(resolveRange(index, x.shape[axis]!));
      axis++;
      viewAxis++;
    } else if (index instanceof Tensor) {
      advance(position, index);
    } else {
      const list = index as readonly number[];
      advance(
        position,
        list.map((item) => resolveIndex(op, item, axis, x.shape[axis]!)),
      );
    }
  }
  const first = advancedArguments[0] ?? 0;
  const last = advancedArguments.at(-1) ?? 0;
  const sideBySide = indices.slice(first, last + 1).every((_, i) => advancedArguments.includes(first + i));
  return { basic, advanced, place: sideBySide ? place : 0 };
}

/** The view of `x` that numbers, ranges and new axes make. */
export function basicView(x: Tensor, basic: readonly BasicIndex[]): Tensor {
  const starts: number[] = [];
  const stops: number[] = [];
  const steps: number[] = [];
  const flipped: number[] = [];
  const shape: number[] = [];
  for (const index of basic) {
    if (index.kind === 'new') {
      shape.push(1);
    } else if (index.kind === 'pick') {
      starts.push(index.index);
      stops.push(index.index + 1);
      steps.push(1);
    } else {
      const { start, count, step } = index;
      const width = Math.abs(step);
      const lowest = count === 0 ? 0 : step > 0 ? start : start + (count - 1) * step;
      if (step < 0 && count > 1) flipped.push(starts.length);
      starts.push(lowest);
      // The last element ends the range, so that the stop is never beyond the axis.
      stops.push(count === 0 ? lowest : lowest + (count - 1) * width + 1);
      steps.push(width);
      shape.push(count);
    }
  }
  let view = x;
  const isWhole = starts.every(
    (start, axis) => start === 0 && steps[axis] === 1 && stops[axis] === x.shape[axis],
  );
  if (!isWhole) view = apply('slice', [view], { starts, stops, steps });
  if (flipped.length > 0) view = apply('flip', [view], { axes: flipped });
  const isSame = shape.length === view.rank && shape.every((size, axis) => size === view.shape[axis]);
  return isSame ? view : apply('reshape', [view], { shape });
}
