import type { DType, TypedArray } from '../dtype.ts';
import { insideRange, type Geometry } from './patches.ts';

/** Whether a matrix product would have one channel and a few filters a group: then loops over rows are faster. */
export function isDepthwise({ channels, groups, filters }: Geometry): boolean {
  return channels === groups && filters / groups <= 4;
}

/**
 * Calls `visit` for every (image, filter, tap, output row) with the positions of the first element that the tap reads
 * inside the image, of the output element beside it, and of the weight, and with the number of elements in that row.
 */
function eachRow(
  geometry: Geometry,
  visit: (image: number, out: number, weight: number, count: number) => void,
): void {
  const { batch, channels, height, width, filters, kernelHeight, kernelWidth, outHeight, outWidth } =
    geometry;
  const { stride, padding, dilation } = geometry;
  const perChannel = filters / channels;
  for (let kh = 0; kh < kernelHeight; kh++) {
    const [firstRow, endRow] = insideRange(outHeight, stride[0], padding[0][0], kh * dilation[0], height);
    for (let kw = 0; kw < kernelWidth; kw++) {
      const [first, end] = insideRange(outWidth, stride[1], padding[1][0], kw * dilation[1], width);
      if (first === end) continue;
      const reach = first * stride[1] - padding[1][0] + kw * dilation[1];
      for (let n = 0; n < batch; n++) {
        for (let f = 0; f < filters; f++) {
          const channel = Math.floor(f / perChannel);
          const image = (n * channels + channel) * height * width + reach;
          const out = (n * filters + f) * outHeight * outWidth + first;
          const weight = (f * kernelHeight + kh) * kernelWidth + kw;
          for (let row = firstRow; row < endRow; row++) {
            const imageRow = row * stride[0] - padding[0][0] + kh * dilation[0];
            visit(image + imageRow * width, out + row * outWidth, weight, end - first);
          }
        }
      }
    }
  }
}

export function forward(
  x: TypedArray,
  weight: TypedArray,
  out: TypedArray,
  _: DType,
  geometry: Geometry,
): void {
  const step = geometry.stride[1];
  eachRow(geometry, (image, to, at, count) => {
    const factor = weight[at]!;
    for (let j = 0, p = image; j < count; j++, p += step) out[to + j]! += factor * x[p]!;
  });
}

export function inputGradient(
  gradient: TypedArray,
  weight: TypedArray,
  out: TypedArray,
  _: DType,
  geometry: Geometry,
): void {
  const step = geometry.stride[1];
  eachRow(geometry, (image, from, at, count) => {
    const factor = weight[at]!;
    for (let j = 0, p = image; j < count; j++, p += step) out[p]! += factor * gradient[from + j]!;
  });
}

export function weightGradient(
  x: TypedArray,
  gradient: TypedArray,
  out: TypedArray,
  _: DType,
  geometry: Geometry,
): void {
  const step = geometry.stride[1];
  const sums = new Float64Array(out.length);
  eachRow(geometry, (image, from, at, count) => {
    let sum = 0;
    for (let j = 0, p = image; j < count; j++, p += step) sum += x[p]! * gradient[from + j]!;
    sums[at]! += sum;
  });
  out.set(sums);
}
