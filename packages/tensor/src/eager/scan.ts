import { allocate } from '../allocation.ts';
import { isFloat } from '../dtype.ts';
import { infer } from '../inference.ts';
import { sizeOf } from '../shape.ts';
import type { KernelTable } from './kernel.ts';
import { fresh, readContiguous } from './layout.ts';
import { orderLine } from './order.ts';

export const scanKernels: KernelTable<'cumSum' | 'argSort'> = {
  cumSum: (inputs, attributes) => {
    const x = inputs[0]!;
    const { axis, reverse } = attributes;
    const { shape, dtype } = infer('cumSum', inputs, attributes);
    const size = sizeOf(shape);
    const out = allocate(dtype, size);
    if (size === 0) return fresh(out, shape, dtype);
    const source = readContiguous(x);
    const n = shape[axis]!;
    const width = sizeOf(shape.slice(axis + 1));
    // Running sums are kept in float64, so that a long float32 line does not drift.
    const sums = isFloat(dtype) ? new Float64Array(width) : new Int32Array(width);
    for (let base = 0; base < size; base += n * width) {
      if (width === 1) {
        const isFloating = isFloat(dtype);
        let sum = 0;
        for (let i = 0, p = reverse ? base + n - 1 : base; i < n; i++, p += reverse ? -1 : 1) {
          sum = isFloating ? sum + source[p]! : (sum + source[p]!) | 0;
          out[p] = sum;
        }
        continue;
      }
      sums.fill(0);
      for (let i = 0; i < n; i++) {
        const row = base + (reverse ? n - 1 - i : i) * width;
        for (let j = 0; j < width; j++) {
          sums[j]! += source[row + j]!;
          out[row + j] = sums[j]!;
        }
      }
    }
    return fresh(out, shape, dtype);
  },
  argSort: (inputs, attributes) => {
    const x = inputs[0]!;
    const { axis, descending, count } = attributes;
    const { shape, dtype } = infer('argSort', inputs, attributes);
    const out = new Int32Array(sizeOf(shape));
    if (out.length === 0) return fresh(out, shape, dtype);
    const source = readContiguous(x);
    const n = x.shape[axis]!;
    const width = sizeOf(x.shape.slice(axis + 1));
    const lines = source.length / n;
    const line = new Float64Array(n);
    const order = new Int32Array(count);
    for (let l = 0; l < lines; l++) {
      const inner = l % width;
      const outer = (l - inner) / width;
      for (let i = 0, p = outer * n * width + inner; i < n; i++, p += width) line[i] = source[p]!;
      orderLine(line, x.dtype, descending, order);
      for (let i = 0, p = outer * count * width + inner; i < count; i++, p += width) out[p] = order[i]!;
    }
    return fresh(out, shape, dtype);
  },
};
