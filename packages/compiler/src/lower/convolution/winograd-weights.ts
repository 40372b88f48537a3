import { call, chooseKernel, f32, f32x4, i32, v128, type FunctionBuilder, type Local } from '@nadir/wasm';
import type { ConvolutionGeometry, ConvolutionKernel } from '../../kernel.ts';
import { pointerTo, scratchStart, type Lowering } from '../lowering.ts';
import {
  along,
  evenBlock,
  openBlock,
  placeBlocks,
  product,
  spanOf,
  takeDigit,
  type Count,
  type PlaceBlock,
  type PlaceBlocks,
} from './blocks.ts';
import { copyChannelsLast, imageStride, rowStride, type ChannelsLast } from './channels-last.ts';
import {
  filterMatrix,
  isWinograd,
  oddLines,
  placeMatrix,
  products,
  side,
  tileMatrix,
  tilesOf,
  transform,
  transposed,
  vectorAlgebra,
} from './winograd.ts';

const bytes = 4;
const lanes = 4;
/** Tiles of a block at most, but for those of a row, which stay together. */
const mostTiles = 56;
const longestRow = 256;
const mostChannels = 64;
const mostFilters = 72;
/** Chunks to aim at, and multiplications below which a chunk is not cut. */
const mostChunks = 16;
const leastWork = 2 ** 20;

/** How the gradient of filters is cut into chunks and parts, and where things lie in working memory. */
interface WinogradWeightPlan {
  readonly geometry: ConvolutionGeometry;
  readonly tiles: ConvolutionGeometry;
  readonly panelRows: number;
  readonly panelColumns: number;
  readonly blocks: PlaceBlocks;
  /** Parts that add up to the gradient, and the blocks of tiles that each sums. */
  readonly parts: number;
  readonly perPart: number;
  readonly channels: number;
  readonly channelBlocks: number;
  readonly filters: number;
  readonly filterBlocks: number;
  /** The channels of one panel, and the filters of as many panels as whole vectors fill. */
  readonly image: ChannelsLast;
  readonly gradient: ChannelsLast;
  readonly pieces: readonly (readonly Piece[])[];
  /** Bytes of one of the 16 sets of packed gradients, of packed tiles, and of sums; of the sums of one filter. */
  readonly gradientSet: number;
  readonly tileSet: number;
  readonly sumSet: number;
  readonly rowBytes: number;
  readonly tileBytes: number;
  readonly scratchBytes: number;
}

/** Whether the gradient of filters is computed from transformed tiles. */
export function hasWinogradWeights(geometry: ConvolutionGeometry): boolean {
  return isWinograd(geometry) && tilesOf(geometry).places[1] <= longestRow;
}

