import { exp2, expm1, log10, log1p, log2, logAddExp, ShapeError, tensor } from '@nadir/tensor';
import { expect, it } from 'vitest';
import * as operations from '../../src/ops/exponential.ts';
import { testAgainstTorch } from '../fixtures/mathematics.ts';

testAgainstTorch('exponential', operations);

it('powers of the base have whole logarithms in float32', () => {
  const exponents = Array.from({ length: 253 }, (_, i) => i - 126);
  expect(log2(tensor(exponents.map((n) => 2 ** n))).toArray()).toEqual(exponents);
  const tens = Array.from({ length: 38 }, (_, i) => i);
  expect(log10(tensor(tens.map((n) => Number(`1e${n}`)))).toArray()).toEqual(tens);
  expect(exp2(tensor(exponents)).toArray()).toEqual(exponents.map((n) => 2 ** n));
});

it('expm1 and log1p do not cancel near 0', () => {
  const tiny = tensor([1e-12, -1e-12], { dtype: 'float64' });
  expect(expm1(tiny).toArray()).toEqual([1e-12 + 5e-25, -1e-12 + 5e-25]);
  expect(log1p(tiny).toArray()).toEqual([1e-12 - 5e-25, -1e-12 - 5e-25]);
});

it('logAddExp adds nothing to what is 1e4 greater, and broadcasts', () => {
  expect(logAddExp(tensor([[1e4], [-1e4]]), tensor([0, 3e4])).toArray()).toEqual([
    [1e4, 3e4],
    [0, 3e4],
  ]);
  expect(() => logAddExp(tensor([1, 2]), tensor([1, 2, 3]))).toThrow(ShapeError);
});

it('integers become float32', () => {
  expect(exp2(tensor([3], { dtype: 'int32' })).dtype).toBe('float32');
  expect(logAddExp(tensor([3], { dtype: 'uint8' }), 1).dtype).toBe('float32');
});
