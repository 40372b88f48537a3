import { describe, expect, it } from 'vitest';
import { apply } from '../../src/dispatch.ts';
import type { DType } from '../../src/dtype.ts';
import { fresh } from '../../src/eager/layout.ts';
import type { ReductionName } from '../../src/primitives.ts';
import { reducedShape, sizeOf } from '../../src/shape.ts';
import type { Tensor } from '../../src/tensor.ts';
import { expectEqual, pattern, strided } from '../fixtures/contractions.ts';

/** Folds element by element, by multi-indices: the definition. */
function naive(x: Tensor, axes: readonly number[], fold: (a: number, b: number) => number): number[] {
  const shape = reducedShape(x.shape, axes);
  const totals = new Map<number, number>();
  const values = x.data;
  for (let i = 0; i < values.length; i++) {
    let to = 0;
    let rest = i;
    let step = 1;
    for (let axis = x.rank - 1; axis >= 0; axis--) {
      const index = rest % x.shape[axis]!;
      rest = Math.floor(rest / x.shape[axis]!);
      if (axes.includes(axis)) continue;
      to += index * step;
      step *= x.shape[axis]!;
    }
    totals.set(to, totals.has(to) ? fold(totals.get(to)!, values[i]!) : values[i]!);
  }
  return Array.from({ length: sizeOf(shape) }, (_, i) => totals.get(i)!);
}

const folds: Readonly<Record<ReductionName, (a: number, b: number) => number>> = {
  sum: (a, b) => a + b,
  prod: (a, b) => a * b,
  max: Math.max,
  min: Math.min,
};
const names = Object.keys(folds) as ReductionName[];
const layouts: readonly (readonly [shape: readonly number[], axes: readonly number[]])[] = [
  [[5], [0]],
  [[3, 4], [0]],
  [[3, 4], [1]],
  [[2, 3, 4], [1]],
  [
    [2, 3, 4],
    [0, 2],
  ],
  [
    [2, 3, 4],
    [0, 1, 2],
  ],
  [
    [2, 3, 2, 2],
    [0, 2, 3],
  ],
  [
    [2, 3, 2, 2],
    [1, 3],
  ],
  [[1, 4], [0]],
  [[4, 1], [1]],
  [[2, 3], []],
];

function transposed(x: Tensor): Tensor {
  return x.permute(x.shape.map((_, axis) => x.rank - 1 - axis));
}

describe.each(names)('%s', (name) => {
  it.each(layouts)('of %j over %j, in every layout', (shape, axes) => {
    for (const dtype of ['float32', 'float64', 'int32', 'uint8'] as const) {
      const plain = pattern(shape, 3, dtype);
      const fold = name === 'prod' && !dtype.startsWith('float') ? Math.imul : folds[name];
      const views = [plain, strided(plain), transposed(plain), plain.flip()];
      for (const x of views) {
        const along = x === views[2] ? axes.map((axis) => x.rank - 1 - axis).sort((a, b) => a - b) : axes;
        const actual = apply(name, [x], { axes: along });
        expect([...actual.data]).toEqual(naive(x, along, fold));
      }
    }
  });

  it('repeats what an expanded axis repeats', () => {
    const x = pattern([1, 3]).expand([4, 3]);
    expect([...apply(name, [x], { axes: [0] }).data]).toEqual(naive(x, [0], folds[name]));
    expect([...apply(name, [x], { axes: [1] }).data]).toEqual(naive(x, [1], folds[name]));
  });

  it('crosses the blocks of rows and columns', () => {
    const values = Float64Array.from({ length: 300 * 1100 }, (_, i) => (i % 3 === 0 ? -1 : 1));
    const x = fresh(values, [300, 1100], 'float64');
    for (const axes of [[0], [1], [0, 1]])
      expect([...apply(name, [x], { axes }).data]).toEqual(naive(x, axes, folds[name]));
  });

  it('propagates NaN', () => {
    const x = pattern([3, 4], 1, 'float32', [5]);
    expect([...apply(name, [x], { axes: [1] }).data].map(Number.isNaN)).toEqual([false, true, false]);
    expect([...apply(name, [x], { axes: [0] }).data].map(Number.isNaN)).toEqual([false, true, false, false]);
    expect(apply(name, [x], { axes: [0, 1] }).item()).toBeNaN();
  });
});

