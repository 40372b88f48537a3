import { sizeOf, type DType, type Pair, type Shape, type ValueId } from '@nadir/tensor';
import type {
  Buffer,
  ConvolutionGeometry,
  Element,
  Kernel,
  KernelProgram,
  PrimitiveKernel,
  Root,
  View,
} from '../kernel.ts';
import { filterRows } from '../lower/convolution/product-plan.ts';
import { hasWinogradWeights, winogradWeightParts } from '../lower/convolution/winograd-weights.ts';
import { weightParts } from '../lower/convolution/weights.ts';
import {
  filterMatrix,
  isWinograd,
  products,
  side,
  transform,
  type Algebra,
} from '../lower/convolution/winograd.ts';

type ConvolutionNode = Extract<
  PrimitiveKernel['node'],
  { primitive: 'conv' | 'convInputGrad' | 'convWeightGrad' }
>;

/** Makes buffers beside those of a program. */
class Splitter {
  readonly buffers: Map<ValueId, Buffer>;
  readonly kernels: Kernel[] = [];
  #next: ValueId;

  constructor(buffers: ReadonlyMap<ValueId, Buffer>) {
    this.buffers = new Map(buffers);
    this.#next = Math.max(-1, ...buffers.keys()) + 1;
  }

  buffer(dtype: DType, size: number): ValueId {
    const id = this.#next++;
    this.buffers.set(id, { id, dtype, size, origin: 'kernel', index: -1 });
    return id;
  }
}

/** The sizes that a convolution and its gradients share: the images, the filters, and the places. */
interface Sizes {
  readonly image: Shape;
  readonly weight: Shape;
  readonly out: Shape;
}

function sizesOf({ node, operands }: PrimitiveKernel): Sizes {
  const [first, second] = operands.map((view) => view.shape) as [Shape, Shape];
  const result = node.type.shape;
  switch (node.primitive) {
    case 'convInputGrad':
      return { image: result, weight: second, out: first };
    case 'convWeightGrad':
      return { image: first, weight: result, out: second };
    default:
      return { image: first, weight: second, out: result };
  }
}

/** The convolution itself: what its forward pass and the gradient of its filters go through. */
function forwardGeometry(kernel: PrimitiveKernel): ConvolutionGeometry {
  const { image, weight, out } = sizesOf(kernel);
  const { type, attributes } = kernel.node as ConvolutionNode;
  const { stride, padding, dilation, groups } = attributes;
  const places: Pair = [out[2]!, out[3]!];
  return {
    type: type.dtype === 'float64' ? 'f64' : 'f32',
    batch: image[0]!,
    groups,
    channels: weight[1]!,
    filters: weight[0]! / groups,
    height: image[2]!,
    width: image[3]!,
    kernel: [weight[2]!, weight[3]!],
    stride,
    dilation,
    before: [padding[0][0], padding[1][0]],
    places,
    target: { size: places, first: [0, 0], step: [1, 1] },
  };
}

