import { allocate, type DType, type TypedArray } from '../dtype.ts';
import { infer } from '../inference.ts';
import { sizeOf } from '../shape.ts';
import * as depthwise from './depthwise.ts';
import type { KernelTable } from './kernel.ts';
import { fresh, readContiguous } from './layout.ts';
import { multiplyFloats, type MatrixBatch } from './matrix-product.ts';
import { fold, geometryOf, unfold, type Geometry } from './patches.ts';

/** Elements of unfolded patches at a time, unless one output row needs more. */
const patchLimit = 1 << 18;

const scratch: Partial<Record<DType, TypedArray>> = {};

/** An array of at least `size` elements, reused by the next call. */
function scratchOf(dtype: DType, size: number): TypedArray {
  const kept = scratch[dtype];
  if (kept !== undefined && kept.length >= size) return kept;
  const array = allocate(dtype, size);
  if (size <= patchLimit) scratch[dtype] = array;
  return array;
}

function matrix(
  array: TypedArray,
  offset: number,
  rowStride: number,
  columnStride: number,
  batchStride = 0,
): MatrixBatch {
  return { array, offset, rowStride, columnStride, batchStride };
}

/** What is convolved at a time: output rows of one image, or several whole images. */
interface Part {
  readonly image: number;
  readonly images: number;
  readonly firstRow: number;
  readonly endRow: number;
}

function partsOf(geometry: Geometry, taps: number): Part[] {
  const { batch, outHeight, outWidth } = geometry;
  const parts: Part[] = [];
  const perImage = taps * outHeight * outWidth;
  if (perImage <= patchLimit) {
    const images = Math.max(1, Math.floor(patchLimit / Math.max(1, perImage)));
    for (let image = 0; image < batch; image += images)
      parts.push({ image, images: Math.min(images, batch - image), firstRow: 0, endRow: outHeight });
    return parts;
  }
  const rows = Math.max(1, Math.floor(patchLimit / (taps * outWidth)));
  for (let image = 0; image < batch; image++)
    for (let firstRow = 0; firstRow < outHeight; firstRow += rows)
      parts.push({ image, images: 1, firstRow, endRow: Math.min(outHeight, firstRow + rows) });
  return parts;
}

/** Whether the patches of an image are the image itself. */
function isPointwise({ kernelHeight, kernelWidth, stride, padding }: Geometry): boolean {
  return (
    kernelHeight === 1 &&
    kernelWidth === 1 &&
    stride[0] === 1 &&
    stride[1] === 1 &&
    padding.every(([before, after]) => before === 0 && after === 0)
  );
}

function forward(x: TypedArray, weight: TypedArray, out: TypedArray, dtype: DType, geometry: Geometry): void {
  const { batch, channels, height, width, filters, outHeight, outWidth, groups } = geometry;
  const groupChannels = channels / groups;
  const groupFilters = filters / groups;
  const taps = groupChannels * geometry.kernelHeight * geometry.kernelWidth;
  const places = outHeight * outWidth;
  const image = height * width;
  if (isPointwise(geometry)) {
    for (let g = 0; g < groups; g++) {
      multiplyFloats(
        { batch, m: groupFilters, n: places, k: taps },
        matrix(weight, g * groupFilters * taps, taps, 1),
        matrix(x, g * groupChannels * image, image, 1, channels * image),
        matrix(out, g * groupFilters * places, places, 1, filters * places),
      );
    }
    return;
  }
  for (const { image: first, images, firstRow, endRow } of partsOf(geometry, taps)) {
    const columns = (endRow - firstRow) * outWidth;
    const patches = scratchOf(dtype, images * taps * columns);
    for (let g = 0; g < groups; g++) {
      for (let i = 0; i < images; i++) {
        const at = ((first + i) * channels + g * groupChannels) * image;
        unfold(x, at, groupChannels, geometry, firstRow, endRow, patches, i * taps * columns, columns);
      }
      multiplyFloats(
        { batch: images, m: groupFilters, n: columns, k: taps },
        matrix(weight, g * groupFilters * taps, taps, 1),
        matrix(patches, 0, columns, 1, taps * columns),
        matrix(
          out,
          (first * filters + g * groupFilters) * places + firstRow * outWidth,
          places,
          1,
          filters * places,
        ),
      );
    }
  }
}

