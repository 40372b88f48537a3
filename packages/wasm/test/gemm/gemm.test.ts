import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGemm, type FloatArray, type GemmOptions } from '../../src/index.ts';
import { stagedBlocks } from '../../src/gemm/gemm.ts';

interface FloatArrayConstructor {
  readonly name: string;
  new (length: number): FloatArray;
  from(shape: { readonly length: number }, fill: (value: unknown, index: number) => number): FloatArray;
}

const gemm = createGemm();
const FLOATS: readonly FloatArrayConstructor[] = [Float32Array, Float64Array];
const UNIT = { Float32Array: 2 ** -24, Float64Array: 2 ** -53 } as const;

function random(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d);
    state ^= state >>> 12;
    return (state >>> 0) / 2 ** 31 - 1;
  };
}

/** A strided matrix (or a batch) somewhere in a larger array. */
interface Strided<T extends FloatArray> {
  readonly array: T;
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
  readonly batchStride: number;
}
const LAYOUTS = [
  'rows',
  'columns',
  'padded rows',
  'padded columns',
  'every second',
  'reversed',
  'one row',
  'one column',
  'one element',
] as const;
type Layout = (typeof LAYOUTS)[number];

function strided<T extends FloatArray>(
  Float: FloatArrayConstructor,
  rows: number,
  columns: number,
  layout: Layout,
  batch: number,
  next: () => number,
): Strided<T> {
  const strides: Readonly<Record<Layout, readonly [number, number]>> = {
    rows: [columns, 1],
    columns: [1, rows],
    'padded rows': [columns + 3, 1],
    'padded columns': [1, rows + 5],
    'every second': [2 * columns, 2],
    reversed: [-columns, -1],
    'one row': [0, 1],
    'one column': [1, 0],
    'one element': [0, 0],
  };
  const [rowStride, columnStride] = strides[layout];
  const span =
    Math.abs(rowStride) * Math.max(rows - 1, 0) + Math.abs(columnStride) * Math.max(columns - 1, 0) + 1;
  const array = Float.from({ length: 2 + batch * span + 2 }, next) as T;
  const offset = 2 + (layout === 'reversed' ? span - 1 : 0);
  return { array, offset, rowStride, columnStride, batchStride: span };
}

function options<T extends FloatArray>(
  [m, n, k, batch]: readonly [number, number, number, number],
  a: Strided<T>,
  b: Strided<T>,
  c: T,
  cOffset = 0,
): GemmOptions<T> {
  return {
    m,
    n,
    k,
    batch,
    c,
    cOffset,
    a: a.array,
    aOffset: a.offset,
    aRowStride: a.rowStride,
    aColumnStride: a.columnStride,
    b: b.array,
    bOffset: b.offset,
    bRowStride: b.rowStride,
    bColumnStride: b.columnStride,
    aBatchStride: a.batchStride,
    bBatchStride: b.batchStride,
  };
}

/** The largest error in units of the documented bound, against a float64 triple loop. */
function worstError(o: GemmOptions, before?: FloatArray): number {
  const unit = UNIT[o.c.constructor.name as keyof typeof UNIT];
  const bound = (Math.min(o.k, 256) + Math.ceil(o.k / 256) + 1) * unit;
  let worst = 0;
  for (let item = 0; item < (o.batch ?? 1); item++) {
    for (let i = 0; i < o.m; i++) {
      for (let j = 0; j < o.n; j++) {
        const at = o.cOffset + (item * o.m + i) * o.n + j;
        let [sum, size] = [before?.[at] ?? 0, Math.abs(before?.[at] ?? 0)];
        for (let p = 0; p < o.k; p++) {
          const x = o.a[o.aOffset + item * (o.aBatchStride ?? 0) + i * o.aRowStride + p * o.aColumnStride]!;
          const y = o.b[o.bOffset + item * (o.bBatchStride ?? 0) + p * o.bRowStride + j * o.bColumnStride]!;
          sum += x * y;
          size += Math.abs(x * y);
        }
        const error = Math.abs(o.c[at]! - sum);
        // The reference in float64 has an error of its own.
        worst = Math.max(worst, error === 0 ? 0 : error / (size * (bound + 2 ** -53 * o.k)));
      }
    }
  }
  return worst;
}

