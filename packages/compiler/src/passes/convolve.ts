import { sizeOf, type DType, type Pair, type Shape, type ValueId } from '@nadir/tensor';
import { chooseKernel } from '@nadir/wasm';
import type {
  Buffer,
  ConvolutionGeometry,
  Element,
  Kernel,
  KernelProgram,
  MapKernel,
  PrimitiveKernel,
  View,
} from '../kernel.ts';
import { weightParts } from '../lower/convolution/weights.ts';

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

/** Emits the loops that put filters into panels: [group, panel, channel, row, column, filter of the panel]. */
function packFilters(
  splitter: Splitter,
  weight: View,
  { groups, filters, channels, kernel }: ConvolutionGeometry,
  { strides, offset }: FilterLayout,
): View {
  const rows = chooseKernel().tile.rows;
  const panels = Math.ceil(filters / rows);
  const depth = channels * kernel[0] * kernel[1];
  const size = groups * panels * depth * rows;
  const buffer = splitter.buffer(weight.dtype, size);
  const pack = (first: number, count: number, width: number): void => {
    if (count === 0) return;
    const shape = [groups, count, channels, ...kernel, width];
    const [group, filter, ...tap] = strides;
    const element: Element = {
      kind: 'load',
      dtype: weight.dtype,
      buffer: weight.buffer,
      at: {
        strides: [group, filter * rows, ...tap, filter],
        offset: weight.offset + offset + first * rows * filter,
      },
    };
    const [down, across] = [kernel[1] * rows, rows];
    const at = {
      strides: [panels * depth * rows, depth * rows, kernel[0] * down, down, across, 1],
      offset: first * depth * rows,
    };
    const kernelOfMap: MapKernel = { kind: 'map', shape, roots: [{ buffer, element, at, whole: false }] };
    splitter.kernels.push(kernelOfMap);
  };
  const full = Math.floor(filters / rows);
  pack(0, full, rows);
  pack(full, panels - full, filters % rows);
  return { buffer, dtype: weight.dtype, shape: [size], strides: [1], offset: 0 };
}

function splitForward(splitter: Splitter, kernel: PrimitiveKernel): void {
  const [image, weight] = kernel.operands as [View, View];
  const geometry = forwardGeometry(kernel);
  const { filters, channels, kernel: window } = geometry;
  const area = window[0] * window[1];
  const packed = packFilters(splitter, weight, geometry, {
    strides: [filters * channels * area, channels * area, area, window[1], 1],
    offset: 0,
  });
  splitter.kernels.push({
    kind: 'convolution',
    part: 'product',
    geometry,
    operands: [image, packed],
    buffer: kernel.buffer,
  });
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
      const packed = packFilters(splitter, weight, geometry, {
        strides: [filters * channels * area, area, channels * area, -row.apart * window[1], -column.apart],
        offset: row.last * window[1] + column.last,
      });
      splitter.kernels.push({
        kind: 'convolution',
        part: 'product',
        geometry,
        operands: [gradient, packed],
        buffer: kernel.buffer,
      });
    }
  }
}

function splitWeightGradient(splitter: Splitter, kernel: PrimitiveKernel): void {
  const geometry = forwardGeometry(kernel);
  const { dtype, shape } = kernel.node.type;
  const parts = weightParts(geometry);
  const size = sizeOf(shape);
  const buffer = parts === 1 ? kernel.buffer : splitter.buffer(dtype, parts * size);
  splitter.kernels.push({
    kind: 'convolution',
    part: 'weights',
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
