import { call, chooseKernel, i32, v128, f32, f64, type FunctionBuilder, type Local } from '@nadir/wasm';
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
  type PlaceBlock,
  type PlaceBlocks,
  type Span,
} from './blocks.ts';
import { walkQuads, walkTaps } from './quads.ts';
import { copyRun, copyWindow, windowLayout, type WindowLayout } from './window.ts';

/** Steps of depth of a packed panel of places, in bytes of one column: with one of filters it fits a first-level cache. */
const depthBytes = 1536;
/** Places of a block at most. */
const mostPlaces = 256;
/** Elements of the packed places of a block at most, where a window is not larger than that by itself. */
const mostPacked = 2 ** 17;
/** Filters of a chunk at most, and where there are few chunks. */
const mostFilters = 126;
const fewFilters = 24;
/** Chunks below which filters are cut further. */
const fewChunks = 16;
/** Floating-point operations below which a chunk takes several blocks. */
const leastWork = 2 ** 20;

/** How a product is cut into chunks, and where its parts lie in working memory. */
interface ProductPlan {
  readonly geometry: ConvolutionGeometry;
  readonly bytes: 4 | 8;
  readonly lanes: number;
  readonly taps: number;
  /** Filters across a packed panel. */
  readonly panelRows: number;
  readonly panelColumns: number;
  readonly blocks: PlaceBlocks;
  /** Blocks of places of a chunk. */
  readonly perChunk: number;
  /** Channels packed at a time, which fixes the order of summation; and filters of a chunk. */
  readonly channels: number;
  readonly filters: number;
  readonly filterBlocks: number;
  readonly chunks: number;
  readonly window: WindowLayout;
  /** Whether places lie in the result as in the block, so that it is computed there. */
  readonly direct: boolean;
  readonly packedBytes: number;
  readonly rowBytes: number;
  readonly tileBytes: number;
  readonly scratchBytes: number;
}

function planOf(geometry: ConvolutionGeometry): ProductPlan {
  const { type, kernel, channels: allChannels, filters: allFilters, groups, places, target } = geometry;
  const bytes = type === 'f32' ? 4 : 8;
  const lanes = 16 / bytes;
  const { tile } = chooseKernel();
  const panelColumns = tile.vectors * lanes;
  const taps = kernel[0] * kernel[1];
  const channels = evenBlock(allChannels, Math.max(1, Math.floor(depthBytes / bytes / taps)));
  const fitting = Math.floor(mostPacked / (channels * taps) / panelColumns) * panelColumns;
  const blocks = placeBlocks(geometry, Math.max(panelColumns, Math.min(mostPlaces, fitting)));
  let filters = evenBlock(allFilters, mostFilters, tile.rows);
  const filterBlocks = (): number => Math.ceil(allFilters / filters);
  const work = (): number => 2 * blocks.places * filters * allChannels * taps;
  while (blocks.count * groups * filterBlocks() < fewChunks && filters > fewFilters && work() > 2 * leastWork)
    filters = evenBlock(allFilters, Math.ceil(filters / 2), tile.rows);
  const perChunk = evenBlock(blocks.count, Math.max(1, Math.ceil(leastWork / work())));
  const isDense =
    target.size.every((size, axis) => size === places[axis]) && target.step.every((step) => step === 1);
  const direct = blocks.images === 1 && isDense && hasWholeVectors(geometry, blocks, lanes);
  const window = windowLayout(geometry, blocks, channels);
  const columns = Math.ceil(blocks.places / panelColumns) * panelColumns;
  const tileBytes = tile.rows * panelColumns * bytes;
  const packedBytes = columns * channels * taps * bytes;
  const rowBytes = columns * bytes;
  const scratchBytes = tileBytes + window.totalBytes + packedBytes + (direct ? 0 : filters * rowBytes);
  return {
    geometry,
    bytes,
    lanes,
    taps,
    panelRows: tile.rows,
    panelColumns,
    blocks,
    perChunk,
    channels,
    filters,
    filterBlocks: filterBlocks(),
    chunks: Math.ceil(blocks.count / perChunk) * groups * filterBlocks(),
    window,
    direct,
    packedBytes,
    rowBytes,
    tileBytes,
    scratchBytes,
  };
}

