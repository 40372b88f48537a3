import { allocate } from '../allocation.ts';
import { isFloat, type DType, type TypedArray } from '../dtype.ts';
import { infer } from '../inference.ts';
import type { ReductionName } from '../primitives.ts';
import type { Tensor } from '../tensor.ts';
import type { Kernel, KernelTable } from './kernel.ts';
import { fresh } from './layout.ts';

/** Axes of one kind, merged where their elements are one run. */
interface Loops {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
}

function merge(axes: readonly (readonly [size: number, stride: number])[]): Loops {
  const sizes: number[] = [];
  const strides: number[] = [];
  for (const [size, stride] of axes) {
    if (size === 1) continue;
    const last = sizes.length - 1;
    if (last >= 0 && strides[last] === stride * size) {
      sizes[last]! *= size;
      strides[last] = stride;
    } else {
      sizes.push(size);
      strides.push(stride);
    }
  }
  return { sizes, strides };
}

/** Calls `visit` with the position of every element of the loops, in row-major order. */
function walk({ sizes, strides }: Loops, offset: number, visit: (at: number) => void): void {
  const rank = sizes.length;
  if (rank === 0) {
    visit(offset);
    return;
  }
  const descend = (axis: number, at: number): void => {
    const stride = strides[axis]!;
    const size = sizes[axis]!;
    if (axis === rank - 1) for (let i = 0; i < size; i++) visit(at + i * stride);
    else for (let i = 0; i < size; i++) descend(axis + 1, at + i * stride);
  };
  descend(0, offset);
}

/** The loops without the one at `index`. */
function without({ sizes, strides }: Loops, index: number): Loops {
  return {
    sizes: sizes.filter((_, i) => i !== index),
    strides: strides.filter((_, i) => i !== index),
  };
}

/**
 * How one reduction folds elements. `run` folds a run of elements into one number; `rows` folds rows of `columns`
 * elements into the first `columns` elements of `total`. `more` holds what rounding lost, where the reduction keeps that.
 */
interface Fold {
  readonly identity: (dtype: DType) => number;
  /** Folds `n` elements, `step` apart, into `total[0]` and `more[0]`. */
  run(x: TypedArray, at: number, step: number, n: number, total: TypedArray, more: Float64Array): void;
  rows(
    x: TypedArray,
    at: number,
    step: number,
    columns: number,
    rowStep: number,
    rows: number,
    total: TypedArray,
    more: Float64Array,
  ): void;
}

/** Elements that are added one after the other before their sum joins the total: bounds the rounding error at any size. */
const block = 128;

/** Neumaier's compensated addition: the total gains `value`, and what rounding lost goes to `more`. */
function addCompensated(total: TypedArray, more: Float64Array, j: number, value: number): void {
  const before = total[j]!;
  const after = before + value;
  // An infinite or NaN total must not turn into NaN through ∞ − ∞.
  if (Number.isFinite(after)) {
    more[j]! += Math.abs(before) >= Math.abs(value) ? before - after + value : value - after + before;
  }
  total[j] = after;
}

/** Sums in float64: blocks of plain additions, joined by compensated ones. */
const floatSum: Fold = {
  identity: () => 0,
  run: (x, at, step, n, total, more) => {
    for (let start = 0; start < n; start += block) {
      const count = Math.min(block, n - start);
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      let i = 0;
      let p = at + start * step;
      for (; i + 4 <= count; i += 4, p += 4 * step) {
        a += x[p]!;
        b += x[p + step]!;
        c += x[p + 2 * step]!;
        d += x[p + 3 * step]!;
      }
      for (; i < count; i++, p += step) a += x[p]!;
      addCompensated(total, more, 0, a + b + (c + d));
    }
  },
  rows: (x, at, step, columns, rowStep, rows, total, more) => {
    const part = new Float64Array(columns);
    for (let start = 0; start < rows; start += block) {
      const end = Math.min(rows, start + block);
      part.fill(0);
      let r = start;
      for (; r + 4 <= end; r += 4) {
        let p = at + r * rowStep;
        for (let j = 0; j < columns; j++, p += step) {
          part[j]! += x[p]! + x[p + rowStep]! + (x[p + 2 * rowStep]! + x[p + 3 * rowStep]!);
        }
      }
      for (; r < end; r++)
        for (let j = 0, p = at + r * rowStep; j < columns; j++, p += step) part[j]! += x[p]!;
      for (let j = 0; j < columns; j++) addCompensated(total, more, j, part[j]!);
    }
  },
};