function planOf(geometry: ConvolutionGeometry): WinogradWeightPlan {
  const tiles = tilesOf(geometry);
  const { groups, channels: allChannels, filters: allFilters, height, width, places } = geometry;
  const { tile } = chooseKernel();
  const panelColumns = tile.vectors * lanes;
  const blocks = placeBlocks(tiles, Math.max(mostTiles, tiles.places[1]));
  const channels = evenBlock(allChannels, mostChannels, panelColumns);
  const pieces = piecesOf(tile.rows);
  const filters = evenBlock(allFilters, mostFilters, pieces.length * lanes);
  const channelBlocks = Math.ceil(allChannels / channels);
  const filterBlocks = Math.ceil(allFilters / filters);
  const cuts = groups * channelBlocks * filterBlocks;
  const work = products * blocks.count * blocks.places * filters * channels;
  const wanted = Math.min(Math.ceil(mostChunks / cuts), Math.ceil(work / leastWork));
  const perPart = Math.ceil(blocks.count / Math.max(1, Math.min(wanted, blocks.count)));
  const padded = Math.ceil(channels / panelColumns) * panelColumns;
  const image: ChannelsLast = {
    height,
    width,
    planes: groups * allChannels,
    rows: 2 * blocks.rows + 2,
    columns: 2 * blocks.columns + 2,
    before: geometry.before[1],
    channels: panelColumns,
    isRagged: allChannels % lanes !== 0,
  };
  const gradient: ChannelsLast = {
    height: places[0],
    width: places[1],
    planes: groups * allFilters,
    rows: 2 * blocks.rows,
    columns: 2 * blocks.columns,
    before: 0,
    channels: pieces.length * lanes,
    isRagged: allFilters % lanes !== 0,
  };
  // Vectors of the last filters may go over into a panel that has none.
  const filtersOfPanels = Math.ceil(filters / gradient.channels) * gradient.channels;
  const gradientSet = oddLines(filtersOfPanels * blocks.places * bytes);
  const tileSet = oddLines(padded * blocks.places * bytes);
  const rowBytes = padded * bytes;
  const sumSet = oddLines(filters * rowBytes);
  const tileBytes = tile.rows * panelColumns * bytes;
  return {
    geometry,
    tiles,
    panelRows: tile.rows,
    panelColumns,
    blocks,
    parts: Math.ceil(blocks.count / perPart),
    perPart,
    channels,
    channelBlocks,
    filters,
    filterBlocks,
    image,
    gradient,
    pieces,
    gradientSet,
    tileSet,
    sumSet,
    rowBytes,
    tileBytes,
    scratchBytes:
      tileBytes +
      blocks.images * Math.max(imageStride(image), imageStride(gradient)) +
      products * (gradientSet + tileSet + sumSet),
  };
}

/** Parts that add up to the gradient of the filters. */
export function winogradWeightParts(geometry: ConvolutionGeometry): number {
  return planOf(geometry).parts;
}

/** Working memory that a thread needs. */
export function winogradWeightBytes({ geometry }: ConvolutionKernel): number {
  return planOf(geometry).scratchBytes;
}

/**
 * Emits one chunk of the gradient of filters of 3 × 3: for one part, some channels and some filters, tiles of the images and of the
 * gradient of the places are transformed and multiplied in 16 products, whose sums are transformed back at the end. Returns how many
 * chunks there are.
 */
export function emitWinogradWeights(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: ConvolutionKernel,
  chunk: Local<'i32'>,
): number {
  const plan = planOf(kernel.geometry);
  const { geometry, tiles, blocks } = plan;
  const { groups, channels, filters } = geometry;
  const [images, gradients] = kernel.operands.map((view) =>
    f.let(pointerTo(lowering, f, view.buffer, view.offset)),
  ) as [Local<'i32'>, Local<'i32'>];
  const result = f.let(pointerTo(lowering, f, kernel.buffer));
  const tile = f.let(scratchStart(lowering), 'tile');
  const windowAt = f.let(i32.add(tile, plan.tileBytes), 'window');
  const windowBytes = blocks.images * Math.max(imageStride(plan.image), imageStride(plan.gradient));
  const a = f.let(i32.add(windowAt, windowBytes), 'gradient_panels');
  const b = f.let(i32.add(a, products * plan.gradientSet), 'tile_panels');
  const sums = f.let(i32.add(b, products * plan.tileSet), 'sums');

  const rest = f.let(chunk);
  const channelSpan = spanOf(f, takeDigit(f, rest, plan.channelBlocks), channels, plan.channels);
  const filterSpan = spanOf(f, takeDigit(f, rest, plan.filterBlocks), filters, plan.filters);
  const group = takeDigit(f, rest, groups);
  const range = spanOf(f, rest, blocks.count, plan.perPart);
  const firstFilter = f.let(along(i32.mul(group, filters), filterSpan.from, 1));
  const firstChannel = f.let(along(i32.mul(group, channels), channelSpan.from, 1));

  const index = f.local('i32', 'block');
  f.for(index, { from: range.from, to: f.let(i32.add(range.from, range.count)) }, () => {
    const block = openBlock(f, tiles, blocks, index);
    const source = (
      from: Local<'i32'>,
      { planes, height: h, width: w }: ChannelsLast,
      plane: Local<'i32'>,
    ): Local<'i32'> =>
      f.let(i32.add(along(from, block.images.from, planes * h * w * bytes), i32.mul(plane, h * w * bytes)));
    const places = {
      block,
      windowAt,
      count: product(f, block.images.count, block.rows.count, block.columns.count),
    };
    packTiles(f, plan, places, channelSpan.count, source(images, plan.image, firstChannel), b);
    packGradients(f, plan, places, filterSpan.count, source(gradients, plan.gradient, firstFilter), a);
    multiplySets(lowering, f, plan, {
      filters: filterSpan.count,
      channels: channelSpan.count,
      count: places.count,
      accumulate: f.let(i32.gtS(index, range.from)),
      tile,
      a,
      b,
      sums,
    });
  });

  const filterBytes = channels * 9 * bytes;
  const part = along(result, plan.parts === 1 ? 0 : rest, groups * filters * filterBytes);
  const to = f.let(along(i32.add(part, i32.mul(firstFilter, filterBytes)), channelSpan.from, 9 * bytes));
  transformSums(f, plan, filterSpan.count, channelSpan.count, sums, to);
  return plan.parts * groups * plan.filterBlocks * plan.channelBlocks;
}