const side = fc.oneof(
  fc.integer({ min: 0, max: 20 }),
  fc.constantFrom(1, 5, 6, 7, 11, 12, 13, 15, 16, 17, 31, 32, 33, 48, 65, 95, 96, 97, 100),
);
const depth = fc.oneof(side, fc.constantFrom(255, 256, 257, 513));

describe.each(FLOATS.map((Float) => [Float.name, Float] as const))('%s', (_name, Float) => {
  it('stays within the documented bound for any shapes, strides and batches', () => {
    const layout = fc.constantFrom(...LAYOUTS);
    fc.assert(
      fc.property(
        fc.tuple(side, side, depth, fc.integer({ min: 0, max: 3 })),
        layout,
        layout,
        fc.integer(),
        fc.boolean(),
        ([m, n, k, batch], aLayout, bLayout, seed, accumulate) => {
          const next = random(seed);
          const a = strided<FloatArray>(Float, m, k, aLayout, batch, next);
          const b = strided<FloatArray>(Float, k, n, bLayout, batch, next);
          const c = Float.from({ length: batch * m * n + 3 }, next);
          const before = c.slice();
          const call = { ...options([m, n, k, batch], a, b, c, 1), accumulate };
          gemm.multiply(call);
          expect(worstError(call, accumulate ? before : undefined)).toBeLessThanOrEqual(1);
          // Nothing outside of C is touched.
          expect([c[0], ...c.slice(-2)]).toEqual([before[0], ...before.slice(-2)]);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('shares A or B over a batch, folded or not', () => {
    const next = random(7);
    for (const [aBatchStride, bBatchStride] of [
      [0, 0],
      [17 * 19, 0],
      [0, 19 * 23],
      [17 * 19 + 1, 0],
    ] as const) {
      const a = Float.from({ length: 4 * (17 * 19 + 1) }, next) as FloatArray;
      const b = Float.from({ length: 4 * 19 * 23 }, next) as FloatArray;
      const c = new Float(4 * 17 * 23) as FloatArray;
      const call: GemmOptions = {
        m: 17,
        n: 23,
        k: 19,
        batch: 4,
        aBatchStride,
        bBatchStride,
        c,
        cOffset: 0,
        a,
        aOffset: 0,
        aRowStride: 19,
        aColumnStride: 1,
        b,
        bOffset: 0,
        bRowStride: 23,
        bColumnStride: 1,
      };
      gemm.multiply(call);
      expect(worstError(call)).toBeLessThanOrEqual(1);
    }
  });

  it('carries NaN and Infinity to exactly the elements that they reach', () => {
    for (const size of [3, 40]) {
      const a = new Float(size * size).fill(1) as FloatArray;
      const b = new Float(size * size).fill(1) as FloatArray;
      const c = new Float(size * size) as FloatArray;
      a[1 * size + 2] = NaN;
      b[1] = Infinity;
      a[0] = 0;
      const dense = { offset: 0, rowStride: size, columnStride: 1, batchStride: 0 };
      gemm.multiply(options([size, size, size, 1], { ...dense, array: a }, { ...dense, array: b }, c));
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) {
          // Row 1 meets the NaN of A; column 1 the infinity of B, which row 0 multiplies by zero.
          const finite = i === 0 ? size - 1 : size;
          const want = i === 1 ? NaN : j === 1 ? (i === 0 ? NaN : Infinity) : finite;
          expect(c[i * size + j]).toBe(want);
        }
      }
    }
  });

  it('sums a zero depth to zero, or leaves C where it adds', () => {
    const empty = {
      array: new Float(0) as FloatArray,
      offset: 0,
      rowStride: 0,
      columnStride: 1,
      batchStride: 0,
    };
    const c = new Float(6).fill(5) as FloatArray;
    gemm.multiply({ ...options([2, 2, 0, 1], empty, empty, c, 1), accumulate: true });
    expect([...c]).toEqual([5, 5, 5, 5, 5, 5]);
    gemm.multiply(options([2, 2, 0, 1], empty, empty, c, 1));
    expect([...c]).toEqual([5, 0, 0, 0, 0, 5]);
  });
});

describe('determinism', () => {
  it('gives a row the same bits in any taller or wider product, from k alone', () => {
    const next = random(3);
    const [m, n, k] = [101, 77, 600];
    const a = Float32Array.from({ length: m * k }, next);
    const b = Float32Array.from({ length: k * n }, next);
    const multiply = (rows: number, columns: number): Float32Array => {
      const c = new Float32Array(rows * columns);
      gemm.multiply({
        m: rows,
        n: columns,
        k,
        c,
        cOffset: 0,
        a,
        aOffset: 0,
        aRowStride: k,
        aColumnStride: 1,
        b,
        bOffset: 0,
        bRowStride: n,
        bColumnStride: 1,
      });
      return c;
    };
    const whole = multiply(m, n);
    for (const [rows, columns] of [
      [1, 77],
      [6, 8],
      [7, 9],
      [96, 3],
      [101, 76],
      [50, 41],
    ] as const) {
      const part = multiply(rows, columns);
      const expected = Float32Array.from(
        part,
        (_, at) => whole[Math.floor(at / columns) * n + (at % columns)]!,
      );
      expect(part).toEqual(expected);
    }
  });

  it('gives the same bits when the operands are staged in several blocks', () => {
    // All of k, m and n above the staged sides in turn: compare with products of the parts.
    const next = random(5);
    for (const [m, n, k] of [
      [1100, 3, 1030],
      [3, 2100, 1030],
      [5, 7, 300_000],
    ] as const) {
      const a = Float32Array.from({ length: m * k }, next);
      const b = Float32Array.from({ length: k * n }, next);
      const c = new Float32Array(m * n);
      const bits = {
        k,
        b,
        bOffset: 0,
        bRowStride: n,
        bColumnStride: 1,
        a,
        aRowStride: k,
        aColumnStride: 1,
        cOffset: 0,
      };
      gemm.multiply({ ...bits, m, n, c, aOffset: 0 });
      const row = new Float32Array(n);
      for (const i of [0, m - 1]) {
        gemm.multiply({ ...bits, m: 1, n, c: row, aOffset: i * k });
        expect(c.slice(i * n, (i + 1) * n)).toEqual(row);
      }
    }
  });

  it('bounds what is staged', () => {
    for (const [m, n, k] of [
      [1e6, 1e6, 1e6],
      [1, 1, 1e9],
      [1e9, 1, 1],
      [1, 1e9, 1],
      [3000, 10, 3000],
      [1024, 1025, 1],
    ] as const) {
      const { mBlock, nBlock, kBlock } = stagedBlocks(m, n, k);
      for (const [whole, block] of [
        [m, mBlock],
        [n, nBlock],
        [k, kBlock],
      ] as const) {
        expect(block).toBeGreaterThan(0);
        expect(block).toBeLessThanOrEqual(whole);
      }
      expect(kBlock === k || kBlock % 256 === 0).toBe(true);
      expect(Math.max(mBlock * kBlock, kBlock * nBlock, mBlock * nBlock)).toBeLessThanOrEqual(2 ** 20);
    }
  });
});

describe('misuse', () => {
  const ok = {
    m: 2,
    n: 2,
    k: 2,
    c: new Float32Array(4),
    cOffset: 0,
    a: new Float32Array(4),
    aOffset: 0,
    aRowStride: 2,
    aColumnStride: 1,
    b: new Float32Array(4),
    bOffset: 0,
    bRowStride: 2,
    bColumnStride: 1,
  };
  it('is named', () => {
    const integers = new Int32Array(4) as unknown as Float32Array;
    expect(() => gemm.multiply({ ...ok, a: integers, b: integers, c: integers })).toThrow(
      'got Int32Array, Int32Array',
    );
    expect(() => gemm.multiply({ ...ok, m: -1 })).toThrow(
      'multiply(): sizes must be non-negative integers, got m -1',
    );
    expect(() => gemm.multiply({ ...ok, k: 1.5 })).toThrow('k 1.5');
    expect(() => gemm.multiply({ ...ok, cOffset: 1 })).toThrow(
      'multiply(): C needs [1, 5) of its array, got 4 elements.',
    );
    expect(() => gemm.multiply({ ...ok, aRowStride: 3 })).toThrow(
      'multiply(): A reaches [0, 4] of its array, got 4 elements.',
    );
    expect(() => gemm.multiply({ ...ok, bColumnStride: -1 })).toThrow('multiply(): B reaches [-1, 2]');
    expect(() => gemm.multiply<FloatArray>({ ...ok, b: new Float64Array(4) })).toThrow(
      'A, B and C must be of one float type, got Float32Array, Float64Array, Float32Array.',
    );
  });
});
