import { byteSize } from '@nadir/tensor';
import { chooseKernel } from '@nadir/wasm';
import type { MatmulKernel } from '../../kernel.ts';
import { costOf } from '../cost.ts';
import { isVector } from '../vector-point.ts';

/** Elements across a panel: the columns of a register tile. */
export function panelWidth(dtype: MatmulKernel['dtype']): number {
  return (chooseKernel().tile.vectors * 16) / byteSize(dtype);
}

/** How a factor is walked, in elements: from one item of the batch, one row (or panel) and one step of depth to the next. */
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
/** Rows and columns of a block at most, so that what it reads again and again stays in a second-level cache. */
const mostRows = 192;
const mostColumns = 512;
/** Multiply-adds in the time of one element of a simple vector loop. */
const workOfElement = 8;

const ceilTo = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

function walkOf({ buffer, at }: MatmulKernel['a'], across: number, along: number): Walk {
  const rank = at.strides.length;
  return {
    buffer,
    offset: at.offset,
    batch: at.strides.slice(0, -2),
    across: at.strides[rank + across]!,
    step: at.strides[rank + along]!,
  };
}

/**
 * The sizes of blocks of at most `area` elements by which the factors are read the least: every row of one for each block of columns,
 * every column of the other for each block of rows.
 */
function cut(
  rows: number,
  columns: number,
  area: number,
  rowUnit: number,
  width: number,
): { readonly blockRows: number; readonly blockColumns: number } {
  let best = { blockRows: rowUnit, blockColumns: width };
  let least = Infinity;
  for (let wanted = 1; wanted <= Math.ceil(columns / width); wanted++) {
    const blockColumns = ceilTo(Math.ceil(columns / wanted), width);
    if (blockColumns > mostColumns) continue;
    const fitting = Math.floor(area / blockColumns / rowUnit) * rowUnit;
    const rowBlocks = Math.ceil(rows / Math.max(rowUnit, Math.min(mostRows, fitting)));
    const blockRows = ceilTo(Math.ceil(rows / rowBlocks), rowUnit);
    const reads = Math.ceil(columns / blockColumns) * rows + rowBlocks * columns;
    if (reads < least) {
      least = reads;
      best = { blockRows, blockColumns };
    }
  }
  return best;
}

/** How a product is cut into chunks; from its sizes alone. */
export function blocksOf(kernel: MatmulKernel): Blocks {
  const { batch, m, n, k, dtype, a, b, vectors, isPacked, roots } = kernel;
  const { tile } = chooseKernel();
  const width = panelWidth(dtype);
  const isTransposed = vectors === 'a';
  const [rows, columns] = isTransposed ? [n, m] : [m, n];
  const left = isTransposed ? walkOf(b, -1, -2) : walkOf(a, -2, -1);
  const direct = isTransposed ? walkOf(a, -2, -1) : walkOf(b, -1, -2);
  const right: Walk = isPacked ? { ...direct, across: k * width, step: width } : { ...direct, across: width };
  const elements = roots.map((root) => root.element);
  const epilogue = costOf(
    elements,
    elements.every((element) => isVector(element)),
  );
  const work = k + workOfElement * epilogue;
  const items = batch.reduce((product, size) => product * size, 1);
  const least = Math.max(leastWork, (items * rows * columns * work) / enoughChunks);
  const fitting = Math.floor(least / (rows * columns * work));
  // Where rows become columns of the roots' loops, vectors of four stay whole.
  const rowUnit = isTransposed && tile.rows % 4 !== 0 ? 2 * tile.rows : tile.rows;
  const { blockRows, blockColumns } =
    fitting >= 1 && rows <= mostRows && columns <= mostColumns
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
    right,
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
