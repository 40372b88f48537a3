import {
  call,
  chooseKernel,
  emitRowTile,
  f32,
  f64,
  i32,
  ROW_TILE,
  v128,
  type FunctionBuilder,
  type FunctionHandle,
  type Local,
} from '@nadir/wasm';
import type { ConvolutionGeometry, ConvolutionKernel } from '../../kernel.ts';
import { pointerTo, scratchStart, type Lowering } from '../lowering.ts';
import {
  along,
  evenBlock,
  hasWholeVectors,
  openBlock,
  placeBlocks,
  product,
  roundUp,
  spanOf,
  takeDigit,
  type Count,
  type PlaceBlock,
  type PlaceBlocks,
  type Span,
} from './blocks.ts';
import { walkQuads, walkTaps } from './quads.ts';
import { copyRun, copyWindow, windowLayout, type WindowLayout } from './window.ts';

/** Bytes of the rows of a block of places: long, since at their end the lanes of a tile are added up. */
const depthBytes = 3200;
/** Taps of a chunk at most, where one channel has not more, and its filters. */
const mostTaps = 160;
const mostFilters = 128;
/** Elements of the taps' rows of a block at most. */
const mostRows = 2 ** 17;
/** Chunks to aim at, and floating-point operations below which a chunk is not cut. */
const mostChunks = 64;
const leastWork = 2 ** 21;

/** How the gradient of filters is cut into chunks and parts, and where things lie in working memory. */
interface WeightPlan {
  readonly geometry: ConvolutionGeometry;
  readonly bytes: 4 | 8;
  readonly lanes: number;
  readonly taps: number;
  readonly blocks: PlaceBlocks;
  /** Parts that add up to the gradient, and the blocks of places that each sums. */
  readonly parts: number;
  readonly perPart: number;
  readonly channels: number;
  readonly channelBlocks: number;
  readonly filters: number;
  readonly filterBlocks: number;
  readonly window: WindowLayout;
  /** Whether the rows of the places' gradient are read where they are. */
  readonly direct: boolean;
  /** Bytes from one row of places to the next: of the taps, and of the gradient. */
  readonly tapStride: number;
  readonly gradientStride: number;
  readonly tapBytes: number;
  readonly scratchBytes: number;
}

function planOf(geometry: ConvolutionGeometry): WeightPlan {
  const { type, kernel, channels: allChannels, filters: allFilters, groups, places } = geometry;
  const bytes = type === 'f32' ? 4 : 8;
  const lanes = 16 / bytes;
  const taps = kernel[0] * kernel[1];
  const channels = evenBlock(allChannels, Math.max(1, Math.floor(mostTaps / taps)));
  const filters = evenBlock(allFilters, mostFilters, ROW_TILE.rows);
  const fitting = Math.floor(mostRows / (channels * taps) / lanes) * lanes;
  const blocks = placeBlocks(geometry, Math.max(lanes, Math.min(depthBytes / bytes, fitting)));
  const channelBlocks = Math.ceil(allChannels / channels);
  const filterBlocks = Math.ceil(allFilters / filters);
  const cuts = groups * channelBlocks * filterBlocks;
  const work = 2 * blocks.count * blocks.places * filters * channels * taps;
  const wanted = Math.min(Math.ceil(mostChunks / cuts), Math.ceil(work / leastWork));
  const perPart = Math.ceil(blocks.count / Math.max(1, Math.min(wanted, blocks.count)));
  const window = windowLayout(geometry, blocks, channels);
  const direct = blocks.images === 1 && hasWholeVectors(geometry, blocks, lanes);
  // An odd number of lines of the cache: rows a power of two apart would push each other out.
  const lines = Math.ceil((Math.ceil(blocks.places / lanes) * 16) / 64);
  const tapStride = (lines + 1 - (lines % 2)) * 64;
  const tapBytes = channels * taps * tapStride;
  return {
    geometry,
    bytes,
    lanes,
    taps,
    blocks,
    parts: Math.ceil(blocks.count / perPart),
    perPart,
    channels,
    channelBlocks,
    filters,
    filterBlocks,
    window,
    direct,
    tapStride,
    gradientStride: direct ? places[0] * places[1] * bytes : tapStride,
    tapBytes,
    scratchBytes: window.totalBytes + tapBytes + (direct ? 0 : filters * tapStride),
  };
}

/** Parts that add up to the gradient of the filters. */
export function weightParts(geometry: ConvolutionGeometry): number {
  return planOf(geometry).parts;
}

/** Working memory that a thread needs for the gradient of filters. */
export function weightBytes({ geometry }: ConvolutionKernel): number {
  return planOf(geometry).scratchBytes;
}

/**
 * Emits one chunk of the gradient of filters: for one part, some channels and some filters the products of what the taps see with the
 * gradient of the places, both as rows over the places of a block. Returns how many chunks there are.
 */