function inputGradient(
  gradient: TypedArray,
  weight: TypedArray,
  out: TypedArray,
  dtype: DType,
  geometry: Geometry,
): void {
  const { batch, channels, height, width, filters, outHeight, outWidth, groups } = geometry;
  const groupChannels = channels / groups;
  const groupFilters = filters / groups;
  const taps = groupChannels * geometry.kernelHeight * geometry.kernelWidth;
  const places = outHeight * outWidth;
  const image = height * width;
  if (isPointwise(geometry)) {
    for (let g = 0; g < groups; g++) {
      multiplyFloats(
        { batch, m: taps, n: places, k: groupFilters },
        matrix(weight, g * groupFilters * taps, 1, taps),
        matrix(gradient, g * groupFilters * places, places, 1, filters * places),
        matrix(out, g * groupChannels * image, image, 1, channels * image),
      );
    }
    return;
  }
  for (const { image: first, images, firstRow, endRow } of partsOf(geometry, taps)) {
    const columns = (endRow - firstRow) * outWidth;
    const patches = scratchOf(dtype, images * taps * columns);
    for (let g = 0; g < groups; g++) {
      multiplyFloats(
        { batch: images, m: taps, n: columns, k: groupFilters },
        matrix(weight, g * groupFilters * taps, 1, taps),
        matrix(
          gradient,
          (first * filters + g * groupFilters) * places + firstRow * outWidth,
          places,
          1,
          filters * places,
        ),
        matrix(patches, 0, columns, 1, taps * columns),
      );
      for (let i = 0; i < images; i++) {
        const at = ((first + i) * channels + g * groupChannels) * image;
        fold(patches, i * taps * columns, columns, groupChannels, geometry, firstRow, endRow, out, at);
      }
    }
  }
}

function weightGradient(
  x: TypedArray,
  gradient: TypedArray,
  out: TypedArray,
  dtype: DType,
  geometry: Geometry,
): void {
  const { channels, height, width, filters, outHeight, outWidth, groups } = geometry;
  const groupChannels = channels / groups;
  const groupFilters = filters / groups;
  const taps = groupChannels * geometry.kernelHeight * geometry.kernelWidth;
  const places = outHeight * outWidth;
  const image = height * width;
  for (const { image: first, images, firstRow, endRow } of partsOf(geometry, taps)) {
    // The sum runs over the places of all images of the part at once: long sums keep the product efficient.
    const columns = (endRow - firstRow) * outWidth;
    const total = images * columns;
    const patches = scratchOf(dtype, taps * total);
    for (let g = 0; g < groups; g++) {
      for (let i = 0; i < images; i++) {
        const at = ((first + i) * channels + g * groupChannels) * image;
        unfold(x, at, groupChannels, geometry, firstRow, endRow, patches, i * columns, total);
      }
      const start = (first * filters + g * groupFilters) * places + firstRow * outWidth;
      let rows = matrix(gradient, start, places, 1);
      if (images > 1) {
        const gathered = allocate(dtype, groupFilters * total);
        for (let f = 0; f < groupFilters; f++) {
          for (let i = 0; i < images; i++) {
            const from = start + (i * filters + f) * places;
            gathered.set(gradient.subarray(from, from + columns), f * total + i * columns);
          }
        }
        rows = matrix(gathered, 0, total, 1);
      }
      multiplyFloats(
        { batch: 1, m: groupFilters, n: taps, k: total },
        rows,
        matrix(patches, 0, 1, total),
        matrix(out, g * groupFilters * taps, taps, 1),
        true,
      );
    }
  }
}

export const convolutionKernels: KernelTable<'conv' | 'convInputGrad' | 'convWeightGrad'> = {
  conv: (inputs, attributes) => {
    const [x, weight] = inputs as [(typeof inputs)[0] & {}, (typeof inputs)[0] & {}];
    const { shape, dtype } = infer('conv', inputs, attributes);
    const out = allocate(dtype, sizeOf(shape));
    const geometry = geometryOf(x.shape, weight.shape, shape, attributes);
    if (out.length > 0) {
      const run = depthwise.isDepthwise(geometry) ? depthwise.forward : forward;
      run(readContiguous(x), readContiguous(weight), out, dtype, geometry);
    }
    return fresh(out, shape, dtype);
  },
  convInputGrad: (inputs, attributes) => {
    const [gradient, weight] = inputs as [(typeof inputs)[0] & {}, (typeof inputs)[0] & {}];
    const { shape, dtype } = infer('convInputGrad', inputs, attributes);
    const out = allocate(dtype, sizeOf(shape));
    const geometry = geometryOf(shape, weight.shape, gradient.shape, attributes);
    if (out.length > 0 && gradient.size > 0) {
      const run = depthwise.isDepthwise(geometry) ? depthwise.inputGradient : inputGradient;
      run(readContiguous(gradient), readContiguous(weight), out, dtype, geometry);
    }
    return fresh(out, shape, dtype);
  },
  convWeightGrad: (inputs, attributes) => {
    const [x, gradient] = inputs as [(typeof inputs)[0] & {}, (typeof inputs)[0] & {}];
    const { shape, dtype } = infer('convWeightGrad', inputs, attributes);
    const out = allocate(dtype, sizeOf(shape));
    const geometry = geometryOf(x.shape, shape, gradient.shape, attributes);
    if (out.length > 0 && gradient.size > 0 && x.size > 0) {
      const run = depthwise.isDepthwise(geometry) ? depthwise.weightGradient : weightGradient;
      run(readContiguous(x), readContiguous(gradient), out, dtype, geometry);
    }
    return fresh(out, shape, dtype);
  },
};