/** Working memory that a thread needs for a product. */
export function productBytes(geometry: ConvolutionGeometry): number {
  return planOf(geometry).scratchBytes;
}

/**
 * Emits one chunk of a convolution as a matrix product of packed filters and what the windows of a block of places see, which is packed
 * straight from the images. Returns how many chunks there are.
 */
export function emitProduct(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: ConvolutionKernel,
  chunk: Local<'i32'>,
): number {
  const plan = planOf(kernel.geometry);
  const { geometry, bytes, taps, panelRows, blocks, perChunk, filterBlocks, window, tileBytes } = plan;
  const { groups, channels, filters, height, width } = geometry;
  const [images, packed] = kernel.operands.map((view) =>
    f.let(pointerTo(lowering, f, view.buffer, view.offset)),
  ) as [Local<'i32'>, Local<'i32'>];
  const result = f.let(pointerTo(lowering, f, kernel.buffer));
  const tile = f.let(scratchStart(lowering), 'tile');
  const windowAt = f.let(i32.add(tile, tileBytes), 'window');
  const panels = f.let(i32.add(windowAt, window.totalBytes), 'panels');
  const sums = f.let(i32.add(panels, plan.packedBytes), 'sums');

  const rest = f.let(chunk);
  const filterBlock = takeDigit(f, rest, filterBlocks);
  const group = takeDigit(f, rest, groups);
  const filterSpan = spanOf(f, filterBlock, filters, plan.filters);
  const filterPanels = Math.ceil(filters / panelRows);
  const panelBytes = channels * taps * panelRows * bytes;
  const filtersAt = f.let(
    along(
      along(packed, groups === 1 ? 0 : group, filterPanels * panelBytes),
      filterSpan.from,
      panelBytes / panelRows,
    ),
    'filters',
  );
  const imageBytes = groups * channels * height * width * bytes;
  const range = spanOf(f, rest, blocks.count, perChunk);
  const index = f.local('i32', 'block');
  const end = f.let(i32.add(range.from, range.count));
  f.for(index, { from: range.from, to: end }, () => {
    const block = openBlock(f, geometry, blocks, index);
    const image = f.let(
      along(
        along(images, block.images.from, imageBytes),
        groups === 1 ? 0 : group,
        channels * height * width * bytes,
      ),
    );
    multiplyBlock(lowering, f, plan, {
      block,
      image,
      filtersAt,
      filterSpan,
      group,
      result,
      tile,
      windowAt,
      panels,
      sums,
    });
  });
  return plan.chunks;
}

/** What a block of places of a chunk is computed from and to. */
interface BlockPlace {
  readonly block: PlaceBlock;
  readonly image: Local<'i32'>;
  readonly filtersAt: Local<'i32'>;
  readonly filterSpan: Span;
  readonly group: Local<'i32'>;
  readonly result: Local<'i32'>;
  readonly tile: Local<'i32'>;
  readonly windowAt: Local<'i32'>;
  readonly panels: Local<'i32'>;
  readonly sums: Local<'i32'>;
}

