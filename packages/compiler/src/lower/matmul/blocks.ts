import { byteSize } from '@nadir/tensor';
import { chooseKernel } from '@nadir/wasm';
import type { MatmulKernel } from '../../kernel.ts';
import { costOf } from '../cost.ts';
import { isVector } from '../vector-point.ts';

/** Elements across a panel: the columns of a register tile. */
export function panelWidth(dtype: MatmulKernel['dtype']): number {
  return (chooseKernel().tile.vectors * 16) / byteSize(dtype);
}

/** How a factor is walked, in elements: from one item of the batch, one row (column, or panel), and one step of depth to the next. */
export interface Walk {
  readonly buffer: number;
  readonly offset: number;
  readonly batch: readonly number[];
  readonly across: number;
  readonly step: number;
}

/** The blocks of a product, in the orientation in which it is computed: rows of one factor by columns of the other. */
export interface Blocks {
  /** The product's columns are m, and its rows n: blocks of it are stored as columns of the roots' loops. */
  readonly isTransposed: boolean;
  readonly rows: number;
  readonly columns: number;
  readonly left: Walk;
  readonly right: Walk;
  readonly tileRows: number;
  readonly width: number;
  /** Items of the batch in a chunk; more than one only where a chunk has all rows and columns of them. */
  readonly items: number;
  readonly blockRows: number;
  readonly blockColumns: number;
  readonly rowBlocks: number;
  readonly columnBlocks: number;
  readonly itemBlocks: number;
  readonly chunks: number;
}

/** Multiply-adds of a chunk at least: 16 µs at 66 GFLOP/s. */
const leastWork = 2 ** 19;
/** Chunks of a product from which on they grow instead of becoming more: six for each of eight threads. */
const enoughChunks = 48;
/** Columns of a block at most: with 256 steps of depth they fit into the second-level cache. */
const mostColumns = 512;
/** Tiles of rows that share a panel of columns on its way into the first-level cache, at least. */
const leastTiles = 3;
/** Multiply-adds in the time of one element of a simple vector loop. */
const workOfElement = 8;

const ceilTo = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

/** A factor over the axes of the batch and two more, of which the vectors' factor has its columns at place `across` from the end. */
function walkOf({ buffer, at }: MatmulKernel['a'], across: -1 | -2): Walk {
  const [outer, inner] = at.strides.slice(-2) as [number, number];
  return {
    buffer,
    offset: at.offset,
    batch: at.strides.slice(0, -2),
    across: across === -1 ? inner : outer,
    step: across === -1 ? outer : inner,
  };
}

/** Elements from one row of the left factor, or one column of the right one, to the next, and from one step of depth to the next. */
export function walksOf({ a, b, vectors }: MatmulKernel): { readonly left: Walk; readonly right: Walk } {
  return vectors === 'b'
    ? { left: walkOf(a, -2), right: walkOf(b, -1) }
    : { left: walkOf(b, -1), right: walkOf(a, -2) };
}

/**
 * The sizes of blocks of at most `area` elements: as wide as possible, since rows are read and written in one go, and the columns of the
 * right factor come from the second-level cache again and again without delay.
 */
function cut(
  rows: number,
  columns: number,
  area: number,
  rowUnit: number,
  width: number,
): { readonly blockRows: number; readonly blockColumns: number } {
  const fewest = Math.min(ceilTo(rows, rowUnit), leastTiles * rowUnit);
  const widest = Math.max(width, Math.min(mostColumns, Math.floor(area / fewest)));
  const columnBlocks = Math.ceil(columns / (Math.floor(widest / width) * width));
  const blockColumns = ceilTo(Math.ceil(columns / columnBlocks), width);
  const fitting = Math.max(rowUnit, Math.floor(area / blockColumns / rowUnit) * rowUnit);
  const blockRows = ceilTo(Math.ceil(rows / Math.ceil(rows / fitting)), rowUnit);
  return { blockRows, blockColumns };
}

/** How a product is cut into chunks; from its sizes alone. */
export function blocksOf(kernel: MatmulKernel): Blocks {
  const { batch, m, n, k, dtype, vectors, columns: layout, roots } = kernel;
  const { tile } = chooseKernel();
  const width = panelWidth(dtype);
  const isTransposed = vectors === 'a';
  const [rows, columns] = isTransposed ? [n, m] : [m, n];
  const { left, right } = walksOf(kernel);
  const elements = roots.map((root) => root.element);
  const isVectorLoop = elements.every((element) => isVector(element));
  const work = k + workOfElement * costOf(elements, isVectorLoop);
  const items = batch.reduce((product, size) => product * size, 1);
  const least = Math.max(leastWork, (items * rows * columns * work) / enoughChunks);
  const fitting = Math.floor(least / (rows * columns * work));
  // Where rows become columns of the roots' loops, vectors of four stay whole.
  const rowUnit = isTransposed && tile.rows % 4 !== 0 ? 2 * tile.rows : tile.rows;
  const isSmall = fitting >= 1 && columns <= mostColumns;
  const { blockRows, blockColumns } = isSmall
    ? { blockRows: rows, blockColumns: columns }
    : cut(rows, columns, least / work, rowUnit, width);
  const rowBlocks = Math.ceil(rows / blockRows);
  const columnBlocks = Math.ceil(columns / blockColumns);
  const perChunk = rowBlocks * columnBlocks === 1 ? Math.max(1, Math.min(items, fitting)) : 1;
  const itemBlocks = Math.ceil(items / perChunk);
  return {
    isTransposed,
    rows,
    columns,
    left,
    right: layout === 'panels' ? { ...right, across: k * width, step: width } : right,
    tileRows: tile.rows,
    width,
    items: perChunk,
    blockRows,
    blockColumns,
    rowBlocks,
    columnBlocks,
    itemBlocks,
    chunks: itemBlocks * rowBlocks * columnBlocks,
  };
}
