import { byteSize, contiguousStrides, sizeOf, type Shape, type ValueId } from '@nadir/tensor';
import { DEPTH_BLOCK } from '@nadir/wasm';
import { blocksOf, panelWidth, walksOf, type Walk } from '../lower/matmul/blocks.ts';
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
import { placeAnew } from './places.ts';

type Load = MatmulKernel['a'];
type Side = MatmulKernel['vectors'];
type Layout = Pick<MatmulKernel, 'vectors' | 'rows' | 'columns'>;

/**
 * What it costs, in the time of one turn of the innermost loop of a product, to pack an element by the chunk that needs it or by a kernel
 * of its own, to hand out such a kernel, and to store an element of a product across.
 */
const costs = { packing: 1.2, packingApart: 1.5, kernel: 10_000, crossing: 2 } as const;
/**
 * By how much a product takes longer that reads a factor in steps far apart: each step is another line of the first-level cache, `crowded`
 * where all of them share two of its sets, and `large` where the factor does not fit into the second-level cache.
 */
const delays = {
  rows: { far: 0.03, crowded: 0.15 },
  columns: { far: 0.04, crowded: 0.09 },
  both: 0.05,
  large: 0.08,
} as const;
/** Bytes that the steps of a block of the depth span, from which on they are far. */
const farReach = 2 ** 15;
const crowdedStep = 2048;
const largeFactor = 2 ** 20;

/** The delay by a factor with so many elements for each step of depth. */
function delayOf(
  { across, step }: Walk,
  count: number,
  kernel: MatmulKernel,
  { far, crowded }: { readonly far: number; readonly crowded: number },
): number {
  const size = byteSize(kernel.dtype);
  const bytes = Math.abs(step) * size;
  if (across !== 1 || bytes * Math.min(kernel.k, DEPTH_BLOCK) <= farReach) return 0;
  const delay = bytes % crowdedStep === 0 ? crowded : far;
  return delay + (kernel.k * count * size > largeFactor ? delays.large : 0);
}

/** The cost of a product that is computed in some way. */
function costOf(kernel: MatmulKernel): number {
  const { batch, m, n, k, vectors } = kernel;
  const { rows, columns, tileRows, width, rowBlocks, columnBlocks } = blocksOf(kernel);
  const { left, right } = walksOf(kernel);
  const items = sizeOf(batch);
  const rest = rows % tileRows;
  // A tile of few rows waits for its own additions.
  const rowCost = rows - rest + (rest === 0 ? 0 : Math.max(rest, 4));
  const product = items * rowCost * Math.ceil(columns / width) * k;
  const rowDelay = kernel.rows === 'direct' ? delayOf(left, rows, kernel, delays.rows) : 0;
  const columnDelay = kernel.columns === 'direct' ? delayOf(right, columns, kernel, delays.columns) : 0;
  const delay = rowDelay + columnDelay + (rowDelay > 0 && columnDelay > 0 ? delays.both : 0);
  const packedRows = kernel.rows === 'packed' ? costs.packing * items * rows * k * columnBlocks : 0;
  const packedColumns =
    kernel.columns === 'direct'
      ? 0
      : kernel.columns === 'packed'
        ? costs.packing * items * columns * k * rowBlocks
        : costs.kernel + costs.packingApart * sizeOf(packedBatch(kernel, vectors).shape) * columns * k;
  const crossing = vectors === 'a' ? costs.crossing * items * m * n : 0;
  return product * (1 + delay) + packedRows + packedColumns + crossing;
}

/** The cheapest way to read the factors of a product. */
function choose(kernel: MatmulKernel): Layout {
  const layouts = (['b', 'a'] as const).flatMap((vectors) =>
    (['direct', 'packed'] as const).flatMap((rows) =>
      (['direct', 'packed', 'panels'] as const).map((columns): Layout => ({ vectors, rows, columns })),
    ),
  );
  let best: Layout | null = null;
  let least = Infinity;
  for (const layout of layouts) {
    const candidate = { ...kernel, ...layout };
    const { right } = walksOf(candidate);
    const width = panelWidth(kernel.dtype);
    const size = layout.vectors === 'b' ? kernel.n : kernel.m;
    // What lies behind a row is no number of this product.
    if (layout.columns === 'direct' && (right.across !== 1 || size % width !== 0)) continue;
    const cost = costOf(candidate);
    if (cost < least) [best, least] = [layout, cost];
  }
  return best!;
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
  const { right } = walksOf({ ...kernel, vectors: side });
  const size = side === 'b' ? kernel.n : kernel.m;
  return {
    shape: [...shape, kernel.k, size],
    element: {
      ...factor,
      at: {
        strides: [...axes.map((axis) => factor.at.strides[axis]!), right.step, right.across],
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
    const layout = choose(kernel);
    const { vectors } = layout;
    if (layout.columns !== 'panels') {
      kernels[place] = { ...kernel, ...layout };
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
    kernels[place] = { ...kernel, ...layout, [vectors]: factor };
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
