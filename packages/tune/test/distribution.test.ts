import {
  categorical,
  contains,
  DistributionError,
  float,
  formatDistribution,
  fromUnit,
  gridValues,
  int,
  isSingle,
  sameDistribution,
} from '@nadir/tune';
import type { Distribution } from '@nadir/tune';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { makeFloat, makeInt, toUnit, unitCell } from '../src/distribution.ts';
import { optunaFixture } from './optuna-fixture.ts';

const silent = (): void => {};

function declare(spec: (typeof optunaFixture.distributions)[number]): Distribution {
  const options = { log: spec.log, step: spec.step ?? undefined };
  return spec.type === 'float'
    ? makeFloat('float()', spec.low, spec.high, options, silent)
    : makeInt(
        'int()',
        spec.low,
        spec.high,
        { ...options, step: spec.log ? undefined : options.step },
        silent,
      );
}

describe(`distributions against Optuna ${optunaFixture.optuna}`, () => {
  it.each(optunaFixture.distributions.map((spec) => [formatDistribution(declare(spec)), spec] as const))(
    '%s',
    (_name, spec) => {
      const distribution = declare(spec);
      expect(distribution).toMatchObject({ low: spec.low, high: spec.adjustedHigh });
      for (const [index, unit] of optunaFixture.units.entries()) {
        const value = fromUnit(distribution, unit) as number;
        const expected = spec.values[index] as number;
        const tolerance = spec.type === 'int' ? 0 : 1e-14 * Math.max(1, Math.abs(expected));
        expect(Math.abs(value - expected)).toBeLessThanOrEqual(tolerance);
        expect(contains(distribution, value)).toBe(true);
      }
      for (const [value, expected] of spec.contains) {
        expect([value, contains(distribution, value)]).toEqual([value, expected]);
      }
    },
  );
});

describe('fromUnit', () => {
  it('stays in the range, whatever the unit', () => {
    const distributions = [
      float(-3, 5),
      float(1e-12, 1e3, { log: true }),
      float(0, 0.3, { step: 0.1 }),
      int(-5, 5),
      int(1, 4, { log: true }),
      int(0, 100, { step: 25 }),
      int(0, Number.MAX_SAFE_INTEGER),
      categorical(['a', 'b', null, true, 3]),
    ];
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (unit) => {
        for (const distribution of distributions) {
          expect(contains(distribution, fromUnit(distribution, unit))).toBe(true);
        }
      }),
    );
  });

  it('gives every whole number and every choice an equal share', () => {
    const units = Array.from({ length: 6000 }, (_, index) => (index + 0.5) / 6000);
    for (const distribution of [int(-1, 1), float(0, 1, { step: 0.5 }), categorical(['x', 'y', 'z'])]) {
      const counts = new Map<unknown, number>();
      for (const unit of units) {
        const value = fromUnit(distribution, unit);
        counts.set(value, (counts.get(value) ?? 0) + 1);
      }
      expect([...counts.values()]).toEqual([2000, 2000, 2000]);
    }
  });

  it('shares log-uniform whole numbers by the logarithm', () => {
    const units = Array.from({ length: 100_000 }, (_, index) => (index + 0.5) / 100_000);
    const ones = units.filter((unit) => fromUnit(int(1, 3, { log: true }), unit) === 1).length;
    expect(ones / units.length).toBeCloseTo(Math.log(1.5 / 0.5) / Math.log(3.5 / 0.5), 4);
  });

  it('reads grid values as decimals', () => {
    expect(fromUnit(float(0, 1, { step: 0.1 }), 0.3)).toBe(0.3);
  });
});

