import { expect, it } from 'vitest';
import { tensor } from '@nadir/tensor';
import { allCloseMatchers, assertAllClose, differenceOf } from '@nadir/tensor/testing';

it('accepts what is within the bound of the dtype', () => {
  expect(differenceOf(tensor([1, NaN, Infinity]), tensor([1 + 1e-6, NaN, Infinity]))).toBeNull();
  expect(allCloseMatchers.toBeAllClose(tensor([1]), tensor([1])).pass).toBe(true);
});

it('prints the largest errors and the first bad index', () => {
  const text = differenceOf(
    tensor([
      [1, 2],
      [3, 4],
    ]),
    tensor([
      [1, 2],
      [3.5, 8],
    ]),
  );
  expect(text).toContain('2 of 4 elements differ');
  expect(text).toContain('largest absolute error 4, largest relative error 0.5');
  expect(text).toContain('first at [1, 0]: 3, expected 3.5');
});

it.each([
  [tensor([1]), tensor([NaN])],
  [tensor([Infinity]), tensor([-Infinity])],
  [tensor([1]), tensor([Infinity])],
  [tensor([1, 2]), tensor([1])],
  [tensor([1]), tensor([1], { dtype: 'float64' })],
])('refuses %s for %s', (actual, expected) => {
  expect(() => assertAllClose(actual, expected)).toThrow('assertAllClose()');
});
