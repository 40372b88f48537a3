import type { FloatArray } from './gemm.ts';

/** How a block lies in staging memory: offset and strides in elements. */
export interface Staged {
  readonly rowStride: number;
  readonly columnStride: number;
}

// Below this many neighbours a loop beats TypedArray.set with its subarray.
const LOOP_BELOW = 32;

/**
 * Copies a strided block of a host array to `memory[at …]`, dense: runs of neighbours stay runs, a stride of 0 keeps
 * one copy. The strides of the copy come back.
 */
export function stage(
  memory: FloatArray,
  at: number,
  source: FloatArray,
  offset: number,
  rows: number,
  columns: number,
  rowStride: number,
  columnStride: number,
): Staged {
  const copiedRows = rowStride === 0 ? 1 : rows;
  const copiedColumns = columnStride === 0 ? 1 : columns;
  // The inner dimension of the copy is the one with neighbours in memory.
  const byColumns = columnStride !== 1 && copiedColumns !== 1 && (rowStride === 1 || copiedRows === 1);
  if (byColumns) {
    copyRuns(memory, at, source, offset, copiedColumns, copiedRows, columnStride, rowStride);
    return { rowStride: rowStride === 0 ? 0 : 1, columnStride: columnStride === 0 ? 0 : copiedRows };
  }
  copyRuns(memory, at, source, offset, copiedRows, copiedColumns, rowStride, columnStride);
  return { rowStride: rowStride === 0 ? 0 : copiedColumns, columnStride: columnStride === 0 ? 0 : 1 };
}

function copyRuns(
  memory: FloatArray,
  at: number,
  source: FloatArray,
  offset: number,
  runs: number,
  length: number,
  runStride: number,
  stride: number,
): void {
  if ((stride === 1 || length === 1) && (runStride === length || runs === 1)) {
    memory.set(source.subarray(offset, offset + runs * length), at);
    return;
  }
  for (let run = 0; run < runs; run++) {
    const from = offset + run * runStride;
    const to = at + run * length;
    if (stride === 1 && length >= LOOP_BELOW) memory.set(source.subarray(from, from + length), to);
    else for (let index = 0; index < length; index++) memory[to + index] = source[from + index * stride]!;
  }
}

/** Copies dense rows of staging memory to (or, with `inward`, from) a host array. */
export function copyRows(
  memory: FloatArray,
  at: number,
  host: FloatArray,
  offset: number,
  rows: number,
  columns: number,
  hostRowStride: number,
  inward: boolean,
): void {
  const whole = columns === hostRowStride;
  const [runs, length] = whole ? [1, rows * columns] : [rows, columns];
  for (let run = 0; run < runs; run++) {
    const hostAt = offset + run * hostRowStride;
    const memoryAt = at + run * length;
    if (inward) memory.set(host.subarray(hostAt, hostAt + length), memoryAt);
    else host.set(memory.subarray(memoryAt, memoryAt + length), hostAt);
  }
}
