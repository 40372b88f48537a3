import { parameter } from '@nadir/autograd';
import { ones, tensor, ValueError } from '@nadir/tensor';
import { assertAllClose } from '@nadir/tensor/testing';
import { describe, expect, it } from 'vitest';
import { clipGradNorm, clipGradValue, Linear } from '../src/index.ts';
import { fixture, restored } from './torch-fixture.ts';

describe(`clipGradNorm, as torch ${fixture.torch}`, () => {
  for (const { name, max, norm, before, after } of fixture.clipping) {
    it(name, () => {
      const parameters = before.map((stored) => {
        const w = parameter(ones(stored.shape, { dtype: 'float64' }));
        w.grad = restored(stored);
        return w;
      });
      const found = clipGradNorm(parameters, max);
      assertAllClose(found, tensor(norm, { dtype: 'float64' }));
      for (const [i, w] of parameters.entries()) assertAllClose(w.grad!, restored(after[i]!));
    });
  }

  it('skips parameters without gradient, and is 0 without any', () => {
    const layer = new Linear(1, 1);
    expect(clipGradNorm(layer.parameters(), 1).item()).toBe(0);
    layer.weight.grad = tensor([[-3]]);
    expect(clipGradNorm(layer.parameters(), 1).item()).toBe(3);
    expect(layer.weight.grad!.item()).toBeCloseTo(-1, 5);
    expect(layer.bias!.grad).toBe(null);
  });

  it('scales each gradient once where two parameters hold the same one', () => {
    const [a, b] = [parameter([1, 1]), parameter([2, 2])];
    a.add(b).sum().backward();
    expect(clipGradNorm([a, b], 1).item()).toBe(2);
    expect(a.grad!.toArray()).toEqual(b.grad!.toArray());
    expect(a.grad!.at(0).item()).toBeCloseTo(0.5, 5);
  });

  it('takes any iterable, and mixes dtypes', () => {
    const parameters = [parameter([3]), parameter(tensor([4], { dtype: 'float64' }))];
    for (const w of parameters) w.grad = w.detach();
    expect(clipGradNorm(parameters.values(), 10).item()).toBe(5);
    expect(parameters.map(({ grad }) => [grad!.dtype, grad!.item()])).toEqual([
      ['float32', 3],
      ['float64', 4],
    ]);
  });

  it('refuses a negative norm', () => {
    expect(() => clipGradNorm([], -1)).toThrow(ValueError);
    expect(() => clipGradNorm([], NaN)).toThrow('clipGradNorm(): maxNorm must be at least 0, got NaN.');
  });
});

describe('clipGradValue', () => {
  it('limits every element, of shared gradients too', () => {
    const [a, b] = [parameter([1, 1]), parameter([2, 2])];
    a.add(b).sum().backward();
    a.grad = tensor([5, -0.5]);
    clipGradValue([a, b], 0.75);
    expect(a.grad!.toArray()).toEqual([0.75, -0.5]);
    expect(b.grad!.toArray()).toEqual([0.75, 0.75]);
  });

  it('refuses a negative limit', () => {
    expect(() => clipGradValue([], -1)).toThrow('clipGradValue(): limit must be at least 0, got -1.');
  });
});