/** The tiles of a block, how many they are, and where some channels of what they see are copied to. */
interface TilePlaces {
  readonly block: PlaceBlock;
  readonly count: Count;
  readonly windowAt: Local<'i32'>;
}

/** Goes through planes, as many at a time as `layout` holds: `body` gets the number of the first, and how many they are. */
function walkPlanes(
  f: FunctionBuilder,
  { channels, height, width }: ChannelsLast,
  planes: Count,
  source: Local<'i32'>,
  body: (first: Local<'i32'>, count: Local<'i32'>, at: Local<'i32'>) => void,
): void {
  const at = f.let(source);
  const first = f.local('i32', 'first_plane');
  const count = f.local('i32', 'planes');
  f.for(first, { to: planes, step: channels }, () => {
    f.set(count, i32.sub(planes, first));
    f.if(i32.gtS(count, channels), () => f.set(count, channels));
    body(first, count, at);
    f.set(at, i32.add(at, channels * height * width * bytes));
  });
}

/** Goes through the tiles of a block: `body` gets where each begins in its window. */
function walkTiles(
  f: FunctionBuilder,
  { block, windowAt }: TilePlaces,
  layout: ChannelsLast,
  body: (at: Local<'i32'>) => void,
): void {
  const [image, row, column] = [f.local('i32', 'image'), f.local('i32', 'row'), f.local('i32', 'column')];
  const imageAt = f.let(windowAt);
  f.for(image, { to: block.images.count }, () => {
    const rowAt = f.let(imageAt);
    f.for(row, { to: block.rows.count }, () => {
      const at = f.let(rowAt);
      f.for(column, { to: block.columns.count }, () => {
        body(at);
        f.set(at, i32.add(at, 2 * layout.channels * bytes));
      });
      f.set(rowAt, i32.add(rowAt, 2 * rowStride(layout)));
    });
    f.set(imageAt, i32.add(imageAt, imageStride(layout)));
  });
}

/** Loads a square of places of four channels, row by row. */
function squareLoader(
  f: FunctionBuilder,
  layout: ChannelsLast,
  size: number,
  at: Local<'i32'>,
  offset: number,
): (row: number) => readonly Local<'v128'>[] {
  const rows = new Map<number, readonly Local<'v128'>[]>();
  return (row) => {
    const before = rows.get(row);
    if (before !== undefined) return before;
    const values = Array.from({ length: size }, (_, column) =>
      f.let(v128.load(at, offset + row * rowStride(layout) + column * layout.channels * bytes, 4)),
    );
    rows.set(row, values);
    return values;
  };
}

