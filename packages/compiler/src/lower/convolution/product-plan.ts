import { chooseKernel } from '@nadir/wasm';
import type { ConvolutionGeometry, ConvolutionKernel } from '../../kernel.ts';
import { evenBlock, hasWholeVectors, placeBlocks, type PlaceBlocks } from './blocks.ts';
import { windowLayout, type WindowLayout } from './window.ts';

/** Filters of a group up to which each is summed by itself: packing would cost more than it saves. */
const fewestFilters = 3;
/** Steps of depth of a packed panel of places, in bytes of one column: with one of filters it fits a first-level cache. */
const depthBytes = 1536;
/** Places of a block at most, where they are packed and where they are not. */
const mostPlaces = 256;
const mostPlacesUnpacked = 2048;
/** Elements of a window of several channels at most. */
const mostWindow = 2 ** 14;
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
export interface ProductPlan {
  readonly geometry: ConvolutionGeometry;
  readonly bytes: 4 | 8;
  readonly lanes: number;
  readonly taps: number;
  /** Whether places are packed into panels, and filters across a packed panel: else one. */
  readonly isPacked: boolean;
  readonly panelRows: number;
  readonly panelColumns: number;
  readonly blocks: PlaceBlocks;
  /** Blocks of places of all groups, and how many of them a chunk has. */
  readonly items: number;
  readonly perChunk: number;
  /** Channels summed at a time, which fixes the order of summation; and filters of a chunk. */
  readonly channels: number;
  readonly filters: number;
  readonly filterBlocks: number;
  readonly chunks: number;
  readonly window: WindowLayout;
  /** Whether places lie in the result as in the block, so that it is computed there. */
  readonly isDirect: boolean;
  readonly packedBytes: number;
  /** Bytes from the sums of one filter to those of the next, where they are not computed in the result. */
  readonly rowBytes: number;
  readonly tileBytes: number;
  readonly scratchBytes: number;
}

function isPacked({ filters }: ConvolutionGeometry): boolean {
  return filters > fewestFilters;
}

/** Filters side by side in what a product reads: [group, panel, channel, tap, filter of the panel]. */
export function filterRows(geometry: ConvolutionGeometry): number {
  return isPacked(geometry) ? chooseKernel().tile.rows : 1;
}

/** Channels summed at a time. */
function channelBlock(geometry: ConvolutionGeometry): number {
  const { type, kernel, channels, height, width } = geometry;
  const most = isPacked(geometry)
    ? depthBytes / (type === 'f32' ? 4 : 8) / (kernel[0] * kernel[1])
    : mostWindow / Math.min(height * width, mostPlacesUnpacked);
  return evenBlock(channels, Math.max(1, Math.floor(most)));
}

/** @param isStored whether the result is stored as it is, and not something that is computed from it */
export function planProduct(geometry: ConvolutionGeometry, isStored: boolean): ProductPlan {
  const { type, kernel, channels: allChannels, filters: allFilters, groups, places, target } = geometry;
  const bytes = type === 'f32' ? 4 : 8;
  const lanes = 16 / bytes;
  const { tile } = chooseKernel();
  const panelRows = filterRows(geometry);
  const panelColumns = tile.vectors * lanes;
  const taps = kernel[0] * kernel[1];
  const channels = channelBlock(geometry);
  const packs = isPacked(geometry);
  const fitting = Math.floor(mostPacked / (channels * taps) / panelColumns) * panelColumns;
  const most = packs ? Math.max(panelColumns, Math.min(mostPlaces, fitting)) : mostPlacesUnpacked;
  let blocks = placeBlocks(geometry, most);
  let filters = evenBlock(allFilters, mostFilters, panelRows);
  const filterBlocks = (): number => Math.ceil(allFilters / filters);
  const work = (): number => 2 * blocks.places * filters * allChannels * taps;
  const hasFewChunks = (): boolean =>
    blocks.count * groups * filterBlocks() < fewChunks && work() > 2 * leastWork;
  // Places first: those of a chunk are packed for its filters alone.
  if (packs && hasFewChunks()) blocks = placeBlocks(geometry, Math.min(most, mostPlaces / 2));
  while (hasFewChunks() && filters > fewFilters)
    filters = evenBlock(allFilters, Math.ceil(filters / 2), panelRows);
  const items = blocks.count * groups;
  const perChunk = evenBlock(items, Math.max(1, Math.ceil(leastWork / work())));
  const isDense =
    target.size.every((size, axis) => size === places[axis]) && target.step.every((step) => step === 1);
  const isDirect = isStored && blocks.images === 1 && isDense && hasWholeVectors(geometry, blocks, lanes);
  const window = windowLayout(geometry, blocks, channels);
  const columns = Math.ceil(blocks.places / panelColumns) * panelColumns;
  const tileBytes = packs ? panelRows * panelColumns * bytes : 0;
  const packedBytes = packs ? columns * channels * taps * bytes : 0;
  const rowBytes = columns * bytes;
  const scratchBytes = tileBytes + window.totalBytes + packedBytes + (isDirect ? 0 : filters * rowBytes);
  return {
    geometry,
    bytes,
    lanes,
    taps,
    isPacked: packs,
    panelRows,
    panelColumns,
    blocks,
    items,
    perChunk,
    channels,
    filters,
    filterBlocks: filterBlocks(),
    chunks: Math.ceil(items / perChunk) * filterBlocks(),
    window,
    isDirect,
    packedBytes,
    rowBytes,
    tileBytes,
    scratchBytes,
  };
}

/** Working memory that a thread needs for a product. */
export function productBytes({ geometry, epilogue }: ConvolutionKernel): number {
  return planProduct(geometry, epilogue === undefined).scratchBytes;
}