function multiplyBlock(lowering: Lowering, f: FunctionBuilder, plan: ProductPlan, place: BlockPlace): void {
  const { geometry, bytes, lanes, taps, panelRows, panelColumns, window, direct, rowBytes } = plan;
  const { channels, height, width, target } = geometry;
  const { block, image, filtersAt, filterSpan, tile, windowAt, panels, sums } = place;
  const { multiplyPanels } = lowering.gemm(geometry.type);
  const count = product(f, block.images.count, block.rows.count, block.columns.count);
  const planeBytes = target.size[0] * target.size[1] * bytes;
  const c = direct ? firstPlace(f, plan, place) : sums;
  const channel = f.local('i32', 'first_channel');
  const multiply = (depth: number): void => {
    const source = f.let(i32.add(image, i32.mul(channel, height * width * bytes)));
    copyWindow(f, window, block, depth, source, windowAt);
    const panelBytes = depth * taps * panelColumns * bytes;
    const vectors = panelColumns / lanes;
    walkQuads(f, window, block, windowAt, (quad) => {
      const panel = i32.mul(i32.divU(quad.index, vectors), panelBytes);
      const to = f.let(i32.add(i32.add(panels, panel), i32.shl(i32.remU(quad.index, vectors), 4)));
      walkTaps(f, window, quad, depth, to, panelColumns * bytes, (value, at, offset) =>
        f.do(v128.store(at, value, offset, 4)),
      );
    });
    f.do(
      call(multiplyPanels, {
        m: filterSpan.count,
        n: direct ? count : roundUp(f, count, lanes),
        k: depth * taps,
        a: i32.add(filtersAt, i32.mul(channel, taps * panelRows * bytes)),
        b: panels,
        c,
        cRowStride: direct ? planeBytes : rowBytes,
        accumulate: i32.gtS(channel, 0),
        scratch: tile,
        aPanel: channels * taps * panelRows * bytes,
      }),
    );
  };
  const whole = channels - (channels % plan.channels);
  f.for(channel, { to: whole, step: plan.channels }, () => multiply(plan.channels));
  if (whole < channels) {
    f.set(channel, whole);
    multiply(channels - whole);
  }
  if (!direct) deliver(f, plan, place);
}

/** Where the first place of a block of the chunk's first filter lies. */
function firstPlace(f: FunctionBuilder, { geometry, bytes }: ProductPlan, place: BlockPlace): Local<'i32'> {
  const { groups, filters, target } = geometry;
  const { block, result, group, filterSpan } = place;
  const [height, width] = target.size;
  const plane = height * width * bytes;
  const image = along(
    along(result, block.images.from, groups * filters * plane),
    groups === 1 ? 0 : group,
    filters * plane,
  );
  const row = along(along(image, filterSpan.from, plane), block.rows.from, target.step[0] * width * bytes);
  const column = along(row, block.columns.from, target.step[1] * bytes);
  return f.let(i32.add(column, (target.first[0] * width + target.first[1]) * bytes));
}

/** Copies the sums of a block to where they belong. */
function deliver(f: FunctionBuilder, plan: ProductPlan, place: BlockPlace): void {
  const { geometry, bytes, rowBytes, blocks } = plan;
  const { groups, filters, places, target } = geometry;
  const { block, filterSpan, sums } = place;
  const [height, width] = target.size;
  const plane = height * width * bytes;
  const start = firstPlace(f, plan, place);
  const [filter, image, row] = [f.local('i32', 'filter'), f.local('i32', 'image'), f.local('i32', 'row')];
  const line = f.let(sums);
  // Rows that are whole in the block and in the result are one run.
  const isRun =
    target.step[0] === 1 && target.step[1] === 1 && blocks.columns === width && places[1] === width;
  f.for(filter, { to: filterSpan.count }, () => {
    const to = f.let(start);
    const from = f.let(line);
    f.for(image, { to: block.images.count }, () => {
      if (isRun) {
        const run = product(f, block.rows.count, block.columns.count);
        copyRun(f, to, from, run, bytes);
        f.set(from, along(from, run, bytes));
      } else {
        const rowTo = f.let(to);
        f.for(row, { to: block.rows.count }, () => {
          if (target.step[1] === 1) copyRun(f, rowTo, from, block.columns.count, bytes);
          else {
            const at = f.let(rowTo);
            const end = f.let(along(from, block.columns.count, bytes));
            const next = f.let(from);
            f.while(i32.ltU(next, end), () => {
              f.do(bytes === 4 ? f32.store(at, f32.load(next)) : f64.store(at, f64.load(next)));
              f.set(at, i32.add(at, target.step[1] * bytes));
              f.set(next, i32.add(next, bytes));
            });
          }
          f.set(from, along(from, block.columns.count, bytes));
          f.set(rowTo, i32.add(rowTo, target.step[0] * width * bytes));
        });
      }
      f.set(to, i32.add(to, groups * filters * plane));
    });
    f.set(line, i32.add(line, rowBytes));
    f.set(start, i32.add(start, plane));
  });
}