export function emitWeights(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: ConvolutionKernel,
  chunk: Local<'i32'>,
): number {
  const plan = planOf(kernel.geometry);
  const { geometry, bytes, taps, blocks, window } = plan;
  const { groups, channels, filters, height, width } = geometry;
  const [images, gradients] = kernel.operands.map((view) =>
    f.let(pointerTo(lowering, f, view.buffer, view.offset)),
  ) as [Local<'i32'>, Local<'i32'>];
  const result = f.let(pointerTo(lowering, f, kernel.buffer));
  const windowAt = f.let(scratchStart(lowering), 'window');
  const tapRows = f.let(i32.add(windowAt, window.totalBytes), 'tap_rows');
  const gradientRows = f.let(i32.add(tapRows, plan.tapBytes), 'gradient_rows');

  const rest = f.let(chunk);
  const channelBlock = takeDigit(f, rest, plan.channelBlocks);
  const filterBlock = takeDigit(f, rest, plan.filterBlocks);
  const group = takeDigit(f, rest, groups);
  const channelSpan = spanOf(f, channelBlock, channels, plan.channels);
  const filterSpan = spanOf(f, filterBlock, filters, plan.filters);
  const range = spanOf(f, rest, blocks.count, plan.perPart);

  const filterBytes = channels * taps * bytes;
  const firstFilter = f.let(along(i32.mul(group, filters), filterSpan.from, 1));
  const part = along(result, plan.parts === 1 ? 0 : rest, groups * filters * filterBytes);
  const c = f.let(
    along(i32.add(part, i32.mul(firstFilter, filterBytes)), channelSpan.from, taps * bytes),
    'sums',
  );
  const planeBytes = height * width * bytes;
  const firstChannel = f.let(along(i32.mul(group, channels), channelSpan.from, 1));

  const tiles = new Tiles(lowering, f.name, plan);
  const index = f.local('i32', 'block');
  f.for(index, { from: range.from, to: f.let(i32.add(range.from, range.count)) }, () => {
    const block = openBlock(f, geometry, blocks, index);
    const image = f.let(
      i32.add(
        along(images, block.images.from, groups * channels * planeBytes),
        i32.mul(firstChannel, planeBytes),
      ),
    );
    const gradient = f.let(gradientAt(plan, gradients, block, firstFilter));
    const count = product(f, block.images.count, block.rows.count, block.columns.count);
    const padded = roundUp(f, count, plan.lanes);
    copyWindow(f, window, block, channelSpan.count, image, windowAt);
    walkQuads(f, window, block, windowAt, (quad) => {
      const to = f.let(i32.add(tapRows, i32.shl(quad.index, 4)));
      walkTaps(f, window, quad, channelSpan.count, to, plan.tapStride, (value, at, offset) =>
        f.do(v128.store(at, value, offset, 4)),
      );
    });
    if (!plan.direct) {
      copyGradients(f, plan, block, filterSpan, gradient, gradientRows);
      // What the lanes behind the last place hold must not count, not even as 0 · NaN.
      clearTails(f, plan, tapRows, product(f, channelSpan.count, taps), count, padded);
      clearTails(f, plan, gradientRows, filterSpan.count, count, padded);
    }
    const accumulate = f.let(i32.gtS(index, range.from));
    const rows: RowProduct = {
      a: plan.direct ? gradient : gradientRows,
      b: tapRows,
      c,
      filters: filterSpan,
      depth: product(f, padded, bytes),
      accumulate,
    };
    eachChannelCount(f, plan, channelBlock, (count) => multiplyRows(f, plan, tiles, rows, count * taps));
  });
  return plan.parts * groups * plan.filterBlocks * plan.channelBlocks;
}

/** Where the gradient of the first place of a block begins, for the first filter. */
function gradientAt(
  { geometry, bytes }: WeightPlan,
  gradients: Local<'i32'>,
  block: PlaceBlock,
  firstFilter: Local<'i32'>,
): ReturnType<typeof along> {
  const { groups, filters, places } = geometry;
  const plane = places[0] * places[1] * bytes;
  const filter = i32.add(
    along(gradients, block.images.from, groups * filters * plane),
    i32.mul(firstFilter, plane),
  );
  return along(along(filter, block.rows.from, places[1] * bytes), block.columns.from, bytes);
}

/** Emits the body for the number of channels of the chunk, which the last block may have fewer of. */
function eachChannelCount(
  f: FunctionBuilder,
  { geometry, channels, channelBlocks }: WeightPlan,
  channelBlock: Local<'i32'>,
  body: (channels: number) => void,
): void {
  const last = geometry.channels - (channelBlocks - 1) * channels;
  if (last === channels) body(channels);
  else
    f.if(
      i32.eq(channelBlock, channelBlocks - 1),
      () => body(last),
      () => body(channels),
    );
}

