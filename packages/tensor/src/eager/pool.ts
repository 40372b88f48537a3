import { allocate } from '../allocation.ts';
import { isFloat, type DType, type TypedArray } from '../dtype.ts';
import { infer } from '../inference.ts';
import type { Pair, PoolAttributes } from '../primitives.ts';
import { sizeOf, type Shape } from '../shape.ts';
import type { KernelTable } from './kernel.ts';
import { fresh, readContiguous } from './layout.ts';

/** For every place of a window along one axis: the first element inside the image, and one past the last of them. */
interface Window {
  readonly first: Int32Array;
  readonly end: Int32Array;
  readonly step: number;
}

function windowsOf(
  size: number,
  count: number,
  kernel: number,
  stride: number,
  padding: Pair,
  dilation: number,
): Window {
  const first = new Int32Array(count);
  const end = new Int32Array(count);
  for (let o = 0; o < count; o++) {
    const start = o * stride - padding[0];
    // The smallest start + i · dilation that is not negative.
    first[o] = start >= 0 ? start : start + Math.ceil(-start / dilation) * dilation;
    end[o] = Math.max(first[o]!, Math.min(size, start + (kernel - 1) * dilation + 1));
  }
  return { first, end, step: dilation };
}

interface Plan {
  readonly planes: number;
  readonly height: number;
  readonly width: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly rows: Window;
  readonly columns: Window;
}

function planOf(image: Shape, out: Shape, attributes: PoolAttributes): Plan {
  const { kernel, stride, padding, dilation } = attributes;
  const [, , height, width] = image as readonly [number, number, number, number];
  const [batch, channels, outHeight, outWidth] = out as readonly [number, number, number, number];
  return {
    planes: batch * channels,
    height,
    width,
    outHeight,
    outWidth,
    rows: windowsOf(height, outHeight, kernel[0], stride[0], padding[0], dilation[0]),
    columns: windowsOf(width, outWidth, kernel[1], stride[1], padding[1], dilation[1]),
  };
}

/** What a window that holds padding alone gives. */
function lowest(dtype: DType): number {
  return isFloat(dtype) ? -Infinity : dtype === 'int32' ? -(2 ** 31) : 0;
}

/** Whether every window is two by two neighbours inside the image: the usual pool, whose loops are written out. */
function isTwoByTwo(
  { rows, columns, outHeight, outWidth, height, width }: Plan,
  { kernel, padding }: PoolAttributes,
): boolean {
  return (
    kernel[0] === 2 &&
    kernel[1] === 2 &&
    rows.step === 1 &&
    columns.step === 1 &&
    padding[0][0] === 0 &&
    padding[1][0] === 0 &&
    rows.first[outHeight - 1]! + 2 <= height &&
    columns.first[outWidth - 1]! + 2 <= width
  );
}

/** Position of the first greatest element of each window in the whole array, NaN being greatest; −1 for padding alone. */
function greatestPositions(x: TypedArray, plan: Plan, attributes: PoolAttributes): Int32Array {
  const { planes, height, width, outHeight, outWidth, rows, columns } = plan;
  const positions = new Int32Array(planes * outHeight * outWidth);
  const twoByTwo = positions.length > 0 && isTwoByTwo(plan, attributes);
  let o = 0;
  for (let plane = 0; plane < planes; plane++) {
    const base = plane * height * width;
    for (let i = 0; i < outHeight; i++) {
      const rowFirst = rows.first[i]!;
      const rowEnd = rows.end[i]!;
      if (twoByTwo) {
        const row = base + rowFirst * width;
        for (let j = 0; j < outWidth; j++) positions[o++] = greatestOfFour(x, row + columns.first[j]!, width);
        continue;
      }
      for (let j = 0; j < outWidth; j++) {
        const columnFirst = columns.first[j]!;
        const columnEnd = columns.end[j]!;
        let best = -Infinity;
        let position = -1;
        for (let r = rowFirst; r < rowEnd; r += rows.step) {
          const row = base + r * width;
          for (let c = columnFirst; c < columnEnd; c += columns.step) {
            const value = x[row + c]!;
            if (value > best || position < 0 || (value !== value && best === best)) {
              best = value;
              position = row + c;
            }
          }
        }
        positions[o++] = position;
      }
    }
  }
  return positions;
}

/** Position of the first greatest of four neighbours, `at` being the upper left. */
function greatestOfFour(x: TypedArray, at: number, width: number): number {
  const a = x[at]!;
  const b = x[at + 1]!;
  const c = x[at + width]!;
  const d = x[at + width + 1]!;
  // A sum is NaN where one of them is, or for opposite infinities: then the comparisons look closer.
  const sum = a + b + c + d;
  if (sum !== sum) {
    if (a !== a) return at;
    if (b !== b) return at + 1;
    if (c !== c) return at + width;
    if (d !== d) return at + width + 1;
  }
  // Sums of truth values instead of branches: which of them is greater nobody can predict.
  const upper = at + Number(b > a);
  const lower = at + width + Number(d > c);
  return upper + Number(x[lower]! > x[upper]!) * (lower - upper);
}

