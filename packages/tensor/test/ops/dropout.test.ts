import { dropout, DTypeError, Generator, ones, rand, tensor, ValueError } from '@nadir/tensor';
import { expect, it } from 'vitest';

it("drops where the generator's uniforms are below p, and scales the rest", () => {
  const uniforms = rand([1000], { generator: new Generator(7) });
  const y = dropout(ones([1000]), { p: 0.25, generator: new Generator(7) });
  expect(
    y.equal(
      uniforms
        .ge(0.25)
        .cast('float32')
        .mul(1 / 0.75),
    ),
  ).toBe(true);
  expect(Math.abs(y.mean().item() - 1)).toBeLessThan(0.1);
});

it('leaves infinities no trace where it drops', () => {
  const y = dropout(ones([100]).mul(Infinity), { p: 0.5, generator: new Generator(1) });
  expect(y.isNaN().any().item()).toBe(0);
  expect(dropout(tensor([Infinity, NaN]), { p: 1 }).toArray()).toEqual([0, 0]);
});

it('is the identity outside training and at p = 0', () => {
  const x = tensor([1, 2]);
  expect(dropout(x, { training: false })).toBe(x);
  expect(dropout(x, { p: 0 })).toBe(x);
});

it('checks p and the dtype', () => {
  expect(() => dropout(tensor([1]), { p: 1.5 })).toThrow(ValueError);
  expect(() => dropout(tensor([1]), { p: NaN })).toThrow('dropout(): p must lie in [0, 1], got NaN.');
  expect(() => dropout(tensor([1], { dtype: 'int32' }))).toThrow(DTypeError);
});