/** Copies the gradient of the places of several images, or of a number that vectors do not divide, into rows. */
function copyGradients(
  f: FunctionBuilder,
  { geometry, bytes, tapStride }: WeightPlan,
  block: PlaceBlock,
  filters: Span,
  from: Local<'i32'>,
  rows: Local<'i32'>,
): void {
  const { places, groups, filters: all } = geometry;
  const plane = places[0] * places[1] * bytes;
  const run = product(f, block.rows.count, block.columns.count);
  const [filter, image] = [f.local('i32', 'filter'), f.local('i32', 'image')];
  const [filterAt, row] = [f.let(from), f.let(rows)];
  f.for(filter, { to: filters.count }, () => {
    const [at, to] = [f.let(filterAt), f.let(row)];
    f.for(image, { to: block.images.count }, () => {
      copyRun(f, to, at, run, bytes);
      f.set(at, i32.add(at, groups * all * plane));
      f.set(to, along(to, run, bytes));
    });
    f.set(filterAt, i32.add(filterAt, plane));
    f.set(row, i32.add(row, tapStride));
  });
}

/** Clears the lanes behind the last place of every row. */
function clearTails(
  f: FunctionBuilder,
  { bytes, tapStride }: WeightPlan,
  rows: Local<'i32'>,
  count: Count,
  used: Count,
  padded: Count,
): void {
  if (typeof used === 'number' && used === padded) return;
  const at = f.let(along(rows, used, bytes));
  const gap = product(f, f.let(i32.sub(padded, used)), bytes);
  const row = f.local('i32', 'row');
  f.for(row, { to: count }, () => {
    const to = f.let(at);
    const end = f.let(i32.add(at, gap));
    f.while(i32.ltU(to, end), () => {
      f.do(bytes === 4 ? f32.store(to, 0) : f64.store(to, 0));
      f.set(to, i32.add(to, bytes));
    });
    f.set(at, i32.add(at, tapStride));
  });
}

type TileHandle =
  ReturnType<typeof emitRowTile> extends FunctionHandle<infer P, infer R> ? FunctionHandle<P, R> : never;

/** The tiles of one kernel, each emitted at its first use. */
class Tiles {
  readonly #lowering: Lowering;
  readonly #prefix: string;
  readonly #plan: WeightPlan;
  readonly #tiles = new Map<string, TileHandle>();

  constructor(lowering: Lowering, prefix: string, plan: WeightPlan) {
    this.#lowering = lowering;
    this.#prefix = prefix;
    this.#plan = plan;
  }

  of(rows: number, columns: number): TileHandle {
    const key = `${rows}x${columns}`;
    const before = this.#tiles.get(key);
    if (before !== undefined) return before;
    const { geometry, gradientStride, tapStride, taps, bytes } = this.#plan;
    const tile = emitRowTile(this.#lowering.module, {
      type: geometry.type,
      name: `${this.#prefix}_tile_${key}`,
      rows,
      columns,
      aStride: gradientStride,
      bStride: tapStride,
      cStride: geometry.channels * taps * bytes,
      fused: chooseKernel().fused,
    });
    this.#tiles.set(key, tile);
    return tile;
  }
}

/** A product of rows of gradients and of taps. */
interface RowProduct {
  readonly a: Local<'i32'>;
  readonly b: Local<'i32'>;
  readonly c: Local<'i32'>;
  readonly filters: Span;
  readonly depth: Count;
  readonly accumulate: Local<'i32'>;
}

/** Multiplies the rows of some taps, which stay in the nearest cache, by those of all filters of the chunk. */
function multiplyRows(
  f: FunctionBuilder,
  { geometry, bytes, taps, tapStride, gradientStride }: WeightPlan,
  tiles: Tiles,
  { a, b, c, filters, depth, accumulate }: RowProduct,
  count: number,
): void {
  const cStride = geometry.channels * taps * bytes;
  const [bAt, cAt] = [f.let(b), f.let(c)];
  const columnsOf = (columns: number): void => {
    const [aTo, cTo] = [f.let(a), f.let(cAt)];
    const tile = (rows: number): void => {
      f.do(call(tiles.of(rows, columns), { a: aTo, b: bAt, c: cTo, depth, accumulate }));
      f.set(aTo, i32.add(aTo, rows * gradientStride));
      f.set(cTo, i32.add(cTo, rows * cStride));
    };
    const filter = f.local('i32', 'filter');
    const pairs = typeof filters.count === 'number' ? filters.count >> 1 : f.let(i32.shrU(filters.count, 1));
    f.for(filter, { to: pairs }, () => tile(ROW_TILE.rows));
    // Blocks are even: only the last one may have a filter left.
    if (geometry.filters % 2 === 1) {
      if (typeof filters.count === 'number') tile(1);
      else f.if(i32.and(filters.count, 1), () => tile(1));
    }
  };
  const column = f.local('i32', 'tap');
  const whole = count - (count % ROW_TILE.columns);
  f.for(column, { to: whole, step: ROW_TILE.columns }, () => {
    columnsOf(ROW_TILE.columns);
    f.set(bAt, i32.add(bAt, ROW_TILE.columns * tapStride));
    f.set(cAt, i32.add(cAt, ROW_TILE.columns * bytes));
  });
  if (whole < count) columnsOf(count - whole);
}