/** Transforms tiles of the images into panels: [product, panel, tile, channel of the panel]. */
function packTiles(
  f: FunctionBuilder,
  { geometry, image, panelColumns, tileSet }: WinogradWeightPlan,
  places: TilePlaces,
  channels: Count,
  source: Local<'i32'>,
  panels: Local<'i32'>,
): void {
  const algebra = vectorAlgebra((value) => f.let(value));
  const { block, count, windowAt } = places;
  const rows = f.let(i32.add(i32.mul(block.rows.count, 2), 2));
  const firstRow = f.let(i32.sub(i32.mul(block.rows.from, 2), geometry.before[0]));
  const panel = f.let(panels);
  walkPlanes(f, image, channels, source, (_, planes, from) => {
    copyChannelsLast(f, image, block.images.count, rows, firstRow, planes, from, windowAt);
    for (let offset = 0; offset < panelColumns * bytes; offset += 16) {
      const to = f.let(panel);
      walkTiles(f, places, image, (at) => {
        transform(tileMatrix, squareLoader(f, image, side, at, offset), algebra, (row, column, value) =>
          f.do(v128.store(to, value, (row * side + column) * tileSet + offset, 4)),
        );
        f.set(to, i32.add(to, panelColumns * bytes));
      });
    }
    f.set(panel, along(panel, count, panelColumns * bytes));
  });
}

/** Where the lanes of a vector of filters go: `count` of them from `lane` on, to `row` of the panel `panel` panels on. */
interface Piece {
  readonly panel: number;
  readonly row: number;
  readonly lane: number;
  readonly count: number;
}

/** How vectors of four filters fall into panels: as many vectors as fill whole panels, and the pieces of each. */
function piecesOf(panelRows: number): Piece[][] {
  const vectors: Piece[][] = [];
  for (let filter = 0; filter === 0 || filter % panelRows !== 0; filter += lanes) {
    const pieces: Piece[] = [];
    for (let lane = 0; lane < lanes;) {
      const row = (filter + lane) % panelRows;
      const count = Math.min(lanes - lane, panelRows - row);
      pieces.push({ panel: Math.floor((filter + lane) / panelRows), row, lane, count });
      lane += count;
    }
    vectors.push(pieces);
  }
  return vectors;
}

/** Transforms two by two places of the gradient into panels: [product, panel, tile, filter of the panel]. */
function packGradients(
  f: FunctionBuilder,
  { gradient, pieces, panelRows, gradientSet }: WinogradWeightPlan,
  places: TilePlaces,
  filters: Count,
  source: Local<'i32'>,
  panels: Local<'i32'>,
): void {
  const algebra = vectorAlgebra((value) => f.let(value));
  const matrix = transposed(placeMatrix);
  const { block, count, windowAt } = places;
  const rows = f.let(i32.mul(block.rows.count, 2));
  const firstRow = f.let(i32.mul(block.rows.from, 2));
  const panelBytes = product(f, count, panelRows * bytes);
  const panel = f.let(panels);
  walkPlanes(f, gradient, filters, source, (_, planes, from) => {
    copyChannelsLast(f, gradient, block.images.count, rows, firstRow, planes, from, windowAt);
    pieces.forEach((parts, vector) => {
      f.if(i32.gtS(planes, vector * lanes), () => {
        const to = parts.map((piece) => f.let(along(panel, panelBytes, piece.panel)));
        walkTiles(f, places, gradient, (at) => {
          transform(matrix, squareLoader(f, gradient, 2, at, 16 * vector), algebra, (row, column, value) => {
            const set = (row * side + column) * gradientSet;
            parts.forEach((piece, i) => storeLanes(f, to[i]!, value, piece, set + piece.row * bytes));
          });
          for (const pointer of to) f.set(pointer, i32.add(pointer, panelRows * bytes));
        });
      });
    });
    f.set(panel, along(panel, count, gradient.channels * bytes));
  });
}