const integerSum: Fold = {
  identity: () => 0,
  run: (x, at, step, n, total) => {
    let sum = total[0]!;
    for (let i = 0, p = at; i < n; i++, p += step) sum = (sum + x[p]!) | 0;
    total[0] = sum;
  },
  rows: (x, at, step, columns, rowStep, rows, total) => {
    for (let r = 0; r < rows; r++)
      for (let j = 0, p = at + r * rowStep; j < columns; j++, p += step) total[j] = (total[j]! + x[p]!) | 0;
  },
};

const floatProduct: Fold = {
  identity: () => 1,
  run: (x, at, step, n, total) => {
    let product = total[0]!;
    for (let i = 0, p = at; i < n; i++, p += step) product *= x[p]!;
    total[0] = product;
  },
  rows: (x, at, step, columns, rowStep, rows, total) => {
    for (let r = 0; r < rows; r++)
      for (let j = 0, p = at + r * rowStep; j < columns; j++, p += step) total[j]! *= x[p]!;
  },
};

const integerProduct: Fold = {
  identity: () => 1,
  run: (x, at, step, n, total) => {
    let product = total[0]!;
    for (let i = 0, p = at; i < n; i++, p += step) product = Math.imul(product, x[p]!);
    total[0] = product;
  },
  rows: (x, at, step, columns, rowStep, rows, total) => {
    for (let r = 0; r < rows; r++)
      for (let j = 0, p = at + r * rowStep; j < columns; j++, p += step)
        total[j] = Math.imul(total[j]!, x[p]!);
  },
};

/** NaN is the only value that differs from itself; once it is the greatest, no comparison replaces it by a number. */
const greatest: Fold = {
  identity: (dtype) => (isFloat(dtype) ? -Infinity : dtype === 'int32' ? -(2 ** 31) : 0),
  run: (x, at, step, n, total) => {
    let best = total[0]!;
    for (let i = 0, p = at; i < n; i++, p += step) {
      const value = x[p]!;
      if (value > best || value !== value) best = value;
    }
    total[0] = best;
  },
  rows: (x, at, step, columns, rowStep, rows, total) => {
    for (let r = 0; r < rows; r++) {
      for (let j = 0, p = at + r * rowStep; j < columns; j++, p += step) {
        const value = x[p]!;
        if (value > total[j]! || value !== value) total[j] = value;
      }
    }
  },
};

const smallest: Fold = {
  identity: (dtype) =>
    isFloat(dtype) ? Infinity : dtype === 'int32' ? 2 ** 31 - 1 : dtype === 'uint8' ? 255 : 1,
  run: (x, at, step, n, total) => {
    let best = total[0]!;
    for (let i = 0, p = at; i < n; i++, p += step) {
      const value = x[p]!;
      if (value < best || value !== value) best = value;
    }
    total[0] = best;
  },
  rows: (x, at, step, columns, rowStep, rows, total) => {
    for (let r = 0; r < rows; r++) {
      for (let j = 0, p = at + r * rowStep; j < columns; j++, p += step) {
        const value = x[p]!;
        if (value < total[j]! || value !== value) total[j] = value;
      }
    }
  },
};

/** Columns that are folded at a time: their totals stay in the first-level cache. */
const columnBlock = 1024;

function indexOfSmallest(strides: readonly number[]): number {
  let best = -1;
  for (let i = 0; i < strides.length; i++)
    if (best < 0 || Math.abs(strides[i]!) < Math.abs(strides[best]!)) best = i;
  return best;
}

/** What all elements of a contiguous tensor fold to. */
function foldAll(x: Tensor, fold: Fold): number {
  const total = isFloat(x.dtype) ? new Float64Array(1) : new Int32Array(1);
  const more = new Float64Array(1);
  total[0] = fold.identity(x.dtype);
  fold.run(x.storage.read(), x.offset, 1, x.size, total, more);
  return total[0]! + more[0]!;
}

