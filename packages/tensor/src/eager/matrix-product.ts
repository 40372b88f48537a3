import type { TypedArray } from '../dtype.ts';

/** A batch of matrices inside an array: element (b, i, j) lies at `offset + b · batchStride + i · rowStride + j · columnStride`. */
export interface MatrixBatch {
  readonly array: TypedArray;
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
  readonly batchStride: number;
}

/** Sizes of `batch` products of [m, k] by [k, n]. */
export interface ProductSize {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** c = a · b, or c += a · b when `accumulate`. The arrays of floats hold one dtype. */
export function multiplyFloats(
  { batch, m, n, k }: ProductSize,
  a: MatrixBatch,
  b: MatrixBatch,
  c: MatrixBatch,
  accumulate = false,
): void {
  for (let t = 0; t < batch; t++) {
    for (let i = 0; i < m; i++) {
      const aRow = a.offset + t * a.batchStride + i * a.rowStride;
      const cRow = c.offset + t * c.batchStride + i * c.rowStride;
      for (let j = 0; j < n; j++) {
        let sum = 0;
        let p = aRow;
        let q = b.offset + t * b.batchStride + j * b.columnStride;
        for (let l = 0; l < k; l++, p += a.columnStride, q += b.rowStride) sum += a.array[p]! * b.array[q]!;
        const at = cRow + j * c.columnStride;
        c.array[at] = accumulate ? c.array[at]! + sum : sum;
      }
    }
  }
}

/** c = a · b of integers that wrap. */
export function multiplyIntegers(
  { batch, m, n, k }: ProductSize,
  a: MatrixBatch,
  b: MatrixBatch,
  c: MatrixBatch,
): void {
  const row = new Int32Array(n);
  for (let t = 0; t < batch; t++) {
    for (let i = 0; i < m; i++) {
      row.fill(0);
      let p = a.offset + t * a.batchStride + i * a.rowStride;
      for (let l = 0; l < k; l++, p += a.columnStride) {
        const factor = a.array[p]!;
        if (factor === 0) continue;
        let q = b.offset + t * b.batchStride + l * b.rowStride;
        for (let j = 0; j < n; j++, q += b.columnStride)
          row[j] = (row[j]! + Math.imul(factor, b.array[q]!)) | 0;
      }
      const at = c.offset + t * c.batchStride + i * c.rowStride;
      for (let j = 0; j < n; j++) c.array[at + j * c.columnStride] = row[j]!;
    }
  }
}
