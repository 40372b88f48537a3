import { call, chooseKernel, i32, i8x16, v128, type FunctionBuilder, type Local } from '@nadir/wasm';
import type { ConvolutionGeometry, ConvolutionKernel } from '../../kernel.ts';
import { pointerTo, scratchStart, type Lowering } from '../lowering.ts';
import {
  along,
  evenBlock,
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
import { deliverFilter, firstPlace } from './deliver.ts';
import { epilogueEmitter, finishFilter, type PlaceRun } from './epilogue.ts';
import { walkQuads, type Quad } from './quads.ts';
import { copyWindow, tapOffset, windowLayout, type WindowLayout } from './window.ts';
import {
  oddLines,
  placeMatrix,
  products,
  side,
  tileMatrix,
  tilesOf,
  transform,
  vectorAlgebra,
} from './winograd.ts';

const bytes = 4;
const lanes = 4;
/** Tiles of a block at most: the 16 transforms of a block and their products have to stay in a second-level cache. */
const mostTiles = 112;
const mostChannels = 64;
const mostFilters = 66;
/** Chunks below which filters are cut further, and filters of a chunk then. */
const fewChunks = 16;
const fewFilters = 24;
/** Multiplications of a chunk at least. */
const leastWork = 2 ** 18;

/** How a product is cut into chunks, and where its parts lie in working memory. */
interface WinogradPlan {
  readonly geometry: ConvolutionGeometry;
  readonly tiles: ConvolutionGeometry;
  readonly panelRows: number;
  readonly panelColumns: number;
  readonly blocks: PlaceBlocks;
  /** Blocks of tiles of all groups, and how many of them a chunk has. */
  readonly items: number;
  readonly perChunk: number;
  readonly channels: number;
  readonly filters: number;
  readonly filterBlocks: number;
  readonly window: WindowLayout;
  /** Bytes of the packed tiles of one of the products, of its sums, and of the sums of one filter. */
  readonly tileSet: number;
  readonly sumSet: number;
  readonly rowBytes: number;
  /** Bytes of a row of places of one filter. */
  readonly pitch: number;
  readonly tileBytes: number;
  readonly planeBytes: number;
  readonly scratchBytes: number;
}

function planOf(geometry: ConvolutionGeometry): WinogradPlan {
  const tiles = tilesOf(geometry);
  const { groups, channels: allChannels, filters: allFilters } = geometry;
  const { tile } = chooseKernel();
  const panelColumns = tile.vectors * lanes;
  const blocks = placeBlocks(tiles, mostTiles);
  const channels = evenBlock(allChannels, mostChannels);
  let filters = evenBlock(allFilters, mostFilters, tile.rows);
  const filterBlocks = (): number => Math.ceil(allFilters / filters);
  while (blocks.count * groups * filterBlocks() < fewChunks && filters > fewFilters)
    filters = evenBlock(allFilters, Math.ceil(filters / 2), tile.rows);
  const items = blocks.count * groups;
  const work = products * blocks.places * filters * allChannels;
  const window = windowLayout(tiles, blocks, channels);
  const columns = Math.ceil(blocks.places / panelColumns) * panelColumns;
  const rowBytes = columns * bytes;
  const tileSet = oddLines(columns * channels * bytes);
  const sumSet = oddLines(filters * rowBytes);
  const pitch = Math.ceil(blocks.columns / lanes) * 2 * lanes * bytes;
  const planeBytes = blocks.images * 2 * blocks.rows * pitch;
  const tileBytes = tile.rows * panelColumns * bytes;
  return {
    geometry,
    tiles,
    panelRows: tile.rows,
    panelColumns,
    blocks,
    items,
    perChunk: evenBlock(items, Math.max(1, Math.ceil(leastWork / work))),
    channels,
    filters,
    filterBlocks: filterBlocks(),
    window,
    tileSet,
    sumSet,
    rowBytes,
    pitch,
    tileBytes,
    planeBytes,
    // The last vector of a row of sums may begin at its last tile.
    scratchBytes: tileBytes + planeBytes + window.totalBytes + products * (tileSet + sumSet) + 64,
  };
}

/** Working memory that a thread needs. */
export function winogradBytes({ geometry }: ConvolutionKernel): number {
  return planOf(geometry).scratchBytes;
}

/** Where the parts of a block lie. */
interface Places {
  readonly tile: Local<'i32'>;
  readonly plane: Local<'i32'>;
  readonly windowAt: Local<'i32'>;
  readonly tilesAt: Local<'i32'>;
  readonly sums: Local<'i32'>;
}

/**
 * Emits one chunk of a convolution of 3 × 3 windows: tiles of a block are transformed into packed panels, multiplied by the
 * transformed filters in 16 products, and the sums are transformed to places. Returns how many chunks there are.
 */
export function emitWinograd(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: ConvolutionKernel,
  chunk: Local<'i32'>,
): number {
  const plan = planOf(kernel.geometry);
  const finish = epilogueEmitter(lowering, f, kernel);
  const { geometry, tiles, panelRows, blocks, perChunk, filterBlocks, window } = plan;
  const { groups, channels, filters, height, width } = geometry;
  const [images, packed] = kernel.operands.map((view) =>
    f.let(pointerTo(lowering, f, view.buffer, view.offset)),
  ) as [Local<'i32'>, Local<'i32'>];
  const result = finish === null ? f.let(pointerTo(lowering, f, kernel.buffer)) : null;
  const tile = f.let(scratchStart(lowering), 'tile');
  const plane = f.let(i32.add(tile, plan.tileBytes), 'plane');
  const windowAt = f.let(i32.add(plane, plan.planeBytes), 'window');
  const tilesAt = f.let(i32.add(windowAt, window.totalBytes), 'tiles');
  const sums = f.let(i32.add(tilesAt, products * plan.tileSet), 'sums');
  const places: Places = { tile, plane, windowAt, tilesAt, sums };

  const rest = f.let(chunk);
  const filterBlock = takeDigit(f, rest, filterBlocks);
  const filterSpan = spanOf(f, filterBlock, filters, plan.filters);
  const filterBytes = channels * bytes;
  const groupBytes = Math.ceil(filters / panelRows) * panelRows * filterBytes;
  const range = spanOf(f, rest, plan.items, perChunk);
  const item = f.local('i32', 'item');
  f.for(item, { from: range.from, to: f.let(i32.add(range.from, range.count)) }, () => {
    const group = f.let(item);
    const block = openBlock(f, tiles, blocks, takeDigit(f, group, blocks.count));
    const imageBytes = channels * height * width * bytes;
    const image = f.let(
      i32.add(along(images, block.images.from, groups * imageBytes), i32.mul(group, imageBytes)),
    );
    const filtersAt = f.let(i32.add(along(packed, filterSpan.from, filterBytes), i32.mul(group, groupBytes)));
    const first = f.local('i32', 'first_channel');
    const multiply = (count: number): void => {
      const source = f.let(i32.add(image, i32.mul(first, height * width * bytes)));
      copyWindow(f, window, block, count, source, windowAt);
      walkQuads(f, window, block, windowAt, (quad) => transformTiles(f, plan, quad, count, tilesAt));
      multiplySets(lowering, f, plan, places, {
        filtersAt,
        filters: filterSpan.count,
        tiles: roundUp(f, product(f, block.images.count, block.rows.count, block.columns.count), lanes),
        first,
        count,
      });
    };
    const whole = channels - (channels % plan.channels);
    f.for(first, { to: whole, step: plan.channels }, () => multiply(plan.channels));
    if (whole < channels) {
      f.set(first, whole);
      multiply(channels - whole);
    }
    transformSums(f, plan, block, filterSpan, group, places, result, finish);
  });
  return Math.ceil(plan.items / perChunk) * filterBlocks;
}

/** Transforms four tiles of some channels into the panels of all products. */
function transformTiles(
  f: FunctionBuilder,
  { window, panelColumns, tileSet }: WinogradPlan,
  quad: Quad,
  channels: number,
  tilesAt: Local<'i32'>,
): void {
  const vectors = panelColumns / lanes;
  const panel = i32.mul(i32.divU(quad.index, vectors), channels * panelColumns * bytes);
  const to = f.let(i32.add(i32.add(tilesAt, panel), i32.shl(i32.remU(quad.index, vectors), 4)));
  const pointers = quad.pointers.map((pointer) => f.let(pointer));
  const algebra = vectorAlgebra((value) => f.let(value));
  const channel = f.local('i32', 'channel');
  f.for(channel, { to: channels }, () => {
    const rows = new Map<number, readonly Local<'v128'>[]>();
    const load = (row: number): readonly Local<'v128'>[] => {
      const before = rows.get(row);
      if (before !== undefined) return before;
      const values = Array.from({ length: side }, (_, column) =>
        f.let(quad.load(pointers, tapOffset(window, row, column))),
      );
      rows.set(row, values);
      return values;
    };
    transform(tileMatrix, load, algebra, (row, column, value) =>
      f.do(v128.store(to, value, (row * side + column) * tileSet, 4)),
    );
    for (const pointer of pointers) f.set(pointer, i32.add(pointer, window.planeBytes));
    f.set(to, i32.add(to, panelColumns * bytes));
  });
}

/** Some channels of a block, times the filters of a chunk. */
interface SetProduct {
  readonly filtersAt: Local<'i32'>;
  readonly filters: Count;
  readonly tiles: Count;
  readonly first: Local<'i32'>;
  readonly count: number;
}

/** Multiplies the 16 sets. */
function multiplySets(
  lowering: Lowering,
  f: FunctionBuilder,
  { geometry, panelRows, tileSet, sumSet, rowBytes }: WinogradPlan,
  { tile, tilesAt, sums }: Places,
  { filtersAt, filters, tiles, first, count }: SetProduct,
): void {
  const { groups, channels, filters: all } = geometry;
  const filterSet = groups * Math.ceil(all / panelRows) * panelRows * channels * bytes;
  const a = f.let(i32.add(filtersAt, i32.mul(first, panelRows * bytes)));
  const [b, c] = [f.let(tilesAt), f.let(sums)];
  const set = f.local('i32', 'set');
  f.for(set, { to: products }, () => {
    f.do(
      call(lowering.gemm('f32').multiplyPanels, {
        m: filters,
        n: tiles,
        k: count,
        a,
        b,
        c,
        cRowStride: rowBytes,
        accumulate: i32.gtS(first, 0),
        scratch: tile,
        aPanel: channels * panelRows * bytes,
      }),
    );
    f.set(a, i32.add(a, filterSet));
    f.set(b, i32.add(b, tileSet));
    f.set(c, i32.add(c, sumSet));
  });
}

const units = (...starts: readonly number[]): number[] =>
  starts.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]);
