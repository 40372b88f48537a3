import type { FloatArray } from './gemm.ts';

/**
 * C (+)= A·B by three loops: every element summed in float64 in the order of k and rounded once. For products whose
 * arithmetic costs less than the way into WebAssembly.
 */
export function smallGemm(
  m: number,
  n: number,
  k: number,
  a: FloatArray,
  aOffset: number,
  aRowStride: number,
  aColumnStride: number,
  b: FloatArray,
  bOffset: number,
  bRowStride: number,
  bColumnStride: number,
  c: FloatArray,
  cOffset: number,
  accumulate: boolean,
): void {
  if (n === 1 && k === 1 && m > 1) {
    // A column times a number is a number times a row: the row's loop is the inner one.
    smallGemm(1, m, 1, b, bOffset, 0, 0, a, aOffset, 0, aRowStride, c, cOffset, accumulate);
    return;
  }
  let target = cOffset;
  for (let row = 0; row < m; row++) {
    const aRow = aOffset + row * aRowStride;
    if (k === 1) {
      // An outer product: a loop of one turn for each element would cost more than the multiplication, and so would the
      // question, for each element, whether to add.
      const left = a[aRow]!;
      let bAt = bOffset;
      if (accumulate) {
        for (let column = 0; column < n; column++, bAt += bColumnStride)
          c[target + column]! += left * b[bAt]!;
      } else {
        for (let column = 0; column < n; column++, bAt += bColumnStride) c[target + column] = left * b[bAt]!;
      }
      target += n;
      continue;
    }
    for (let column = 0; column < n; column++) {
      let aAt = aRow;
      let bAt = bOffset + column * bColumnStride;
      let sum = 0;
      for (let p = 0; p < k; p++) {
        sum += a[aAt]! * b[bAt]!;
        aAt += aColumnStride;
        bAt += bRowStride;
      }
      c[target] = accumulate ? c[target]! + sum : sum;
      target++;
    }
  }
}
