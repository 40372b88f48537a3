import { tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { isLeaf, parameter, requiresGrad } from '../src/index.ts';

describe('parameter', () => {
  it('shares the storage of a tensor, without its history', () => {
    const source = tensor([1, 2]);
    const w = parameter(source);
    w.assign(7);
    expect(source.toArray()).toEqual([7, 7]);
    expect(source.requiresGrad).toBe(false);
    const copy = parameter(w.mul(2));
    expect(isLeaf(copy)).toBe(true);
    copy.sum().backward();
    expect(w.grad).toBe(null);
  });

  it('copies arrays, and takes their dtype', () => {
    const array = Float64Array.of(1, 2);
    const w = parameter(array);
    w.assign(0);
    expect([...array]).toEqual([1, 2]);
    expect(w.dtype).toBe('float64');
    expect(parameter([[1, 2]]).shape).toEqual([1, 2]);
    expect(parameter(3).dtype).toBe('float32');
  });

  it('casts to the dtype that is asked for', () => {
    expect(parameter([1, 2], { dtype: 'float64' }).dtype).toBe('float64');
    expect(parameter(tensor([1, 2], { dtype: 'int32' }), { dtype: 'float32' }).requiresGrad).toBe(true);
  });

  it('refuses integers and bool', () => {
    expect(() => parameter(tensor([1, 2], { dtype: 'int32' }))).toThrow(
      'parameter(): gradients need float32 or float64, got int32 of shape [2]. Cast it first.',
    );
    expect(() => parameter([true])).toThrow('got bool of shape [1]');
  });
});

describe('requiresGrad', () => {
  it('turns recording on and off in place', () => {
    const x = tensor([1, 2]);
    expect(requiresGrad(x)).toBe(x);
    x.sum().backward();
    expect(requiresGrad(x).grad!.toArray()).toEqual([1, 1]);
    requiresGrad(x, false);
    expect(x.requiresGrad).toBe(false);
    expect(requiresGrad(tensor([1]), false).requiresGrad).toBe(false);
  });

  it('turns off leaves only, and takes floats only', () => {
    expect(() => requiresGrad(parameter([1]).mul(2), false)).toThrow(
      'requiresGrad(): only a leaf can be turned off, got the result of an operation of shape [1]. ' +
        'Use detach() for a tensor without history.',
    );
    expect(() => requiresGrad(tensor([true]))).toThrow(
      'requiresGrad(): gradients need float32 or float64, got bool',
    );
  });
});

describe('isLeaf', () => {
  it('is false for recorded results alone', () => {
    const x = parameter([1]);
    expect([x, x.mul(2), x.mul(2).detach(), tensor([1])].map(isLeaf)).toEqual([true, false, true, true]);
  });
});
