import type { TypedArray } from '../dtype.ts';
import type { ConvolutionAttributes } from '../primitives.ts';
import type { Shape } from '../shape.ts';

/** The sizes of a convolution of `batch` images of [channels, height, width] to [filters, outHeight, outWidth]. */
export interface Geometry extends ConvolutionAttributes {
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly filters: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

export function geometryOf(
  image: Shape,
  weight: Shape,
  out: Shape,
  attributes: ConvolutionAttributes,
): Geometry {
  const { stride, padding, dilation, groups } = attributes;
  return {
    stride,
    padding,
    dilation,
    groups,
    batch: image[0]!,
    channels: image[1]!,
    height: image[2]!,
    width: image[3]!,
    filters: weight[0]!,
    kernelHeight: weight[2]!,
    kernelWidth: weight[3]!,
    outHeight: out[2]!,
    outWidth: out[3]!,
  };
}

/** Output positions whose tap at `reach` elements from the window's start lies inside an axis of `size`: [first, end). */
export function insideRange(
  count: number,
  stride: number,
  before: number,
  reach: number,
  size: number,
): readonly [first: number, end: number] {
  const first = Math.min(count, Math.max(0, Math.ceil((before - reach) / stride)));
  const end = Math.min(count, Math.floor((size - 1 + before - reach) / stride) + 1);
  return [first, Math.max(first, end)];
}

/** Sets `count` elements from `at` on to 0; a loop, because the runs are short. */
function clear(array: TypedArray, at: number, count: number): void {
  for (let i = at; i < at + count; i++) array[i] = 0;
}

/**
 * Lays out what the windows of output rows [firstRow, endRow) see, one row per tap (channel, kernel row, kernel column)
 * and one column per output position; taps in the padding are 0. Tap t begins at `to + t · tapStride` of `patches`.
 */
export function unfold(
  image: TypedArray,
  at: number,
  channels: number,
  geometry: Geometry,
  firstRow: number,
  endRow: number,
  patches: TypedArray,
  to: number,
  tapStride: number,
): void {
  const { height, width, kernelHeight, kernelWidth, outHeight, outWidth, stride, padding, dilation } =
    geometry;
  const [rowStep, columnStep] = stride;
  // Where the output is as wide as the image and moves by one, all rows that a tap reads are one run of the image.
  const isRun = rowStep === 1 && columnStep === 1 && outWidth === width;
  let tap = to;
  for (let c = 0; c < channels; c++) {
    const plane = at + c * height * width;
    for (let kh = 0; kh < kernelHeight; kh++) {
      const [insideFirst, insideEnd] = insideRange(
        outHeight,
        rowStep,
        padding[0][0],
        kh * dilation[0],
        height,
      );
      const top = Math.min(endRow, Math.max(firstRow, insideFirst));
      const bottom = Math.max(top, Math.min(endRow, insideEnd));
      const imageRow = top * rowStep - padding[0][0] + kh * dilation[0];
      for (let kw = 0; kw < kernelWidth; kw++, tap += tapStride) {
        const [first, end] = insideRange(outWidth, columnStep, padding[1][0], kw * dilation[1], width);
        let p = tap + (top - firstRow) * outWidth;
        let source = plane + imageRow * width + first * columnStep - padding[1][0] + kw * dilation[1];
        clear(patches, tap, p - tap);
        if (isRun && bottom > top && end > first) {
          // The run also brings what lies beside a row, in the neighbouring rows; the loop below clears it.
          const length = (bottom - top - 1) * width + end - first;
          patches.set(image.subarray(source, source + length), p + first);
          for (let row = top; row < bottom; row++, p += outWidth) {
            clear(patches, p, first);
            clear(patches, p + end, outWidth - end);
          }
        } else {
          for (let row = top; row < bottom; row++, p += outWidth, source += rowStep * width) {
            clear(patches, p, first);
            for (let j = first, s = source; j < end; j++, s += columnStep) patches[p + j] = image[s]!;
            clear(patches, p + end, outWidth - end);
          }
        }
        clear(patches, p, (endRow - bottom) * outWidth);
      }
    }
  }
}

/** The adjoint of {@link unfold}: adds every element of `patches` to the element of the image that it was read from. */
export function fold(
  patches: TypedArray,
  from: number,
  tapStride: number,
  channels: number,
  geometry: Geometry,
  firstRow: number,
  endRow: number,
  image: TypedArray,
  at: number,
): void {
  const { height, width, kernelHeight, kernelWidth, outHeight, outWidth, stride, padding, dilation } =
    geometry;
  const [rowStep, columnStep] = stride;
  let tap = from;
  for (let c = 0; c < channels; c++) {
    const plane = at + c * height * width;
    for (let kh = 0; kh < kernelHeight; kh++) {
      const [insideFirst, insideEnd] = insideRange(
        outHeight,
        rowStep,
        padding[0][0],
        kh * dilation[0],
        height,
      );
      for (let kw = 0; kw < kernelWidth; kw++, tap += tapStride) {
        const reach = kw * dilation[1] - padding[1][0];
        const [first, end] = insideRange(outWidth, columnStep, padding[1][0], kw * dilation[1], width);
        for (let row = Math.max(firstRow, insideFirst); row < Math.min(endRow, insideEnd); row++) {
          const p = tap + (row - firstRow) * outWidth;
          const target = plane + (row * rowStep - padding[0][0] + kh * dilation[0]) * width + reach;
          for (let j = first, t = target + first * columnStep; j < end; j++, t += columnStep)
            image[t]! += patches[p + j]!;
        }
      }
    }
  }
}
