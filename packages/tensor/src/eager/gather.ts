import { allocate } from '../allocation.ts';
import type { TypedArray } from '../dtype.ts';
import { IndexError } from '../errors.ts';
import { infer } from '../inference.ts';
import { sizeOf } from '../shape.ts';
import type { KernelTable } from './kernel.ts';
import { fresh, readContiguous } from './layout.ts';

/** Indices in [0, size), those from the end counted from the start. Throws an IndexError that names the bad one. */
function normalIndices(op: string, indices: TypedArray, axis: number, size: number): TypedArray {
  let normal = indices;
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (index >= 0 && index < size) continue;
    if (index < -size || index >= size) {
      const range = size === 0 ? 'the axis is empty' : `it must be in [${-size}, ${size - 1}]`;
      throw new IndexError(
        `${op}(): index out of range, got ${index} for axis ${axis} of size ${size}. Here ${range}.`,
      );
    }
    if (normal === indices) normal = indices.slice();
    normal[i] = index + size;
  }
  return normal;
}

/** Runs of at least this many elements are copied by `set`, shorter ones by a loop. */
const longRun = 32;

export const gatherKernels: KernelTable<'take' | 'scatterAdd'> = {
  take: (inputs, attributes) => {
    const x = inputs[0]!;
    const { axis } = attributes;
    const { shape, dtype } = infer('take', inputs, attributes);
    const n = x.shape[axis]!;
    const indices = normalIndices('take', readContiguous(inputs[1]!), axis, n);
    const source = readContiguous(x);
    const out = allocate(dtype, sizeOf(shape));
    const outer = sizeOf(x.shape.slice(0, axis));
    const width = sizeOf(x.shape.slice(axis + 1));
    let o = 0;
    for (let base = 0, a = 0; a < outer; a++, base += n * width) {
      for (let i = 0; i < indices.length; i++, o += width) {
        const from = base + indices[i]! * width;
        if (width === 1) out[o] = source[from]!;
        else if (width >= longRun) out.set(source.subarray(from, from + width), o);
        else for (let j = 0; j < width; j++) out[o + j] = source[from + j]!;
      }
    }
    return fresh(out, shape, dtype);
  },
  scatterAdd: (inputs, attributes) => {
    const updates = inputs[1]!;
    const { axis, size } = attributes;
    const { shape, dtype } = infer('scatterAdd', inputs, attributes);
    const indices = normalIndices('scatterAdd', readContiguous(inputs[0]!), axis, size);
    const source = readContiguous(updates);
    const out = allocate(dtype, sizeOf(shape));
    const outer = sizeOf(shape.slice(0, axis));
    const width = sizeOf(shape.slice(axis + 1));
    let s = 0;
    for (let base = 0, a = 0; a < outer; a++, base += size * width) {
      for (let i = 0; i < indices.length; i++, s += width) {
        const to = base + indices[i]! * width;
        if (width === 1) out[to]! += source[s]!;
        else for (let j = 0; j < width; j++) out[to + j]! += source[s + j]!;
      }
    }
    return fresh(out, shape, dtype);
  },
};
