import { allocate, type DType, type TypedArray } from '../dtype.ts';
import { contiguousStrides, isContiguous, sizeOf, type Shape } from '../shape.ts';
import { Storage } from '../storage.ts';
import { Tensor } from '../tensor.ts';
import type { Layout } from '../view.ts';

/** A new tensor that takes over `array`. */
export function fresh(array: TypedArray, shape: Shape, dtype: DType): Tensor {
  return new Tensor(Storage.host(array, dtype), shape, contiguousStrides(shape), 0, null);
}

/** A new array for the result of `shape`. */
export function allocateFor(shape: Shape, dtype: DType): TypedArray {
  return allocate(dtype, sizeOf(shape));
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
  const walk = (axis: number, fromAt: number, toAt: number): void => {
    if (axis === inner) {
      if (toStep === 1 && fromStep === 1 && count > 16) {
        target.set(source.subarray(fromAt, fromAt + count), toAt);
      } else if (toStep === 1 && fromStep === 0) {
        target.fill(source[fromAt]!, toAt, toAt + count);
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
  if (isContiguous(x.shape, x.strides)) {
    return x.offset === 0 && array.length === size ? array : array.subarray(x.offset, x.offset + size);
  }
  const out = allocate(x.dtype, size);
  copyElements(array, x, out, { strides: contiguousStrides(x.shape), offset: 0 }, x.shape);
  return out;
}

/** An operand of an element-wise loop: element i lies at `offset + i · step`. */
export interface Run {
  readonly array: TypedArray;
  readonly offset: number;
  /** 1, or 0 for one element repeated. */
  readonly step: 0 | 1;
}

function isRepeated(x: Tensor): boolean {
  for (let i = 0; i < x.shape.length; i++) if (x.strides[i] !== 0 && x.shape[i] !== 1) return false;
  return true;
}

/** `x` as an operand of an element-wise loop, copied only where its elements are neither a run nor one repeated. */
export function runOf(x: Tensor): Run {
  const array = x.storage.read();
  if (isContiguous(x.shape, x.strides)) return { array, offset: x.offset, step: 1 };
  if (isRepeated(x)) return { array, offset: x.offset, step: 0 };
  return { array: readContiguous(x), offset: 0, step: 1 };
}
