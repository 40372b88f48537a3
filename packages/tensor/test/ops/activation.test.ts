import {
  gelu,
  hardTanh,
  linspace,
  logSigmoid,
  logSoftmax,
  relu,
  sigmoid,
  ShapeError,
  softmax,
  softplus,
  tensor,
  ValueError,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import * as operations from '../../src/ops/activation.ts';
import { testAgainstTorch } from '../fixtures/mathematics.ts';

testAgainstTorch('activation', operations);

const double = { dtype: 'float64' } as const;

describe('tails', () => {
  it('of softplus and logSigmoid keep their digits', () => {
    const far = tensor([-40, -300], double);
    expect(softplus(far).toArray()).toEqual([Math.exp(-40), Math.exp(-300)]);
    expect(logSigmoid(far.neg()).toArray()).toEqual([-Math.exp(-40), -Math.exp(-300)]);
  });

  it('of softplus and logSigmoid are one function', () => {
    const x = linspace(-30, 30, 121, double);
    expect(
      softplus(x, { threshold: Infinity }).allClose(logSigmoid(x.neg()).neg(), { rtol: 0, atol: 0 }),
    ).toBe(true);
  });
});

describe('softmax', () => {
  it('sums to 1 and is the exponential of logSoftmax', () => {
    const x = linspace(-1e4, 1e4, 24, double).reshape([2, 3, 4]);
    for (const axis of [0, 1, 2]) {
      expect(softmax(x, axis).sum(axis).allClose(1, { atol: 1e-15 })).toBe(true);
      expect(softmax(x, axis).allClose(logSoftmax(x, axis).exp(), { rtol: 1e-12 })).toBe(true);
    }
  });

  it('is the sigmoid of a difference', () => {
    const x = tensor([3.5, -1.25], double);
    expect(softmax(x, 0).at(0).item()).toBeCloseTo(sigmoid(tensor(4.75, double)).item(), 15);
  });

  it('takes integers', () => {
    expect(softmax(tensor([5, 5], { dtype: 'int32' }), 0).toArray()).toEqual([0.5, 0.5]);
  });

  it('names itself for an axis out of range', () => {
    expect(() => softmax(tensor([1, 2]), 1)).toThrow(ShapeError);
    expect(() => logSoftmax(tensor([1, 2]), -2)).toThrow('logSoftmax(): axis out of range');
  });
});

describe('dtypes', () => {
  it('of integers stay for relu, and become float32 for the rest', () => {
    const x = tensor([-1, 3], { dtype: 'int32' });
    expect(relu(x).dtype).toBe('int32');
    expect(gelu(x).dtype).toBe('float32');
  });
});

describe('options', () => {
  it('are checked', () => {
    expect(() => gelu(tensor([1]), { approximate: 'erf' as 'none' })).toThrow(ValueError);
    expect(() => softplus(tensor([1]), { beta: 0 })).toThrow(ValueError);
    expect(() => hardTanh(tensor([1]), 1, -1)).toThrow('hardTanh(): low must be below high, got 1 and -1.');
  });
});