describe('declarations', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('refuse contradictions, and name the values', () => {
    const refuse = (declare: () => unknown, message: string): void => {
      expect(declare).toThrow(DistributionError);
      expect(declare).toThrow(message);
    };
    refuse(() => float(2, 1), 'float(): low <= high, got low 2 and high 1.');
    refuse(() => float(0, 1, { log: true }), 'low > 0 when log is set, got low 0 and high 1');
    refuse(() => float(NaN, 1), 'finite numbers, got low NaN and high 1');
    refuse(() => float(0, Infinity), 'finite numbers, got low 0 and high Infinity');
    refuse(() => float(-1e308, 1e308), 'finite width');
    refuse(() => float(1, 2, { log: true, step: 1 }), 'either log or step');
    refuse(() => float(0, 1, { step: 0 }), 'step is a positive number, got 0');
    refuse(() => float(0, 1, { step: 1e-300 }), 'a number of steps that a double can count');
    refuse(() => int(0, 1, { log: true }), 'low >= 1 when log is set, got low 0 and high 1');
    refuse(() => int(0.5, 1), 'whole numbers, got low 0.5 and high 1');
    refuse(() => int(3, 1), 'low <= high, got low 3 and high 1');
    refuse(() => int(1, 9, { step: 1.5 }), 'step is a whole number >= 1, got 1.5');
    refuse(() => int(1, 9, { log: true, step: 2 }), 'either log or step');
    refuse(() => categorical([]), 'at least one choice, got []');
    refuse(() => categorical(['a', 'a']), 'choices that differ, got ["a", "a"]');
    refuse(() => categorical([NaN]), 'got NaN');
    refuse(() => categorical([{} as never]), 'got {}');
  });

  it('lower a high end that the step misses, and say so', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    expect(float(0, 1, { step: 0.3 }).high).toBe(0.9);
    expect(int(1, 10, { step: 4 }).high).toBe(9);
    expect(warn.mock.calls.flat()).toEqual([
      'float(): [0, 1] is not a multiple of step 0.3, so the range becomes [0, 0.9]. Give high 0.9 to say so.',
      'int(): [1, 10] is not a multiple of step 4, so the range becomes [1, 9]. Give high 9 to say so.',
    ]);
  });

  it('keep a high end that the step meets', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    expect(float(0, 0.3, { step: 0.1 }).high).toBe(0.3);
    expect(warn).not.toHaveBeenCalled();
  });

  it('compare field by field', () => {
    expect(sameDistribution(float(0, 1), float(0, 1))).toBe(true);
    expect(sameDistribution(float(0, 1), int(0, 1))).toBe(false);
    expect(sameDistribution(float(1, 2), float(1, 2, { log: true }))).toBe(false);
    expect(sameDistribution(categorical(['a']), categorical(['a', 'b']))).toBe(false);
    expect(sameDistribution(categorical(['a']), float(0, 1))).toBe(false);
  });

  it('know a single value', () => {
    expect([isSingle(int(3, 3)), isSingle(float(0, 1)), isSingle(categorical(['only']))]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('format as one would declare them', () => {
    expect(formatDistribution(float(1e-4, 1, { log: true }))).toBe('float(0.0001, 1, log)');
    expect(formatDistribution(int(0, 8, { step: 2 }))).toBe('int(0, 8, step 2)');
    expect(formatDistribution(categorical(['a', null, 1]))).toBe('categorical(["a", null, 1])');
  });
});

describe('toUnit', () => {
  const ranges = [
    float(-2, 6),
    float(1e-5, 10, { log: true }),
    float(0, 1, { step: 0.1 }),
    int(3, 90),
    int(4, 64, { step: 4 }),
    int(1, 2000, { log: true }),
  ] as const;

  it('is the inverse of fromUnit', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ranges), fc.double({ min: 0, max: 1, noNaN: true }), (range, unit) => {
        const value = fromUnit(range, unit) as number;
        const { from, to } = unitCell(range, value);
        expect(unit).toBeGreaterThanOrEqual(from - 1e-12);
        expect(unit).toBeLessThanOrEqual(to + 1e-12);
        expect(fromUnit(range, toUnit(range, value))).toBeCloseTo(value, 10);
      }),
    );
  });

  it('leaves no gap between the cells of whole numbers', () => {
    const range = int(1, 5, { log: true });
    const cells = [1, 2, 3, 4, 5].map((value) => unitCell(range, value));
    expect(cells[0]!.from).toBeCloseTo(0, 12);
    expect(cells[4]!.to).toBeCloseTo(1, 12);
    for (let i = 1; i < 5; i++) expect(cells[i]!.from).toBeCloseTo(cells[i - 1]!.to, 12);
  });

  it('takes what is out of range as the nearest end', () => {
    expect([toUnit(float(0, 1), -5), toUnit(float(0, 1), 7), toUnit(float(2, 2), 2)]).toEqual([0, 1, 0.5]);
  });
});

describe('gridValues', () => {
  it('lists all values of a grid', () => {
    expect(gridValues(float(0, 0.3, { step: 0.1 }))).toEqual([0, 0.1, 0.2, 0.3]);
    expect(gridValues(int(1, 4))).toEqual([1, 2, 3, 4]);
    expect(gridValues(categorical(['b', 'a']))).toEqual(['b', 'a']);
    expect(gridValues(float(0, 1))).toBeUndefined();
    expect(gridValues(float(2, 2))).toEqual([2]);
  });

  it('takes points evenly', () => {
    expect(gridValues(float(1e-4, 1, { log: true }), 5)).toEqual([1e-4, 1e-3, 1e-2, 1e-1, 1]);
    expect(gridValues(float(0, 1), 3)).toEqual([0, 0.5, 1]);
    expect(gridValues(int(8, 512, { log: true }), 4)).toEqual([8, 32, 128, 512]);
    expect(gridValues(int(1, 100), 3)).toEqual([1, 51, 100]);
    expect(gridValues(int(1, 3), 10)).toEqual([1, 2, 3]);
    expect(gridValues(float(0, 1), 1)).toEqual([0.5]);
    expect(gridValues(float(0.01, 1, { log: true }), 1)).toEqual([expect.closeTo(0.1)]);
  });

  it('proposes only what the distribution contains', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 0, max: 1000 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 20 }),
        (low, width, log, points) => {
          for (const distribution of [int(low, low + width, { log }), float(low, low + width, { log })]) {
            const values = gridValues(distribution, points) as readonly number[];
            expect(values.every((value) => contains(distribution, value))).toBe(true);
            expect(values.length).toBeLessThanOrEqual(points);
            expect(new Set(values).size).toBe(values.length);
          }
        },
      ),
    );
  });
});
