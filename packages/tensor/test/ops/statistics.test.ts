import {
  linspace,
  logSumExp,
  norm,
  ShapeError,
  std,
  tensor,
  ValueError,
  variance,
  zeros,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import * as operations from '../../src/ops/statistics.ts';
import { testAgainstTorch } from '../fixtures/mathematics.ts';

testAgainstTorch('statistics', operations);

const double = { dtype: 'float64' } as const;

describe('logSumExp', () => {
  it('of n equal numbers adds log n', () => {
    expect(logSumExp(zeros([8], double).add(1e4)).item()).toBeCloseTo(1e4 + Math.log(8), 10);
    expect(logSumExp(zeros([8], double).sub(1e4), 0, { keepDims: true }).shape).toEqual([1]);
  });
});

describe('variance', () => {
  it('does not cancel far from 0', () => {
    const x = linspace(0, 1, 101, double);
    const near = variance(x).item();
    expect(variance(x.add(1e6)).item()).toBeCloseTo(near, 9);
    // (n + 1)·n / 12 steps² over n = 100 degrees of freedom.
    expect(near).toBeCloseTo((101 * 102) / 12 / 1e4, 12);
  });

  it('takes integers, and names the operation called', () => {
    expect(variance(tensor([1, 2], { dtype: 'int32' })).item()).toBe(0.5);
    expect(() => variance(tensor([1, 2]), 1)).toThrow('variance(): axis out of range');
    expect(() => std(tensor([1, 2]), 1)).toThrow('std(): axis out of range');
  });
});

describe('norm', () => {
  it('of nothing is 0, and has no greatest magnitude', () => {
    for (const ord of [0, 0.5, 1, 2, 3]) expect(norm(zeros([0]), 0, { ord }).item()).toBe(0);
    expect(() => norm(zeros([0]), 0, { ord: Infinity })).toThrow(ShapeError);
    expect(() => norm(zeros([0]), 0, { ord: Infinity })).toThrow(/^norm\(\): /);
  });

  it('has an order above 0', () => {
    expect(() => norm(tensor([1]), 0, { ord: -2 })).toThrow(ValueError);
    expect(() => norm(tensor([1]), 0, { ord: NaN })).toThrow(
      'norm(): ord must be above 0, or 0, Infinity or -Infinity, got NaN.',
    );
  });

  it('takes integers', () => {
    expect(norm(tensor([3, 4], { dtype: 'int32' })).item()).toBe(5);
  });
});