export const poolKernels: KernelTable<
  'maxPool' | 'maxPoolGather' | 'maxPoolScatter' | 'averagePool' | 'averagePoolGrad'
> = {
  maxPool: (inputs, attributes) => {
    const x = inputs[0]!;
    const { shape, dtype } = infer('maxPool', inputs, attributes);
    const source = readContiguous(x);
    const positions = greatestPositions(source, planOf(x.shape, shape, attributes), attributes);
    const out = allocate(dtype, positions.length);
    const padded = lowest(dtype);
    for (let i = 0; i < out.length; i++) {
      const position = positions[i]!;
      out[i] = position < 0 ? padded : source[position]!;
    }
    return fresh(out, shape, dtype);
  },
  maxPoolGather: (inputs, attributes) => {
    const x = inputs[0]!;
    const { shape, dtype } = infer('maxPoolGather', inputs, attributes);
    const positions = greatestPositions(readContiguous(x), planOf(x.shape, shape, attributes), attributes);
    const values = readContiguous(inputs[1]!);
    const out = allocate(dtype, positions.length);
    for (let i = 0; i < out.length; i++) {
      const position = positions[i]!;
      out[i] = position < 0 ? 0 : values[position]!;
    }
    return fresh(out, shape, dtype);
  },
  maxPoolScatter: (inputs, attributes) => {
    const x = inputs[0]!;
    const gradient = inputs[1]!;
    const positions = greatestPositions(
      readContiguous(x),
      planOf(x.shape, gradient.shape, attributes),
      attributes,
    );
    const values = readContiguous(gradient);
    const out = allocate(x.dtype, x.size);
    for (let i = 0; i < positions.length; i++) {
      const position = positions[i]!;
      if (position >= 0) out[position]! += values[i]!;
    }
    return fresh(out, x.shape, x.dtype);
  },
  averagePool: (inputs, attributes) => {
    const x = inputs[0]!;
    const { shape, dtype } = infer('averagePool', inputs, attributes);
    const plan = planOf(x.shape, shape, { ...attributes, dilation: [1, 1] });
    const { planes, height, width, outHeight, outWidth, rows, columns } = plan;
    const source = readContiguous(x);
    const out = allocate(dtype, sizeOf(shape));
    const whole = attributes.kernel[0] * attributes.kernel[1];
    let o = 0;
    for (let plane = 0; plane < planes; plane++) {
      const base = plane * height * width;
      for (let i = 0; i < outHeight; i++) {
        const rowEnd = rows.end[i]!;
        for (let j = 0; j < outWidth; j++) {
          const columnFirst = columns.first[j]!;
          const columnEnd = columns.end[j]!;
          let sum = 0;
          for (let r = rows.first[i]!; r < rowEnd; r++)
            for (let p = base + r * width + columnFirst, end = base + r * width + columnEnd; p < end; p++)
              sum += source[p]!;
          const count = attributes.countIncludePad
            ? whole
            : Math.max(1, (rowEnd - rows.first[i]!) * (columnEnd - columnFirst));
          out[o++] = sum / count;
        }
      }
    }
    return fresh(out, shape, dtype);
  },
  averagePoolGrad: (inputs, attributes) => {
    const gradient = inputs[0]!;
    const { shape, dtype } = infer('averagePoolGrad', inputs, attributes);
    const plan = planOf(shape, gradient.shape, { ...attributes, dilation: [1, 1] });
    const { planes, height, width, outHeight, outWidth, rows, columns } = plan;
    const source = readContiguous(gradient);
    const out = allocate(dtype, sizeOf(shape));
    const whole = attributes.kernel[0] * attributes.kernel[1];
    let o = 0;
    for (let plane = 0; plane < planes; plane++) {
      const base = plane * height * width;
      for (let i = 0; i < outHeight; i++) {
        const rowEnd = rows.end[i]!;
        for (let j = 0; j < outWidth; j++) {
          const columnFirst = columns.first[j]!;
          const columnEnd = columns.end[j]!;
          const count = attributes.countIncludePad
            ? whole
            : Math.max(1, (rowEnd - rows.first[i]!) * (columnEnd - columnFirst));
          const share = source[o++]! / count;
          for (let r = rows.first[i]!; r < rowEnd; r++)
            for (let p = base + r * width + columnFirst, end = base + r * width + columnEnd; p < end; p++)
              out[p]! += share;
        }
      }
    }
    return fresh(out, shape, dtype);
  },
};
