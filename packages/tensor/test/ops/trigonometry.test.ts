import { acos, asin, atan2, cosh, linspace, ShapeError, sinh, tan, tensor, type Tensor } from '@nadir/tensor';
import { expect, it } from 'vitest';
import * as operations from '../../src/ops/trigonometry.ts';
import { testAgainstTorch } from '../fixtures/mathematics.ts';

testAgainstTorch('trigonometry', operations);

/** The largest relative error of `f`, in units of 2^−24, against Math in float64 on the same float32 arguments. */
function worstUlps(
  f: (x: Tensor) => Tensor,
  exact: (x: number) => number,
  low: number,
  high: number,
): number {
  const x = linspace(low, high, 2001);
  const actual = f(x).data;
  const errors = Array.from(x.data, (value, i) => {
    const expected = exact(value);
    return expected === 0 ? Math.abs(actual[i]!) : Math.abs(actual[i]! / expected - 1);
  });
  return Math.max(...errors) * 2 ** 24;
}

it('compositions stay within a few units of the last place in float32', () => {
  expect(worstUlps(sinh, Math.sinh, -1e-3, 1e-3)).toBeLessThan(4);
  expect(worstUlps(sinh, Math.sinh, -89, 89)).toBeLessThan(6);
  expect(worstUlps(cosh, Math.cosh, -89, 89)).toBeLessThan(6);
  expect(worstUlps(asin, Math.asin, -1, 1)).toBeLessThan(4);
  expect(worstUlps(acos, Math.acos, 0.9, 1)).toBeLessThan(4);
  expect(worstUlps(tan, Math.tan, -1.5, 1.5)).toBeLessThan(4);
});

it('sinh and cosh reach as far as float32', () => {
  const largest = tensor([89.4]);
  expect(sinh(largest).item()).toBeCloseTo(Math.fround(Math.sinh(Math.fround(89.4))), -34);
  expect(cosh(largest).isFinite().item()).toBe(1);
  expect(sinh(tensor([-90])).item()).toBe(-Infinity);
});

it('atan2 broadcasts and names itself', () => {
  expect(atan2(tensor([[0], [1]], { dtype: 'int32' }), tensor([1, 1], { dtype: 'int32' })).shape).toEqual([
    2, 2,
  ]);
  expect(() => atan2(tensor([1, 2]), tensor([1, 2, 3]))).toThrow(ShapeError);
});