function reduce(x: Tensor, axes: readonly number[], fold: Fold, out: TypedArray): void {
  const dtype = x.dtype;
  const identity = fold.identity(dtype);
  if (x.size === 0) {
    out.fill(identity);
    return;
  }
  const array = x.storage.read();
  if (out.length === 1 && x.isContiguous) {
    out[0] = foldAll(x, fold);
    return;
  }
  const kept: [number, number][] = [];
  const reduced: [number, number][] = [];
  for (let axis = 0, next = 0; axis < x.rank; axis++) {
    const isReduced = axes[next] === axis;
    if (isReduced) next++;
    (isReduced ? reduced : kept).push([x.shape[axis]!, x.strides[axis]!]);
  }
  // The order of reduced axes does not matter: the largest steps go outside, and runs merge.
  reduced.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const outer = merge(kept);
  const inner = merge(reduced);
  const reduceAt = indexOfSmallest(inner.strides);
  const reduceStep = reduceAt < 0 ? 0 : inner.strides[reduceAt]!;
  const reduceSize = reduceAt < 0 ? 1 : inner.sizes[reduceAt]!;
  const rest = reduceAt < 0 ? inner : without(inner, reduceAt);
  const lastKept = outer.sizes.length - 1;
  const isFloating = isFloat(dtype);
  if (lastKept >= 0 && Math.abs(outer.strides[lastKept]!) < Math.abs(reduceStep)) {
    const columns = outer.sizes[lastKept]!;
    const step = outer.strides[lastKept]!;
    const width = Math.min(columns, columnBlock);
    const total = isFloating ? new Float64Array(width) : allocate(dtype === 'int32' ? dtype : 'int32', width);
    const more = new Float64Array(isFloating ? width : 0);
    let o = 0;
    walk(without(outer, lastKept), x.offset, (base) => {
      for (let first = 0; first < columns; first += width) {
        const count = Math.min(width, columns - first);
        total.fill(identity);
        more.fill(0);
        walk(rest, base + first * step, (at) => {
          fold.rows(array, at, step, count, reduceStep, reduceSize, total, more);
        });
        if (isFloating) for (let j = 0; j < count; j++) out[o + j] = total[j]! + more[j]!;
        else for (let j = 0; j < count; j++) out[o + j] = total[j]!;
        o += count;
      }
    });
    return;
  }
  const total = isFloating ? new Float64Array(1) : new Int32Array(1);
  const more = new Float64Array(1);
  const single = rest.sizes.length === 0;
  let o = 0;
  walk(outer, x.offset, (base) => {
    total[0] = identity;
    more[0] = 0;
    if (single) fold.run(array, base, reduceStep, reduceSize, total, more);
    else walk(rest, base, (at) => fold.run(array, at, reduceStep, reduceSize, total, more));
    out[o++] = total[0]! + more[0]!;
  });
}

function reduction(name: ReductionName, float: Fold, integer: Fold): Kernel<ReductionName> {
  return (inputs, attributes) => {
    const x = inputs[0]!;
    const { shape, dtype } = infer(name, inputs, attributes);
    let size = 1;
    for (let i = 0; i < shape.length; i++) size *= shape[i]!;
    const out = allocate(dtype, size);
    reduce(x, attributes.axes, isFloat(dtype) ? float : integer, out);
    return fresh(out, shape, dtype);
  };
}

/** Index of the first greatest (`sign` 1) or smallest (`sign` −1) element of each line; a NaN beats every number. */
function argExtreme(name: 'argMax' | 'argMin', sign: 1 | -1): Kernel<'argMax' | 'argMin'> {
  return (inputs, attributes) => {
    const x = inputs[0]!;
    const { axis } = attributes;
    const { shape, dtype } = infer(name, inputs, attributes);
    const kept = x.shape.flatMap((size, i) => (i === axis ? [] : [[size, x.strides[i]!] as const]));
    const outer = merge(kept);
    const out = new Int32Array(kept.reduce((product, [size]) => product * size, 1));
    if (out.length === 0) return fresh(out, shape, dtype);
    const array = x.storage.read();
    const n = x.shape[axis]!;
    const step = x.strides[axis]!;
    const lastKept = outer.sizes.length - 1;
    let o = 0;
    if (lastKept >= 0 && Math.abs(outer.strides[lastKept]!) < Math.abs(step)) {
      const columns = outer.sizes[lastKept]!;
      const columnStep = outer.strides[lastKept]!;
      const best = new Float64Array(columns);
      walk(without(outer, lastKept), x.offset, (base) => {
        best.fill(-Infinity);
        // −∞ beats nothing, so the first index, 0, stands where all elements are the worst.
        for (let i = 0; i < n; i++) {
          for (let j = 0, p = base + i * step; j < columns; j++, p += columnStep) {
            const value = sign * array[p]!;
            if (value > best[j]! || (value !== value && best[j] === best[j])) {
              best[j] = value;
              out[o + j] = i;
            }
          }
        }
        o += columns;
      });
      return fresh(out, shape, dtype);
    }
    walk(outer, x.offset, (base) => {
      let best = -Infinity;
      let index = 0;
      for (let i = 0, p = base; i < n; i++, p += step) {
        const value = sign * array[p]!;
        if (value > best) {
          best = value;
          index = i;
        } else if (value !== value) {
          index = i;
          break;
        }
      }
      out[o++] = index;
    });
    return fresh(out, shape, dtype);
  };
}

export const reductionKernels: KernelTable<ReductionName | 'argMax' | 'argMin'> = {
  sum: reduction('sum', floatSum, integerSum),
  prod: reduction('prod', floatProduct, integerProduct),
  max: reduction('max', greatest, greatest),
  min: reduction('min', smallest, smallest),
  argMax: argExtreme('argMax', 1),
  argMin: argExtreme('argMin', -1),
};