/** Stores some neighbouring lanes. */
function storeLanes(
  f: FunctionBuilder,
  to: Local<'i32'>,
  value: Local<'v128'>,
  { lane, count }: Piece,
  offset: number,
): void {
  if (count === lanes) f.do(v128.store(to, value, offset, 4));
  else if (count === 2 && lane % 2 === 0) f.do(v128.store64Lane(to, value, lane / 2, offset, 4));
  else for (let i = 0; i < count; i++) f.do(v128.store32Lane(to, value, lane + i, offset + i * bytes));
}

/** The products of the 16 sets of a block. */
interface SetProduct {
  readonly filters: Count;
  readonly channels: Count;
  /** Tiles of the block. */
  readonly count: Count;
  readonly accumulate: Local<'i32'>;
  readonly tile: Local<'i32'>;
  readonly a: Local<'i32'>;
  readonly b: Local<'i32'>;
  readonly sums: Local<'i32'>;
}

function multiplySets(
  lowering: Lowering,
  f: FunctionBuilder,
  { panelRows, gradientSet, tileSet, sumSet, rowBytes }: WinogradWeightPlan,
  { filters, channels, count, accumulate, tile, a, b, sums }: SetProduct,
): void {
  const [aAt, bAt, cAt] = [f.let(a), f.let(b), f.let(sums)];
  const aPanel = product(f, count, panelRows * bytes);
  // Channels beyond the last, up to a whole vector, are zeros.
  const columns =
    typeof channels === 'number'
      ? Math.ceil(channels / lanes) * lanes
      : f.let(i32.and(i32.add(channels, lanes - 1), -lanes));
  const set = f.local('i32', 'set');
  f.for(set, { to: products }, () => {
    f.do(
      call(lowering.gemm('f32').multiplyPanels, {
        m: filters,
        n: columns,
        k: count,
        a: aAt,
        b: bAt,
        c: cAt,
        cRowStride: rowBytes,
        accumulate,
        scratch: tile,
        aPanel,
      }),
    );
    f.set(aAt, i32.add(aAt, gradientSet));
    f.set(bAt, i32.add(bAt, tileSet));
    f.set(cAt, i32.add(cAt, sumSet));
  });
}

/** Transforms the sums back to filters of 3 × 3: Gᵀ · sums · G, four channels at a time. */
function transformSums(
  f: FunctionBuilder,
  { geometry, sumSet, rowBytes }: WinogradWeightPlan,
  filters: Count,
  channels: Count,
  sums: Local<'i32'>,
  result: Local<'i32'>,
): void {
  const matrix = transposed(filterMatrix);
  const algebra = vectorAlgebra((value) => f.let(value));
  const [filter, channel] = [f.local('i32', 'filter'), f.local('i32', 'channel')];
  const [line, filterTo] = [f.let(sums), f.let(result)];
  f.for(filter, { to: filters }, () => {
    const [at, to] = [f.let(line), f.let(filterTo)];
    const four = (count: number): void => {
      const load = (row: number): readonly Local<'v128'>[] =>
        Array.from({ length: side }, (_, column) => f.let(v128.load(at, (row * side + column) * sumSet, 4)));
      const rows = Array.from({ length: side }, (_, row) => load(row));
      transform(
        matrix,
        (row) => rows[row]!,
        algebra,
        (row, column, value) => {
          for (let lane = 0; lane < count; lane++) {
            const offset = (lane * 9 + row * 3 + column) * bytes;
            f.do(f32.store(to, f32x4.extractLane(value, lane), offset));
          }
        },
      );
    };
    f.set(channel, 0);
    f.while(i32.leS(i32.add(channel, lanes), channels), () => {
      four(lanes);
      f.set(at, i32.add(at, 16));
      f.set(to, i32.add(to, lanes * 9 * bytes));
      f.set(channel, i32.add(channel, lanes));
    });
    // Only the last channels of a group may be fewer than four.
    const left = geometry.channels % lanes;
    if (left > 0) f.if(i32.ltS(channel, channels), () => four(left));
    f.set(line, i32.add(line, rowBytes));
    f.set(filterTo, i32.add(filterTo, geometry.channels * 9 * bytes));
  });
}
