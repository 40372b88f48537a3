import { bitwiseAnd, bitwiseNot, DTypeError, shiftLeft, shiftRight, tensor } from '@nadir/tensor';
import { expect, it } from 'vitest';
import * as operations from '../../src/ops/bitwise.ts';
import { testAgainstTorch } from '../fixtures/mathematics.ts';

testAgainstTorch('bitwise', operations);

it('floats have no bits, and bool no shifts', () => {
  expect(() => bitwiseAnd(tensor([1]), tensor([2]))).toThrow(DTypeError);
  expect(() => bitwiseNot(tensor([1]))).toThrow('bitwiseNot(): needs integers or bool, got float32 [1].');
  expect(() => shiftLeft(tensor([true]), tensor([true]))).toThrow(
    'shiftLeft(): needs int32 or uint8, got bool [1].',
  );
});

it('a right shift halves and rounds down', () => {
  const x = tensor([-(2 ** 31), -7, -1, 7, 2 ** 31 - 1], { dtype: 'int32' });
  expect(shiftRight(x, 1).equal(x.floorDivide(2))).toBe(true);
});
