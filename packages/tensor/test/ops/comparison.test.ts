import {
  allClose,
  DTypeError,
  equal,
  ge,
  gt,
  isClose,
  maskedFill,
  ne,
  ProgramError,
  record,
  ShapeError,
  tensor,
  where,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import * as operations from '../../src/ops/comparison.ts';
import { testAgainstTorch } from '../fixtures/mathematics.ts';

testAgainstTorch('comparison', operations);

const int = { dtype: 'int32' } as const;

describe('comparisons', () => {
  it('name themselves, with the shapes in the order of the call', () => {
    expect(() => gt(tensor([1, 2]), tensor([1, 2, 3]))).toThrow(
      'gt(): shapes must broadcast, got [2] and [3].',
    );
    expect(() => ne(tensor([1, 2]), tensor([1, 2, 3]))).toThrow(ShapeError);
  });

  it('promote before they compare', () => {
    expect(ge(tensor([1, 2], int), 1.5).toArray()).toEqual([false, true]);
    expect(tensor([true, false]).eq(1).toArray()).toEqual([true, false]);
  });
});

describe('where', () => {
  it('broadcasts all three', () => {
    const condition = tensor([[true], [false]]);
    expect(where(condition, tensor([1, 2]), tensor([[[5]]])).toArray()).toEqual([
      [
        [1, 2],
        [5, 5],
      ],
    ]);
  });

  it('of plain values is float32, of booleans bool', () => {
    const condition = tensor([true, false]);
    expect(where(condition, 1, 0).dtype).toBe('float32');
    expect(where(condition, true, false).toArray()).toEqual([true, false]);
    expect(where(condition, tensor([1, 2], int), 0).dtype).toBe('int32');
  });

  it('wants a bool condition', () => {
    expect(() => where(tensor([1, 0]), 1, 0)).toThrow(DTypeError);
    expect(() => maskedFill(tensor([1, 0]), tensor([1, 0]), 0)).toThrow(
      'maskedFill(): the condition must be bool',
    );
  });
});

describe('maskedFill', () => {
  it('keeps the dtype, and rejects what it cannot hold', () => {
    const mask = tensor([true, false]);
    const wide = tensor(-1, { dtype: 'float64' });
    expect(maskedFill(tensor([1, 2]), mask, wide).dtype).toBe('float32');
    expect(maskedFill(tensor([1, 2], int), mask, true).toArray()).toEqual([1, 2]);
    expect(() => maskedFill(tensor([1, 2], int), mask, -Infinity)).toThrow(
      "maskedFill(): the value must fit the tensor's dtype, got int32 [2] and -Infinity. Cast the tensor to float32 first.",
    );
  });
});

describe('closeness', () => {
  it('of integers is exact beyond float32', () => {
    expect(isClose(tensor([2 ** 30], int), 2 ** 30 + 1, { rtol: 0, atol: 0.5 }).toArray()).toEqual([false]);
  });

  it('counts relative to the second operand', () => {
    expect(allClose(tensor([1]), tensor([2]), { rtol: 0.5, atol: 0 })).toBe(true);
    expect(allClose(tensor([2]), tensor([1]), { rtol: 0.5, atol: 0 })).toBe(false);
  });

  it('of nothing holds', () => {
    expect(allClose(tensor([]), 1)).toBe(true);
    expect(equal(tensor([]), tensor([]))).toBe(true);
  });

  it('names the operation that was called', () => {
    expect(() => tensor([1, 2]).allClose(tensor([1, 2, 3]))).toThrow(/^allClose\(\): /);
    expect(() => tensor([1, 2]).isClose(tensor([1, 2, 3]))).toThrow(/^isClose\(\): /);
  });

  it('equal wants one shape', () => {
    expect(equal(tensor([1, 1]), tensor([[1, 1]]))).toBe(false);
    expect(equal(tensor([1, NaN]), tensor([1, NaN]))).toBe(false);
    expect(equal(tensor([1, 2], int), tensor([1, 2]))).toBe(true);
  });

  it('cannot be read while a program is recorded', () => {
    const type = { shape: [2], dtype: 'float32' } as const;
    expect(() => record([type], (x) => (allClose(x!, 0) ? [x!] : []))).toThrow(ProgramError);
  });
});
