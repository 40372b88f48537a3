import { createGemm, type Gemm } from '@nadir/wasm';
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

// Compiled code and its memory, made by the first product: nothing of a result depends on it.
let gemm: Gemm | null = null;

/** c = a · b, or c += a · b when `accumulate`: dense at `offset` of `c`. All arrays hold floats of one dtype. */
export function multiplyFloats(
  size: ProductSize,
  a: MatrixBatch,
  b: MatrixBatch,
  c: TypedArray,
  offset: number,
  accumulate = false,
): void {
  gemm ??= createGemm();
  gemm.multiply({
    batch: size.batch,
    m: size.m,
    n: size.n,
    k: size.k,
    a: a.array as Float32Array,
    aOffset: a.offset,
    aRowStride: a.rowStride,
    aColumnStride: a.columnStride,
    aBatchStride: a.batchStride,
    b: b.array as Float32Array,
    bOffset: b.offset,
    bRowStride: b.rowStride,
    bColumnStride: b.columnStride,
    bBatchStride: b.batchStride,
    c: c as Float32Array,
    cOffset: offset,
    accumulate,
  });
}

/** c = a · b of integers that wrap, dense at `offset` of `c`. */
export function multiplyIntegers(
  { batch, m, n, k }: ProductSize,
  a: MatrixBatch,
  b: MatrixBatch,
  c: TypedArray,
  offset: number,
): void {
  const row = new Int32Array(n);
  let at = offset;
  for (let t = 0; t < batch; t++) {
    for (let i = 0; i < m; i++, at += n) {
      row.fill(0);
      let p = a.offset + t * a.batchStride + i * a.rowStride;
      for (let l = 0; l < k; l++, p += a.columnStride) {
        const factor = a.array[p]!;
        if (factor === 0) continue;
        let q = b.offset + t * b.batchStride + l * b.rowStride;
        for (let j = 0; j < n; j++, q += b.columnStride)
          row[j] = (row[j]! + Math.imul(factor, b.array[q]!)) | 0;
      }
      c.set(row, at);
    }
  }
}
