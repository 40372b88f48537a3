import { contiguousStrides, sizeOf, type Shape, type ValueId } from '@nadir/tensor';
import { chooseKernel } from '@nadir/wasm';
import { panelWidth } from '../lower/matmul/blocks.ts';
import {
  readsOf,
  writesOf,
  type Affine,
  type Element,
  type Kernel,
  type KernelProgram,
  type MapKernel,
  type MatmulKernel,
  type PackKernel,
} from '../kernel.ts';
import { placeAnew } from './nests.ts';

type Load = MatmulKernel['a'];
type Side = MatmulKernel['vectors'];

/** Turns of the innermost loop of a product that take as long as packing an element, as storing one across, and as handing out a kernel. */
const costs = { packing: 1.5, crossing: 2, kernel: 10_000 } as const;
/** A panel whose steps are this many bytes apart is not read as fast as one that is packed, by this part. */
const farStep = 2048;
const farPenalty = 0.04;

/** One of the two factors in the role of the one whose elements fill vectors. */
interface Choice {
  readonly vectors: Side;
  readonly isPacked: boolean;
  readonly cost: number;
}

/** The factor's elements along which vectors would run, and its strides along them and along the depth. */
function sideOf({ a, b, m, n }: MatmulKernel, side: Side): { size: number; along: number; step: number } {
  const [factor, size] = side === 'b' ? [b, n] : [a, m];
  const [x, y] = factor.at.strides.slice(-2) as [number, number];
  return side === 'b' ? { size, along: y, step: x } : { size, along: x, step: y };
}

/** What is cheapest: the factor that fills vectors, and whether it is packed before. */
function choose(kernel: MatmulKernel): Choice {
  const { batch, m, n, k, dtype } = kernel;
  const { tile } = chooseKernel();
  const width = panelWidth(dtype);
  const items = sizeOf(batch);
  const choices = (['b', 'a'] as const).flatMap((vectors): Choice[] => {
    const { size, along, step } = sideOf(kernel, vectors);
    const rows = vectors === 'b' ? m : n;
    const rest = rows % tile.rows;
    // A tile of few rows waits for its own additions.
    const rowCost = rows - rest + (rest === 0 ? 0 : Math.max(rest, 4));
    const product = items * rowCost * Math.ceil(size / width) * k;
    const crossing = vectors === 'a' ? costs.crossing * items * m * n : 0;
    const batches = sizeOf(packedBatch(kernel, vectors).shape);
    const isFar = Math.abs(step) * (dtype === 'float64' ? 8 : 4) >= farStep && k > tile.rows;
    const packed = costs.kernel + costs.packing * batches * size * k;
    const choice = { vectors, isPacked: true, cost: product + crossing + packed };
    if (along !== 1 || size % width !== 0) return [choice];
    const direct = product * (isFar ? 1 + farPenalty : 1) + crossing;
    return [choice, { vectors, isPacked: false, cost: direct }];
  });
  return choices.reduce((best, choice) => (choice.cost < best.cost ? choice : best));
}

/** The axes of the batch along which a factor changes, and the strides of its panels over all of them. */
function packedBatch(
  { batch, a, b, k, m, n, dtype }: MatmulKernel,
  side: Side,
): { readonly shape: Shape; readonly axes: readonly number[]; readonly strides: readonly number[] } {
  const { strides } = (side === 'b' ? b : a).at;
  const axes = batch.map((_, axis) => axis).filter((axis) => strides[axis] !== 0);
  const width = panelWidth(dtype);
  const item = Math.ceil((side === 'b' ? n : m) / width) * width * k;
  const shape = axes.map((axis) => batch[axis]!);
  const own = contiguousStrides(shape);
  return {
    shape,
    axes,
    strides: batch.map((_, axis) => (axes.includes(axis) ? own[axes.indexOf(axis)]! * item : 0)),
  };
}

/** The factor as the element of a pack kernel: over the axes of its batch, depth, and those along which vectors run. */
function packedElement(kernel: MatmulKernel, side: Side): { shape: Shape; element: Load } {
  const factor = side === 'b' ? kernel.b : kernel.a;
  const { shape, axes } = packedBatch(kernel, side);
  const { size, along, step } = sideOf(kernel, side);
  return {
    shape: [...shape, kernel.k, size],
    element: {
      ...factor,
      at: {
        strides: [...axes.map((axis) => factor.at.strides[axis]!), step, along],
        offset: factor.at.offset,
      },
    },
  };
}

/**
 * What a map kernel stores, as an element over the loops in which a load walks through it; null where an axis of the load goes through
 * several axes of the map.
 */
