import { describe, expect, it } from 'vitest';
import { apply } from '../../src/dispatch.ts';
import { fresh } from '../../src/eager/layout.ts';
import { casesOf, expectEqual, pattern, strided, torchVersion } from '../fixtures/contractions.ts';

describe(`argSort, against torch ${torchVersion}`, () => {
  it.each(casesOf('argSort'))('$name', ({ inputs, args, results }) => {
    const [x] = inputs as [(typeof inputs)[0]];
    const [axis, descending] = args as [number, boolean];
    const n = x.shape[axis]!;
    const whole = results[0]!;
    expectEqual(apply('argSort', [x], { axis, descending, count: n }), whole);
    expectEqual(apply('argSort', [strided(x)], { axis, descending, count: n }), whole);
    for (const count of [0, 1, 2, 3, 5, 8, n - 1]) {
      const starts = x.shape.map(() => 0);
      const stops = x.shape.map((size, i) => (i === axis ? count : size));
      const first = apply('slice', [whole], { starts, stops, steps: x.shape.map(() => 1) });
      expectEqual(apply('argSort', [x], { axis, descending, count }), first);
    }
  });
});

describe('argSort', () => {
  it('orders ±0 as equals, and ±∞ before and after all numbers', () => {
    const sorted = (
      values: readonly number[],
      descending: boolean,
      type: 'float32' | 'float64',
    ): number[] => {
      const array = type === 'float32' ? Float32Array.from(values) : Float64Array.from(values);
      const x = fresh(array, [values.length], type);
      return [...apply('argSort', [x], { axis: 0, descending, count: values.length }).data];
    };
    const tail = Array.from({ length: 60 }, (_, i) => i + 1);
    for (const type of ['float32', 'float64'] as const) {
      // Short lines go by insertion, long ones by digits.
      for (const rest of [[], tail]) {
        const values = [0, -0, Infinity, -Infinity, NaN, -1, ...rest];
        const places = rest.map((_, i) => i + 6);
        expect(sorted(values, false, type)).toEqual([3, 5, 0, 1, ...places, 2, 4]);
        expect(sorted(values, true, type)).toEqual([4, 2, ...places.reverse(), 0, 1, 5, 3]);
      }
    }
  });

  it('orders the ends of int32 in both directions', () => {
    for (const length of [3, 100]) {
      const values = new Int32Array(length);
      values[0] = 2 ** 31 - 1;
      values[1] = -(2 ** 31);
      const x = fresh(values, [length], 'int32');
      const ascending = apply('argSort', [x], { axis: 0, descending: false, count: length }).data;
      const descending = apply('argSort', [x], { axis: 0, descending: true, count: length }).data;
      expect([ascending[0], ascending.at(-1)]).toEqual([1, 0]);
      expect([descending[0], descending.at(-1)]).toEqual([0, 1]);
    }
  });

  it('orders large lines by value, all and in part', () => {
    const x = fresh(
      Float64Array.from({ length: 5000 }, (_, i) => Math.sin(i * i) * 10 ** (i % 40)),
      [5000],
      'float64',
    );
    const values = x.data;
    const all = [...apply('argSort', [x], { axis: 0, descending: false, count: 5000 }).data];
    expect(all).toEqual(Array.from({ length: 5000 }, (_, i) => i).sort((a, b) => values[a]! - values[b]!));
    const some = [...apply('argSort', [x], { axis: 0, descending: true, count: 100 }).data];
    expect(some).toEqual(all.toReversed().slice(0, 100));
  });

  it('takes empty lines and none', () => {
    expect(apply('argSort', [pattern([2, 0])], { axis: 1, descending: false, count: 0 }).shape).toEqual([
      2, 0,
    ]);
    expect(apply('argSort', [pattern([0, 3])], { axis: 1, descending: false, count: 3 }).shape).toEqual([
      0, 3,
    ]);
  });
});

describe(`cumSum, against torch ${torchVersion}`, () => {
  it.each(casesOf('cumSum'))('$name', ({ inputs, args, results }) => {
    const axis = args[0] as number;
    for (const x of [inputs[0]!, strided(inputs[0]!)]) {
      expectEqual(apply('cumSum', [x], { axis, reverse: false }), results[0]!);
      expectEqual(apply('cumSum', [x], { axis, reverse: true }), results[1]!);
    }
  });

  it('wraps int32 and does not drift in float32', () => {
    const big = fresh(new Int32Array(3).fill(2 ** 30), [3], 'int32');
    expect([...apply('cumSum', [big], { axis: 0, reverse: false }).data]).toEqual([
      2 ** 30,
      -(2 ** 31),
      -(2 ** 30),
    ]);
    const tenths = fresh(new Float32Array(1e6).fill(0.1), [1e6], 'float32');
    const last = apply('cumSum', [tenths], { axis: 0, reverse: false }).data.at(-1)!;
    expect(Math.abs(last / 1e5 - 1)).toBeLessThan(1e-7);
  });

  it('of nothing is nothing', () => {
    expect(apply('cumSum', [pattern([2, 0])], { axis: 1, reverse: false }).shape).toEqual([2, 0]);
  });
});
