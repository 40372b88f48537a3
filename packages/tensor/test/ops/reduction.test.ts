import {
  all,
  amax,
  any,
  argmax,
  cumsum,
  full,
  max,
  mean,
  min,
  prod,
  ShapeError,
  sum,
  tensor,
  zeros,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import * as operations from '../../src/ops/reduction.ts';
import { testAgainstTorch } from '../fixtures/mathematics.ts';

testAgainstTorch('reduction', operations);

const x = tensor([
  [1, 5, 5],
  [7, 2, 0],
]);

describe('axes', () => {
  it('left out are all, empty are none', () => {
    expect(sum(x).shape).toEqual([]);
    expect(sum(x, []).toArray()).toEqual(x.toArray());
    expect(sum(x, undefined, { keepDims: true }).shape).toEqual([1, 1]);
    expect(max(x).item()).toBe(7);
    expect(min(x).item()).toBe(0);
  });

  it('out of range, or named twice, are errors of the operation called', () => {
    expect(() => mean(x, 2)).toThrow('mean(): axis out of range, got 2 for a tensor with 2 axes.');
    expect(() => sum(x, [0, -2])).toThrow('sum(): axes must be distinct');
    expect(() => cumsum(x, 0.5)).toThrow(ShapeError);
    expect(() => argmax(x, 5)).toThrow('argmax(): axis out of range');
  });

  it('without elements have no extreme', () => {
    const empty = zeros([2, 0, 3]);
    expect(() => amax(empty, 1)).toThrow(
      'amax(): no elements have no extreme, got shape [2, 0, 3] over axis 1.',
    );
    expect(() => max(empty)).toThrow('max()');
    expect(() => min(empty, 1)).toThrow('min()');
    expect(() => argmax(empty)).toThrow('argmax()');
    expect(amax(empty, 0).shape).toEqual([0, 3]);
    expect(max(empty, 0).indices.shape).toEqual([0, 3]);
  });
});

describe('extremes along an axis', () => {
  it('are the first of equal ones', () => {
    const { values, indices } = max(x, 1);
    expect(values.toArray()).toEqual([5, 7]);
    expect(indices.toArray()).toEqual([1, 0]);
  });

  it('hold for views', () => {
    expect(max(x.transpose(), 0).indices.toArray()).toEqual([1, 0]);
    expect(argmax(x.flip(1), 1).toArray()).toEqual([0, 2]);
    expect(argmax(x.transpose()).item()).toBe(1);
  });
});

describe('sums', () => {
  it('of many equal parts keep their digits', () => {
    expect(sum(full([1_000_000], 0.1)).item()).toBeCloseTo(1e5, 1);
    expect(mean(full([1_000_000], 0.1)).item()).toBeCloseTo(0.1, 7);
  });

  it('of int32 wrap', () => {
    expect(sum(tensor([2 ** 31 - 1, 1], { dtype: 'int32' })).item()).toBe(-(2 ** 31));
    expect(prod(tensor([2 ** 16, 2 ** 16], { dtype: 'int32' })).item()).toBe(0);
  });

  it('of bytes and truths are int32', () => {
    expect(sum(tensor([true, true])).dtype).toBe('int32');
    expect(cumsum(tensor([200, 100], { dtype: 'uint8' }), 0).toArray()).toEqual([200, 300]);
  });
});

describe('any and all', () => {
  it('of no elements are false and true', () => {
    expect(any(zeros([0])).toArray()).toBe(false);
    expect(all(zeros([0])).toArray()).toBe(true);
    expect(all(zeros([2, 0]), 1, { keepDims: true }).toArray()).toEqual([[true], [true]]);
  });
});