describe('sum', () => {
  it('of ten million tenths is within 1e-5', () => {
    const x = fresh(new Float32Array(1e7).fill(0.1), [1e7], 'float32');
    expect(Math.abs(apply('sum', [x], { axes: [0] }).item() / 1e6 - 1)).toBeLessThan(1e-7);
    const columns = x.reshape([5e6, 2]);
    for (const total of apply('sum', [columns], { axes: [0] }).data)
      expect(Math.abs(total / 5e5 - 1)).toBeLessThan(1e-7);
  });

  it('of float64 loses nothing that cancels', () => {
    const values = new Float64Array(100_000).fill(0.1);
    values[0] = 1e16;
    values[99_999] = -1e16;
    const rows = apply('sum', [fresh(values, [100_000], 'float64')], { axes: [0] }).item();
    const columns = apply('sum', [fresh(values, [100_000, 1], 'float64').expand([100_000, 2])], {
      axes: [0],
    });
    // The blocks of the two large numbers round; all other blocks are joined without loss.
    expect(Math.abs(rows - 9999.8)).toBeLessThan(64);
    expect(Math.abs(columns.data[0]! - 9999.8)).toBeLessThan(64);
  });

  it('keeps infinities, and makes NaN of opposite ones', () => {
    const of = (...values: number[]): number =>
      apply('sum', [fresh(Float32Array.from(values), [values.length], 'float32')], { axes: [0] }).item();
    expect(of(1, Infinity, 2)).toBe(Infinity);
    expect(of(-Infinity, 5)).toBe(-Infinity);
    expect(of(Infinity, -Infinity)).toBeNaN();
    const long = new Float64Array(1000);
    long[10] = Infinity;
    expect(apply('sum', [fresh(long, [1000], 'float64')], { axes: [0] }).item()).toBe(Infinity);
    expect(apply('sum', [fresh(long, [1000, 1], 'float64').expand([1000, 2])], { axes: [0] }).data[1]).toBe(
      Infinity,
    );
  });

  it('wraps int32 and counts bool and uint8 in it', () => {
    const big = fresh(new Int32Array(3).fill(2 ** 30), [3], 'int32');
    expect(apply('sum', [big], { axes: [0] }).item()).toBe(3 * 2 ** 30 - 2 ** 32);
    expect(apply('prod', [big], { axes: [0] }).item()).toBe(0);
    const factors = fresh(Int32Array.of(65_537, 65_537), [2], 'int32');
    expect(apply('prod', [factors], { axes: [0] }).item()).toBe(Math.imul(65_537, 65_537));
    const bytes = fresh(new Uint8Array(600).fill(255), [300, 2], 'uint8');
    expect([...apply('sum', [bytes], { axes: [0] }).data]).toEqual([76_500, 76_500]);
    expect(apply('sum', [fresh(new Uint8Array(5).fill(1), [5], 'bool')], { axes: [0] }).dtype).toBe('int32');
  });

  it('of nothing is 0, and the product 1', () => {
    const empty = fresh(new Float32Array(0), [2, 0], 'float32');
    expect([...apply('sum', [empty], { axes: [1] }).data]).toEqual([0, 0]);
    expect([...apply('prod', [empty], { axes: [1] }).data]).toEqual([1, 1]);
    expect(apply('sum', [empty], { axes: [0] }).shape).toEqual([0]);
  });
});

describe('max and min', () => {
  it.each(['int32', 'uint8', 'float32', 'float64', 'bool'] as DType[])(
    'start from the ends of %s',
    (dtype) => {
      const ends = { int32: [-(2 ** 31), 2 ** 31 - 1], uint8: [0, 255], bool: [0, 1] } as const;
      const [low, high] = dtype in ends ? ends[dtype as keyof typeof ends] : [-Infinity, Infinity];
      const lowest = pattern([4, 2], 1, dtype);
      lowest.storage.write().fill(low);
      const highest = pattern([4, 2], 1, dtype);
      highest.storage.write().fill(high);
      for (const axes of [[0], [1]]) {
        for (const value of apply('max', [lowest], { axes }).data) expect(value).toBe(low);
        for (const value of apply('min', [highest], { axes }).data) expect(value).toBe(high);
      }
    },
  );
});

describe('argMax and argMin', () => {
  const of = (values: number[], shape: number[], axis: number): number[][] => {
    const x = fresh(Float32Array.from(values), shape, 'float32');
    return [x, strided(x)].flatMap((view) =>
      (['argMax', 'argMin'] as const).map((name) => Array.from(apply(name, [view], { axis }).data)),
    );
  };

  it('give the first of equals', () => {
    expect(of([1, 3, 3, 1], [4], 0)).toEqual([[1], [0], [1], [0]]);
    expect(of([1, 3, 3, 1, 3, 1], [3, 2], 0)).toEqual([
      [1, 0],
      [0, 1],
      [1, 0],
      [0, 1],
    ]);
    expect(of([1, 3, 3, 1, 3, 1], [2, 3], 1)).toEqual([
      [1, 1],
      [0, 0],
      [1, 1],
      [0, 0],
    ]);
  });

  it('take NaN for both, the first of several', () => {
    expect(of([1, NaN, 9, NaN], [4], 0)).toEqual([[1], [1], [1], [1]]);
    expect(of([1, NaN, NaN, 9, NaN, 9], [3, 2], 0)).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
      [1, 0],
    ]);
  });

  it('give 0 where all are the worst', () => {
    expect(of([-Infinity, -Infinity], [2], 0)[0]).toEqual([0]);
    expect(of([Infinity, Infinity, Infinity, Infinity], [2, 2], 0)[1]).toEqual([0, 0]);
  });

  it('agree across layouts and dtypes', () => {
    for (const dtype of ['float64', 'int32', 'uint8'] as const) {
      const x = pattern([4, 5, 3], 2, dtype);
      for (const axis of [0, 1, 2]) {
        const moved = transposed(x);
        const plain = apply('argMax', [x], { axis });
        expectEqual(transposed(apply('argMax', [moved], { axis: 2 - axis })), plain);
        const lines = x.moveAxis(axis, -1).reshape([-1, x.shape[axis]!]).toArray() as number[][];
        expect([...plain.data]).toEqual(lines.map((line) => line.indexOf(Math.max(...line))));
      }
    }
  });
});