function computedAt(map: MapKernel, load: Load, shape: Shape): Element | null {
  const strides = contiguousStrides(map.shape);
  let rest = load.at.offset;
  const starts = strides.map((stride) => {
    const index = Math.floor(rest / stride);
    rest -= index * stride;
    return index;
  });
  const reach = [...starts];
  const ways = load.at.strides.map((stride, axis) => {
    const own = strides.findIndex((outer, i) => stride >= outer && map.shape[i]! > 1);
    if (stride < 0 || shape[axis] === 1 || stride === 0) return { own: -1, times: 0 };
    const times = own < 0 ? NaN : stride / strides[own]!;
    if (own >= 0) reach[own]! += times * (shape[axis]! - 1);
    return { own, times };
  });
  const isClear = ways.every(({ times }, axis) => Number.isInteger(times) && load.at.strides[axis]! >= 0);
  if (!isClear || reach.some((index, axis) => index >= map.shape[axis]!)) return null;
  const place = (at: Affine): Affine => ({
    strides: ways.map(({ own, times }) => (own < 0 ? 0 : at.strides[own]! * times)),
    offset: at.strides.reduce((offset, stride, axis) => offset + stride * starts[axis]!, at.offset),
  });
  return placeAnew(map.roots, place)[0]!.element;
}

/**
 * Decides how every product reads its factors. The factor whose elements fill vectors is read where it lies if its rows are vectors
 * already; else a kernel of its own packs it into panels, for all chunks and threads. An element-wise loop that computes a factor for this
 * product alone writes the panels itself, and a transposed, gathered or strided layout costs nothing more.
 */
export function pack(program: KernelProgram): KernelProgram {
  const buffers = new Map(program.buffers);
  const kernels: Kernel[] = [...program.kernels];
  let next: ValueId = Math.max(-1, ...buffers.keys()) + 1;
  const readers = new Map<ValueId, number>();
  const count = (id: ValueId): void => void readers.set(id, (readers.get(id) ?? 0) + 1);
  for (const kernel of kernels) readsOf(kernel).forEach(count);
  program.results.forEach(count);
  for (const { buffer } of program.writes) count(buffer);

  /** The map kernel that computes a factor for this product and for nothing else. */
  const makerOf = (kernel: MatmulKernel, side: Side): number => {
    const { buffer } = side === 'b' ? kernel.b : kernel.a;
    if (readers.get(buffer) !== 1 || kernel.a.buffer === kernel.b.buffer) return -1;
    const makers = kernels.flatMap((other, place) => (writesOf(other).includes(buffer) ? [place] : []));
    const [place] = makers;
    const maker = place === undefined ? undefined : kernels[place];
    const isAlone = makers.length === 1 && maker?.kind === 'map' && maker.roots.length === 1;
    return isAlone && maker.roots[0]!.whole && maker.roots[0]!.element.dtype === kernel.dtype ? place! : -1;
  };
  /** Just behind what it reads, and not long before the product. */
  const placeFor = (kernel: MatmulKernel, own: ValueId, place: number): number => {
    const reads = readsOf(kernel);
    let [ready, others] = [0, 0];
    for (let i = 0; i < place; i++) {
      const writes = writesOf(kernels[i]!);
      if (writes.includes(own)) ready = i + 1;
      else if (writes.some((id) => reads.has(id))) others = i;
    }
    return Math.max(ready, others);
  };
  for (let place = 0; place < kernels.length; place++) {
    const kernel = kernels[place]!;
    if (kernel.kind !== 'matmul') continue;
    const { vectors, isPacked } = choose(kernel);
    if (!isPacked) {
      kernels[place] = { ...kernel, vectors };
      continue;
    }
    const { shape, element: load } = packedElement(kernel, vectors);
    const maker = makerOf(kernel, vectors);
    const computed = maker < 0 ? null : computedAt(kernels[maker] as MapKernel, load, shape);
    const element = computed ?? load;
    const buffer = next++;
    const width = panelWidth(kernel.dtype);
    const size = (sizeOf(shape) / shape.at(-1)!) * Math.ceil(shape.at(-1)! / width) * width;
    buffers.set(buffer, { id: buffer, dtype: kernel.dtype, size, origin: 'kernel', index: -1 });
    const packing: PackKernel = { kind: 'pack', shape, element, width, buffer };
    const factor: Load = {
      ...load,
      buffer,
      at: { strides: [...packedBatch(kernel, vectors).strides, 0, 0], offset: 0 },
    };
    kernels[place] = { ...kernel, vectors, isPacked, [vectors]: factor };
    if (computed === null) {
      kernels.splice(placeFor(kernel, load.buffer, place), 0, packing);
      place++;
    } else {
      kernels[maker] = packing;
      buffers.delete(load.buffer);
    }
  }
  return { ...program, buffers, kernels };
}