/** How one axis of the gradient of the images is computed from the places: for every `step`-th row, by every `step`-th tap. */
interface Phase {
  readonly first: number;
  readonly count: number;
  /** Taps in reverse: the last of the kernel's, how far apart, and how many. */
  readonly last: number;
  readonly apart: number;
  readonly taps: number;
  readonly dilation: number;
  readonly before: number;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/**
 * Row i of an image takes part in the places o with `i + before = o · stride + tap · dilation`. Rows that are `stride` apart are met by
 * the same taps, and the places that those belong to move on by one from row to row: a convolution of stride 1 for each phase.
 */
function phasesOf(size: number, kernel: number, stride: number, dilation: number, before: number): Phase[] {
  const divisor = greatestDivisor(stride, dilation);
  const phases: Phase[] = [];
  for (let first = 0; first < Math.min(stride, size); first++) {
    const taps = Array.from({ length: kernel }, (_, tap) => tap).filter(
      (tap) => (first + before - tap * dilation) % stride === 0,
    );
    const last = taps.at(-1) ?? 0;
    phases.push({
      first,
      count: Math.ceil((size - first) / stride),
      last,
      apart: stride / divisor,
      taps: taps.length,
      dilation: dilation / divisor,
      before: (last * dilation - first - before) / stride,
    });
  }
  return phases;
}

/** Where the elements of the filters of a convolution lie: strides over [group, filter, channel, row, column]. */
interface FilterLayout {
  readonly strides: readonly [number, number, number, number, number];
  readonly offset: number;
}

/** Positions of filters in the weight and in panels: [group, panel, channel, filter of the panel]. */
interface PanelNest {
  readonly shape: Shape;
  /** Strides over the nest in the weight, where it begins there, and in what is packed. */
  readonly from: readonly number[];
  readonly offset: number;
  readonly to: readonly number[];
  readonly start: number;
}

/** The nests that go through all filters: the panels that are full, and the last one. `depth`: elements of one filter. */
function panelNests(
  { groups, filters, channels }: ConvolutionGeometry,
  { strides, offset }: FilterLayout,
  rows: number,
  depth: number,
): PanelNest[] {
  const [group, filter, channel] = strides;
  const panels = Math.ceil(filters / rows);
  const full = Math.floor(filters / rows);
  const nest = (first: number, count: number, width: number): PanelNest => ({
    shape: [groups, count, channels, width],
    from: [group, filter * rows, channel, filter],
    offset: offset + first * rows * filter,
    to: [panels * depth * rows, depth * rows, (depth / channels) * rows, 1],
    start: first * depth * rows,
  });
  return [nest(0, full, rows), nest(full, panels - full, filters % rows)].filter(
    ({ shape }) => shape[1]! > 0,
  );
}

function flatView(buffer: ValueId, dtype: DType, size: number): View {
  return { buffer, dtype, shape: [size], strides: [1], offset: 0 };
}

/** Emits the loops that put filters into panels: [group, panel, channel, row, column, filter of the panel]. */
function packFilters(
  splitter: Splitter,
  weight: View,
  geometry: ConvolutionGeometry,
  layout: FilterLayout,
): View {
  const { groups, filters, channels, kernel } = geometry;
  const rows = filterRows(geometry);
  const depth = channels * kernel[0] * kernel[1];
  const size = groups * Math.ceil(filters / rows) * depth * rows;
  const { dtype } = weight;
  const buffer = splitter.buffer(dtype, size);
  const [, , , down, across] = layout.strides;
  for (const { shape, from, offset, to, start } of panelNests(geometry, layout, rows, depth)) {
    const inner = (outer: readonly number[], row: number, column: number): number[] => [
      ...outer.slice(0, 3),
      row,
      column,
      outer[3]!,
    ];
    const element: Element = {
      kind: 'load',
      dtype,
      buffer: weight.buffer,
      at: { strides: inner(from, down, across), offset: weight.offset + offset },
    };
    const at = { strides: inner(to, kernel[1] * rows, rows), offset: start };
    const root = { buffer, element, at, whole: false };
    splitter.kernels.push({ kind: 'map', shape: inner(shape, ...kernel), roots: [root] });
  }
  return flatView(buffer, dtype, size);
}

/** How elements are added up. */
function elementAlgebra(dtype: DType): Algebra<Element> {
  const point = (name: 'add' | 'sub' | 'mul' | 'neg', ...operands: readonly Element[]): Element => ({
    kind: 'point',
    dtype,
    name,
    operands,
  });
  const half: Element = { kind: 'constant', dtype, value: 0.5 };
  return {
    add: (a, b) => point('add', a, b),
    sub: (a, b) => point('sub', a, b),
    neg: (a) => point('neg', a),
    half: (a) => point('mul', a, half),
  };
}

/** Emits the loops that transform filters of 3 × 3 and put them into panels: [product, group, panel, channel, filter of the panel]. */
function transformFilters(
  splitter: Splitter,
  weight: View,
  geometry: ConvolutionGeometry,
  layout: FilterLayout,
): View {
  const { groups, filters, channels } = geometry;
  const rows = filterRows(geometry);
  const set = groups * Math.ceil(filters / rows) * channels * rows;
  const { dtype } = weight;
  const buffer = splitter.buffer(dtype, products * set);
  const [, , , down, across] = layout.strides;
  for (const { shape, from, offset, to, start } of panelNests(geometry, layout, rows, channels)) {
    const taps = [0, 1, 2].map((row) =>
      [0, 1, 2].map((column): Element => {
        const at = { strides: from, offset: weight.offset + offset + row * down + column * across };
        return { kind: 'load', dtype, buffer: weight.buffer, at };
      }),
    );
    const roots: Root[] = [];
    transform(
      filterMatrix,
      (row) => taps[row]!,
      elementAlgebra(dtype),
      (row, column, element) => {
        const at = { strides: to, offset: start + (row * side + column) * set };
        roots.push({ buffer, element, at, whole: false });
      },
    );
    splitter.kernels.push({ kind: 'map', shape, roots });
  }
  return flatView(buffer, dtype, products * set);
}

/** Emits the product of images with filters of a weight. */
function pushProduct(
  splitter: Splitter,
  image: View,
  weight: View,
  geometry: ConvolutionGeometry,
  layout: FilterLayout,
  buffer: ValueId,
): void {
  const part = isWinograd(geometry) ? 'winograd' : 'product';
  const prepare = part === 'winograd' ? transformFilters : packFilters;
  const filters = prepare(splitter, weight, geometry, layout);
  splitter.kernels.push({ kind: 'convolution', part, geometry, operands: [image, filters], buffer });
}

function splitForward(splitter: Splitter, kernel: PrimitiveKernel): void {
  const [image, weight] = kernel.operands as [View, View];
  const geometry = forwardGeometry(kernel);
  const { filters, channels, kernel: window } = geometry;
  const area = window[0] * window[1];
  const strides = [filters * channels * area, channels * area, area, window[1], 1] as const;
  pushProduct(splitter, image, weight, geometry, { strides, offset: 0 }, kernel.buffer);
}

function splitInputGradient(splitter: Splitter, kernel: PrimitiveKernel): void {
  const [gradient, weight] = kernel.operands as [View, View];
  const forward = forwardGeometry(kernel);
  const { filters, channels, kernel: window, stride, dilation, before, height, width } = forward;
  const area = window[0] * window[1];
  const [down, across] = [
    phasesOf(height, window[0], stride[0], dilation[0], before[0]),
    phasesOf(width, window[1], stride[1], dilation[1], before[1]),
  ];
  // Rows and columns that no tap meets.
  if ([...down, ...across].some(({ taps }) => taps === 0))
    splitter.kernels.push({ kind: 'fill', buffer: kernel.buffer, value: 0 });
  for (const row of down) {
    for (const column of across) {
      if (row.taps === 0 || column.taps === 0) continue;
      const geometry: ConvolutionGeometry = {
        ...forward,
        channels: filters,
        filters: channels,
        height: forward.places[0],
        width: forward.places[1],
        kernel: [row.taps, column.taps],
        stride: [1, 1],
        dilation: [row.dilation, column.dilation],
        before: [row.before, column.before],
        places: [row.count, column.count],
        target: { size: [height, width], first: [row.first, column.first], step: stride },
      };
      const strides = [
        filters * channels * area,
        area,
        channels * area,
        -row.apart * window[1],
        -column.apart,
      ] as const;
      const offset = row.last * window[1] + column.last;
      pushProduct(splitter, gradient, weight, geometry, { strides, offset }, kernel.buffer);
    }
  }
}

function splitWeightGradient(splitter: Splitter, kernel: PrimitiveKernel): void {
  const geometry = forwardGeometry(kernel);
  const { dtype, shape } = kernel.node.type;
  const part = hasWinogradWeights(geometry) ? 'winogradWeights' : 'weights';
  const parts = (part === 'weights' ? weightParts : winogradWeightParts)(geometry);
  const size = sizeOf(shape);
  const buffer = parts === 1 ? kernel.buffer : splitter.buffer(dtype, parts * size);
  splitter.kernels.push({
    kind: 'convolution',
    part,
    geometry,
    operands: kernel.operands,
    buffer,
  });
  if (parts === 1) return;
  splitter.kernels.push({
    kind: 'reduce',
    name: 'sum',
    shape: [parts, size],
    axes: [0],
    element: { kind: 'load', dtype, buffer, at: { strides: [size, 1], offset: 0 } },
    buffer: kernel.buffer,
    dtype,
  });
}

function splitKernel(splitter: Splitter, kernel: PrimitiveKernel): void {
  const sizes = sizesOf(kernel);
  // A sum of nothing.
  if ([sizes.image, sizes.weight, sizes.out].some((shape) => sizeOf(shape) === 0)) {
    splitter.kernels.push({ kind: 'fill', buffer: kernel.buffer, value: 0 });
    return;
  }
  switch (kernel.node.primitive) {
    case 'convInputGrad':
      return splitInputGradient(splitter, kernel);
    case 'convWeightGrad':
      return splitWeightGradient(splitter, kernel);
    default:
      return splitForward(splitter, kernel);
  }
}

/**
 * Convolutions and their gradients as the kernels that compute them. Filters are put into the panels of the matrix product once, for all
 * threads. The gradient of the images is a convolution of the gradient of the places with the flipped filters; with strides one for each
 * phase of the rows and columns. The gradient of the filters sums over all places: it is summed in parts, and these are added in order.
 */
export function convolve(program: KernelProgram): KernelProgram {
  const splitter = new Splitter(program.buffers);
  for (const kernel of program.kernels) {
    const isConvolution = kernel.kind === 'primitive' && kernel.node.primitive.startsWith('conv');
    if (isConvolution) splitKernel(splitter, kernel);
    else splitter.kernels.push(kernel);
  }
  return { ...program, buffers: splitter.buffers, kernels: splitter.kernels };
}
