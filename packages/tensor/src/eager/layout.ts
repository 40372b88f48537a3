import { allocate, allocateUnset } from '../allocation.ts';
import type { DType, TypedArray } from '../dtype.ts';
import { contiguousStrides, isContiguous, sizeOf, type Shape } from '../shape.ts';
import { Storage } from '../storage.ts';
import { Tensor } from '../tensor.ts';
import type { Layout } from '../view.ts';

/** A new tensor that takes over `array`. */
export function fresh(array: TypedArray, shape: Shape, dtype: DType): Tensor {
  return new Tensor(Storage.host(array, dtype), shape, contiguousStrides(shape), 0, null);
}

/** A new tensor of the shape of `x` that takes over `array`. */
export function freshLike(x: Tensor, array: TypedArray, dtype: DType): Tensor {
  const strides = x.view === null ? x.strides : contiguousStrides(x.shape);
  return new Tensor(Storage.host(array, dtype), x.shape, strides, 0, null);
}

/** A new array for the result of `shape`. */
export function allocateFor(shape: Shape, dtype: DType): TypedArray {
  return allocate(dtype, sizeOf(shape));
}

/** Up to this many elements a loop costs less than a call of `set`. */
const shortRun = 16;

/** Copies `n` elements that lie one after the other. */
export function copyRun(source: TypedArray, from: number, target: TypedArray, to: number, n: number): void {
  if (n <= shortRun) for (let i = 0; i < n; i++) target[to + i] = source[from + i]!;
  else target.set(from === 0 && source.length === n ? source : source.subarray(from, from + n), to);
}

/** From so many elements on, loops over words are worth the arrays that show them. */
export const manyWords = 64;

/** An array of elements of 32 bits, seen as integers: V8 moves those without conversion, and loops see one kind of array. */
export function wordsOf(array: TypedArray, first = 0, n: number = array.length): Int32Array {
  return new Int32Array(array.buffer, array.byteOffset + 4 * first, n);
}

/**
 * Copies the elements that one layout shows to those that another of the same shape shows. The innermost axis runs
 * in a plain loop; neighbouring axes that are one run in both layouts are merged first.
 */
export function copyElements(
  source: TypedArray,
  from: Pick<Layout, 'strides' | 'offset'>,
  target: TypedArray,
  to: Pick<Layout, 'strides' | 'offset'>,
  shape: Shape,
): void {
  if (isContiguous(shape, from.strides) && isContiguous(shape, to.strides)) {
    copyRun(source, from.offset, target, to.offset, sizeOf(shape));
    return;
  }
  const sizes: number[] = [];
  const fromStrides: number[] = [];
  const toStrides: number[] = [];
  for (let axis = 0; axis < shape.length; axis++) {
    const size = shape[axis]!;
    if (size === 0) return;
    if (size === 1) continue;
    const a = from.strides[axis]!;
    const b = to.strides[axis]!;
    const last = sizes.length - 1;
    if (last >= 0 && fromStrides[last] === a * size && toStrides[last] === b * size) {
      sizes[last]! *= size;
      fromStrides[last] = a;
      toStrides[last] = b;
    } else {
      sizes.push(size);
      fromStrides.push(a);
      toStrides.push(b);
    }
  }
  if (sizes.length === 0) {
    target[to.offset] = source[from.offset]!;
    return;
  }
  const inner = sizes.length - 1;
  const count = sizes[inner]!;
  const fromStep = fromStrides[inner]!;
  const toStep = toStrides[inner]!;
  const areWords = source.BYTES_PER_ELEMENT === 4 && sizeOf(shape) >= manyWords;
  const sourceWords = areWords ? wordsOf(source) : null;
  const targetWords = areWords ? wordsOf(target) : null;
  const walk = (axis: number, fromAt: number, toAt: number): void => {
    if (axis === inner) {
      if (toStep === 1 && fromStep === 1) {
        copyRun(source, fromAt, target, toAt, count);
      } else if (toStep === 1 && fromStep === 0) {
        target.fill(source[fromAt]!, toAt, toAt + count);
      } else if (sourceWords !== null && targetWords !== null) {
        for (let i = 0, f = fromAt, t = toAt; i < count; i++, f += fromStep, t += toStep)
          targetWords[t] = sourceWords[f]!;
      } else {
        for (let i = 0, f = fromAt, t = toAt; i < count; i++, f += fromStep, t += toStep)
          target[t] = source[f]!;
      }
      return;
    }
    const f = fromStrides[axis]!;
    const t = toStrides[axis]!;
    for (let i = 0; i < sizes[axis]!; i++) walk(axis + 1, fromAt + i * f, toAt + i * t);
  };
  walk(0, from.offset, to.offset);
}

/** The elements of `x` in row-major order: its own array where it shows all of it in that order, else a copy or a sub-array. Read only. */
export function readContiguous(x: Tensor): TypedArray {
  const array = x.storage.read();
  const size = x.size;
  if (x.isContiguous) {
    return x.offset === 0 && array.length === size ? array : array.subarray(x.offset, x.offset + size);
  }
  const out = allocateUnset(x.dtype, size);
  copyElements(array, x, out, { strides: contiguousStrides(x.shape), offset: 0 }, x.shape);
  return out;
}

function isRepeated(x: Tensor): boolean {
  for (let i = 0; i < x.shape.length; i++) if (x.strides[i] !== 0 && x.shape[i] !== 1) return false;
  return true;
}

/** `x` as an operand of an element-wise loop: copied only where its elements are neither a run nor one repeated. */
export function asRun(x: Tensor): Tensor {
  return x.isContiguous || isRepeated(x) ? x : fresh(readContiguous(x), x.shape, x.dtype);
}

/** From one element of a run to the next: 1, or 0 where one element is repeated. */
export function stepOf(run: Tensor): 0 | 1 {
  return run.isContiguous ? 1 : 0;
}
