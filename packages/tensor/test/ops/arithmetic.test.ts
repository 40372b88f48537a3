import {
  add,
  clamp,
  div,
  DTypeError,
  floorDivide,
  lerp,
  mul,
  neg,
  pow,
  remainder,
  round,
  ShapeError,
  sub,
  tensor,
  ValueError,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import * as operations from '../../src/ops/arithmetic.ts';
import { testAgainstTorch } from '../fixtures/mathematics.ts';

testAgainstTorch('arithmetic', operations);

const int = { dtype: 'int32' } as const;
const mask = tensor([true, false]);

describe('errors', () => {
  it('of the weight name lerp', () => {
    const x = tensor([1, 2]);
    expect(() => x.lerp(x, tensor([1, 2, 3]))).toThrow(/^lerp\(\): /);
  });
});

describe('operands', () => {
  it('take numbers on either side', () => {
    expect(sub(1, tensor([3, 4])).toArray()).toEqual([-2, -3]);
    expect(div(1, tensor([2, 4], int)).toArray()).toEqual([0.5, 0.25]);
    expect(pow(2, tensor([3, 4], int)).toArray()).toEqual([8, 16]);
  });

  it('broadcast, empty axes included', () => {
    expect(add(tensor([[1], [2]]), tensor([10, 20])).toArray()).toEqual([
      [11, 21],
      [12, 22],
    ]);
    expect(mul(tensor([[1], [2]]), tensor([])).shape).toEqual([2, 0]);
  });

  it('are named with their shapes where they do not broadcast', () => {
    expect(() => add(tensor([1, 2]), tensor([1, 2, 3]))).toThrow(ShapeError);
    expect(() => add(tensor([1, 2]), tensor([1, 2, 3]))).toThrow(
      'add(): shapes must broadcast, got [2] and [3].',
    );
    expect(() => clamp(tensor([1, 2]), tensor([1, 2, 3]))).toThrow('clamp(): shapes must broadcast');
  });

  it('may not be bool where that has no meaning', () => {
    for (const op of [sub, remainder, floorDivide, pow]) expect(() => op(mask, mask)).toThrow(DTypeError);
    expect(() => neg(mask)).toThrow('neg(): needs numbers, got bool. Use logicalNot().');
    expect(sub(mask, 1).dtype).toBe('int32');
  });
});

describe('dtypes', () => {
  it('are kept beside a float64 scalar', () => {
    const rate = tensor(0.1, { dtype: 'float64' });
    expect(mul(tensor([1, 2]), rate).dtype).toBe('float32');
    expect(lerp(tensor([1, 2]), tensor([3, 4]), rate).dtype).toBe('float32');
    expect(clamp(tensor([1, 2]), rate, rate).dtype).toBe('float32');
    expect(sub(1, rate).dtype).toBe('float64');
    expect(sub(1, rate).item()).toBe(1 - 0.1);
  });

  it('of integer division are float', () => {
    expect(div(tensor([1], int), tensor([2], int)).dtype).toBe('float32');
    expect(div(tensor([1], int), tensor([2], { dtype: 'float64' })).dtype).toBe('float64');
  });
});

describe('floorDivide', () => {
  it('is exact where the quotient rounds up', () => {
    expect(floorDivide(tensor([1], { dtype: 'float64' }), 0.1).toArray()).toEqual([9]);
  });

  it('keeps the sign of a quotient below zero', () => {
    expect(floorDivide(tensor([-1e-20, -5]), tensor([1, Infinity])).toArray()).toEqual([-1, -1]);
  });

  it('of integers by zero is zero', () => {
    expect(floorDivide(tensor([5, -5], int), 0).toArray()).toEqual([0, 0]);
    expect(remainder(tensor([5, -5], int), 0).toArray()).toEqual([0, 0]);
  });

  it('holds the whole range of int32', () => {
    const least = -(2 ** 31);
    expect(floorDivide(tensor([least, least, 2 ** 31 - 1], int), tensor([3, -1, -2], int)).toArray()).toEqual(
      [-715827883, least, -(2 ** 30)],
    );
  });
});

describe('pow', () => {
  it('rejects negative whole powers of integers', () => {
    expect(() => pow(tensor([2], int), -1)).toThrow(ValueError);
  });
});

describe('lerp', () => {
  it('is exact at both ends', () => {
    const [start, end] = [tensor([0.1, 1e8]), tensor([0.7, -3.3])];
    expect(lerp(start, end, 1).toArray()).toEqual(end.toArray());
    expect(lerp(start, end, tensor(1)).toArray()).toEqual(end.toArray());
    expect(lerp(start, end, tensor([0, 1])).toArray()).toEqual([start.at(0).item(), end.at(1).item()]);
  });
});

describe('clamp', () => {
  it('needs a bound', () => {
    expect(() => clamp(tensor([1]))).toThrow(ValueError);
  });

  it('lets the upper bound win', () => {
    expect(clamp(tensor([0, 2, 9]), 5, 1).toArray()).toEqual([1, 1, 1]);
  });
});

describe('round', () => {
  it('keeps the sign of zero', () => {
    expect(round(tensor([-0.5, -0.2, 0.5])).toArray()).toEqual([-0, -0, 0]);
  });
});