const lowPairs = units(0, 4, 1, 5);
const highPairs = units(2, 6, 3, 7);

/** The part of an axis of places that a part of an axis of tiles covers. */
function placesOf(f: FunctionBuilder, { from, count }: Span, size: number): Span {
  if (typeof from === 'number' && typeof count === 'number')
    return { from: 2 * from, count: Math.min(2 * count, size - 2 * from) };
  const first = f.let(i32.mul(from, 2));
  const all = f.let(i32.mul(count, 2));
  const left = f.let(i32.sub(size, first));
  f.if(i32.gtS(all, left), () => f.set(all, left));
  return { from: first, count: all };
}

/** Transforms the sums of each filter to a plane of places, and puts it where it belongs. */
function transformSums(
  f: FunctionBuilder,
  plan: WinogradPlan,
  block: PlaceBlock,
  filterSpan: Span,
  group: Local<'i32'>,
  { sums, plane }: Places,
  result: Local<'i32'> | null,
  finish: ((run: PlaceRun) => void) | null,
): void {
  const { geometry, blocks, rowBytes, sumSet, pitch } = plan;
  const [height, width] = geometry.places;
  const inPlaces: PlaceBlock = {
    images: block.images,
    rows: placesOf(f, block.rows, height),
    columns: placesOf(f, block.columns, width),
  };
  const to = result === null ? null : firstPlace(f, geometry, { block: inPlaces, filterSpan, group }, result);
  const planeSize = geometry.target.size[0] * geometry.target.size[1] * bytes;
  const line = f.let(sums);
  const [filter, image, row, column] = ['filter', 'image', 'row', 'column'].map((name) =>
    f.local('i32', name),
  ) as [Local<'i32'>, Local<'i32'>, Local<'i32'>, Local<'i32'>];
  const algebra = vectorAlgebra((value) => f.let(value));
  f.for(filter, { to: filterSpan.count }, () => {
    const at = f.let(line);
    const imageTo = f.let(plane);
    f.for(image, { to: block.images.count }, () => {
      const rowTo = f.let(imageTo);
      f.for(row, { to: block.rows.count }, () => {
        const four = (from: Local<'i32'>, target: Local<'i32'>): void => {
          const load = (i: number): readonly Local<'v128'>[] =>
            Array.from({ length: side }, (_, j) => f.let(v128.load(from, (i * side + j) * sumSet, 4)));
          const rows = Array.from({ length: side }, (_, i) => load(i));
          const values: Local<'v128'>[] = [];
          transform(
            placeMatrix,
            (i) => rows[i]!,
            algebra,
            (_i, _j, value) => values.push(value),
          );
          for (const i of [0, 1]) {
            const [left, right] = [values[2 * i]!, values[2 * i + 1]!];
            f.do(v128.store(target, i8x16.shuffle(left, right, lowPairs), i * pitch, 4));
            f.do(v128.store(target, i8x16.shuffle(left, right, highPairs), i * pitch + 16, 4));
          }
        };
        const [from, target] = [f.let(at), f.let(rowTo)];
        f.for(column, { to: block.columns.count, step: lanes }, () => {
          four(from, target);
          f.set(from, i32.add(from, lanes * bytes));
          f.set(target, i32.add(target, 2 * lanes * bytes));
        });
        f.set(at, along(at, block.columns.count, bytes));
        f.set(rowTo, i32.add(rowTo, 2 * pitch));
      });
      f.set(imageTo, i32.add(imageTo, 2 * blocks.rows * pitch));
    });
    const layout = { at: plane, row: pitch, image: 2 * blocks.rows * pitch };
    if (to === null) {
      const index = along(i32.add(i32.mul(group, geometry.filters), filter), filterSpan.from, 1);
      finishFilter(f, geometry, inPlaces, layout, index, finish!);
    } else {
      deliverFilter(f, geometry, inPlaces, layout, to);
      f.set(to, i32.add(to, planeSize));
    }
    f.set(line, i32.add(line, rowBytes));
  });
}
