import {
  defaultGenerator,
  Generator,
  manualSeed,
  rand,
  ShapeError,
  tensor,
  ValueError,
  zeros,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';

describe('Generator', () => {
  it('keeps key and position in a tensor', () => {
    const generator = new Generator(2 ** 32 + 5);
    expect(generator.state.dtype).toBe('int32');
    expect(generator.state.toArray()).toEqual([5, 1, 0, 0]);
    generator.bits([9]);
    expect(generator.state.toArray()).toEqual([5, 1, 3, 0]);
    generator.bits([0]);
    expect(generator.state.toArray()).toEqual([5, 1, 3, 0]);
    expect(generator.manualSeed(5n).state.toArray()).toEqual([5, 0, 0, 0]);
    expect(new Generator((1n << 64n) - 1n).state.toArray()).toEqual([-1, -1, 0, 0]);
  });

  it('gives and takes copies of its state', () => {
    const generator = new Generator(1);
    const state = generator.getState();
    const first = rand([5], { generator });
    expect(state.toArray()).toEqual([1, 0, 0, 0]);
    generator.setState(state);
    rand([5], { generator });
    expect(state.toArray()).toEqual([1, 0, 0, 0]);
    generator.setState(state);
    expect(rand([5], { generator }).equal(first)).toBe(true);
    const other = new Generator(9).setState(state);
    expect(rand([5], { generator: other }).equal(first)).toBe(true);
  });

  it('refuses other seeds and states', () => {
    expect(() => new Generator(-1)).toThrow(ValueError);
    expect(() => new Generator(0.5)).toThrow(
      'Generator(): the seed must be a whole number from 0 to 2^53 - 1',
    );
    expect(() => manualSeed(1n << 64n)).toThrow('manualSeed(): the seed');
    expect(() => new Generator().setState(zeros([4]))).toThrow(ShapeError);
    expect(() => new Generator().setState(tensor([1], { dtype: 'int32' }))).toThrow('got int32 [1]');
  });
});

describe('defaultGenerator', () => {
  it('is one, and what manualSeed seeds', () => {
    expect(manualSeed(8)).toBe(defaultGenerator());
    const expected = rand([4], { generator: new Generator(8) });
    expect(rand([4]).equal(expected)).toBe(true);
  });
});
