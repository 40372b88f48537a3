import { allocate } from '../allocation.ts';
import type { DType, TypedArray } from '../dtype.ts';
import { infer } from '../inference.ts';
import type { Pair } from '../primitives.ts';
import { sizeOf } from '../shape.ts';
import * as depthwise from './depthwise.ts';
import type { KernelTable } from './kernel.ts';
import { fresh, readContiguous } from './layout.ts';
import { multiplyFloats, type MatrixBatch } from './matrix-product.ts';
import { fold, geometryOf, unfold, type Geometry } from './patches.ts';

/** Elements of unfolded patches at a time, unless one output row needs more. */
const patchLimit = 1 << 18;

// Working memory that the next call overwrites: kept for its pages, never for what it holds.
const scratch: Partial<Record<`${'patches' | 'rows'} ${DType}`, TypedArray>> = {};

/** An array of at least `size` elements with anything in it. */
function scratchOf(use: 'patches' | 'rows', dtype: DType, size: number): TypedArray {
  const kept = scratch[`${use} ${dtype}`];
  if (kept !== undefined && kept.length >= size) return kept;
  const array = allocate(dtype, Math.max(size, 1 << 12));
  if (size <= patchLimit) scratch[`${use} ${dtype}`] = array;
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

/** A convolution as matrix products: the sizes of one group, and the parts to go through. */
interface Plan {
  readonly geometry: Geometry;
  readonly groupChannels: number;
  readonly groupFilters: number;
  /** Channels × kernel height × kernel width that one output element sees. */
  readonly taps: number;
  /** Output elements of one plane. */
  readonly places: number;
  readonly parts: readonly Part[];
}

function planOf(geometry: Geometry): Plan {
  const { batch, channels, filters, groups, kernelHeight, kernelWidth, outHeight, outWidth } = geometry;
  const groupChannels = channels / groups;
  const taps = groupChannels * kernelHeight * kernelWidth;
  const places = outHeight * outWidth;
  const parts: Part[] = [];
  const perImage = Math.max(1, taps * places);
  if (perImage <= patchLimit) {
    const most = Math.floor(patchLimit / perImage);
    // Parts of equal size: a short last one would waste a product on a few images.
    const images = Math.max(1, Math.ceil(batch / Math.ceil(batch / most)));
    for (let image = 0; image < batch; image += images)
      parts.push({ image, images: Math.min(images, batch - image), firstRow: 0, endRow: outHeight });
  } else {
    const rows = Math.max(1, Math.floor(patchLimit / (taps * outWidth)));
    for (let image = 0; image < batch; image++)
      for (let firstRow = 0; firstRow < outHeight; firstRow += rows)
        parts.push({ image, images: 1, firstRow, endRow: Math.min(outHeight, firstRow + rows) });
  }
  return { geometry, groupChannels, groupFilters: filters / groups, taps, places, parts };
}

/** Whether the patches of an image are the image itself, and large enough for a product of its own. */
function isPointwise({ kernelHeight, kernelWidth, stride, padding, height, width }: Geometry): boolean {
  return (
    kernelHeight === 1 &&
    kernelWidth === 1 &&
    stride[0] === 1 &&
    stride[1] === 1 &&
    padding.every(([before, after]) => before === 0 && after === 0) &&
    height * width >= 256
  );
}

/** Where the output of group `g` begins for the first image and row of a part. */
function startOf({ geometry, groupFilters, places }: Plan, part: Part, g: number): number {
  return (part.image * geometry.filters + g * groupFilters) * places + part.firstRow * geometry.outWidth;
}

/** The patches of group `g` of a part as a [taps, images · columns] matrix. */
function patchesOf(plan: Plan, part: Part, g: number, x: TypedArray, dtype: DType): TypedArray {
  const { geometry, groupChannels, taps } = plan;
  const { channels, height, width, outWidth } = geometry;
  const columns = (part.endRow - part.firstRow) * outWidth;
  const total = part.images * columns;
  const patches = scratchOf('patches', dtype, taps * total);
  for (let i = 0; i < part.images; i++) {
    const at = ((part.image + i) * channels + g * groupChannels) * height * width;
    unfold(x, at, groupChannels, geometry, part.firstRow, part.endRow, patches, i * columns, total);
  }
  return patches;
}

/** Output rows of group `g` of a part as a [filters, images · columns] matrix: in place for one image, else gathered. */
function outputRows(plan: Plan, part: Part, g: number, array: TypedArray, dtype: DType): MatrixBatch {
  const { geometry, groupFilters, places } = plan;
  const columns = (part.endRow - part.firstRow) * geometry.outWidth;
  const start = startOf(plan, part, g);
  if (part.images === 1) return matrix(array, start, places, 1);
  const total = part.images * columns;
  const rows = scratchOf('rows', dtype, groupFilters * total);
  for (let f = 0; f < groupFilters; f++) {
    for (let i = 0; i < part.images; i++) {
      const from = start + (i * geometry.filters + f) * places;
      rows.set(array.subarray(from, from + columns), f * total + i * columns);
    }
  }
  return matrix(rows, 0, total, 1);
}

function forward(x: TypedArray, weight: TypedArray, out: TypedArray, dtype: DType, geometry: Geometry): void {
  const plan = planOf(geometry);
  const { groupFilters, taps, places } = plan;
  const { batch, channels, filters, groups } = geometry;
  if (isPointwise(geometry) && groups === 1) {
    const images = matrix(x, 0, places, 1, channels * places);
    multiplyFloats({ batch, m: filters, n: places, k: taps }, matrix(weight, 0, taps, 1), images, out, 0);
    return;
  }
  for (const part of plan.parts) {
    const columns = (part.endRow - part.firstRow) * geometry.outWidth;
    const total = part.images * columns;
    for (let g = 0; g < groups; g++) {
      const patches = matrix(patchesOf(plan, part, g, x, dtype), 0, total, 1);
      const weights = matrix(weight, g * groupFilters * taps, taps, 1);
      const size = { batch: 1, m: groupFilters, n: total, k: taps };
      const start = startOf(plan, part, g);
      if (total === places) {
        multiplyFloats(size, weights, patches, out, start);
        continue;
      }
      const rows = scratchOf('rows', dtype, groupFilters * total);
      multiplyFloats(size, weights, patches, rows, 0);
      for (let f = 0; f < groupFilters; f++) {
        for (let i = 0; i < part.images; i++) {
          const from = f * total + i * columns;
          out.set(rows.subarray(from, from + columns), start + (i * filters + f) * places);
        }
      }
    }
  }
}

/**
 * The gradient of the images as a convolution of that of the output: with stride 1, by the kernels turned around and the
 * channels exchanged. Null where the padding that it needs would be negative, or the patches of many filters the larger work.
 */
function turnedGeometry(geometry: Geometry): Geometry | null {
  const { stride, padding, dilation, groups, kernelHeight, kernelWidth } = geometry;
  if (stride[0] !== 1 || stride[1] !== 1 || geometry.filters > 2 * geometry.channels) return null;
  const turned = padding.map(([before, after], i) => {
    const reach = dilation[i]! * ([kernelHeight, kernelWidth][i]! - 1);
    return [reach - before, reach - after] as const;
  }) as [Pair, Pair];
  if (turned.flat().some((count) => count < 0)) return null;
  return {
    stride,
    padding: turned,
    dilation,
    groups,
    kernelHeight,
    kernelWidth,
    batch: geometry.batch,
    channels: geometry.filters,
    height: geometry.outHeight,
    width: geometry.outWidth,
    filters: geometry.channels,
    outHeight: geometry.height,
    outWidth: geometry.width,
  };
}

/** Kernels [filters, channels / groups, KH, KW] turned around, as [channels, filters / groups, KH, KW]. */
function turnedKernels(weight: TypedArray, dtype: DType, geometry: Geometry): TypedArray {
  const { channels, filters, groups, kernelHeight, kernelWidth } = geometry;
  const groupChannels = channels / groups;
  const groupFilters = filters / groups;
  const area = kernelHeight * kernelWidth;
  const out = allocate(dtype, weight.length);
  let at = 0;
  for (let c = 0; c < channels; c++) {
    const group = Math.floor(c / groupChannels);
    for (let f = 0; f < groupFilters; f++) {
      const from = ((group * groupFilters + f) * groupChannels + (c % groupChannels)) * area;
      for (let tap = area - 1; tap >= 0; tap--) out[at++] = weight[from + tap]!;
    }
  }
  return out;
}

function inputGradient(
  gradient: TypedArray,
  weight: TypedArray,
  out: TypedArray,
  dtype: DType,
  geometry: Geometry,
): void {
  const plan = planOf(geometry);
  const { groupChannels, groupFilters, taps, places } = plan;
  const { batch, channels, height, width, filters, groups } = geometry;
  if (isPointwise(geometry) && groups === 1) {
    const planes = matrix(gradient, 0, places, 1, filters * places);
    multiplyFloats({ batch, m: taps, n: places, k: filters }, matrix(weight, 0, 1, taps), planes, out, 0);
    return;
  }
  const turned = turnedGeometry(geometry);
  if (turned !== null) {
    forward(gradient, turnedKernels(weight, dtype, geometry), out, dtype, turned);
    return;
  }
  for (const part of plan.parts) {
    const columns = (part.endRow - part.firstRow) * geometry.outWidth;
    const total = part.images * columns;
    const patches = scratchOf('patches', dtype, taps * total);
    for (let g = 0; g < groups; g++) {
      multiplyFloats(
        { batch: 1, m: taps, n: total, k: groupFilters },
        matrix(weight, g * groupFilters * taps, 1, taps),
        outputRows(plan, part, g, gradient, dtype),
        patches,
        0,
      );
      for (let i = 0; i < part.images; i++) {
        const at = ((part.image + i) * channels + g * groupChannels) * height * width;
        fold(patches, i * columns, total, groupChannels, geometry, part.firstRow, part.endRow, out, at);
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
  const plan = planOf(geometry);
  const { groupFilters, taps } = plan;
  for (const part of plan.parts) {
    // One sum over the places of all images of the part: long sums keep the product efficient.
    const total = part.images * (part.endRow - part.firstRow) * geometry.outWidth;
    for (let g = 0; g < geometry.groups; g++) {
      multiplyFloats(
        { batch: 1, m: groupFilters, n: taps, k: total },
        outputRows(plan, part, g, gradient, dtype),
        matrix(patchesOf(plan, part, g, x, dtype), 0, 1, total),
        out,
        g * groupFilters * taps,
        true,
      );
    }
  }
}

export const convolutionKernels: KernelTable<'conv' | 'convInputGrad' | 'convWeightGrad'> = {
  conv: (inputs, attributes) => {
    const x = inputs[0]!;
    const weight = inputs[1]!;
    const { shape, dtype } = infer('conv', inputs, attributes);
    const out = allocate(dtype, sizeOf(shape));
    const geometry = geometryOf(x.shape, weight.shape, shape, attributes);
    if (out.length > 0 && weight.size > 0) {
      const run = depthwise.isDepthwise(geometry) ? depthwise.forward : forward;
      run(readContiguous(x), readContiguous(weight), out, dtype, geometry);
    }
    return fresh(out, shape, dtype);
  },
  convInputGrad: (inputs, attributes) => {
    const gradient = inputs[0]!;
    const weight = inputs[1]!;
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
    const x = inputs[0]!;
    const gradient = inputs[1]!;
    const { shape, dtype } = infer('convWeightGrad', inputs, attributes);
    const out = allocate(dtype, sizeOf(shape));
    const geometry = geometryOf(x.shape, shape, gradient.shape, attributes);
    if (out.length > 0 && gradient.size > 0) {
      const run = depthwise.isDepthwise(geometry) ? depthwise.weightGradient : weightGradient;
      run(readContiguous(x), readContiguous(gradient), out, dtype, geometry);
    }
    return fresh(out, shape, dtype);
  },
};
