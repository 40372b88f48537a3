import { describe, expect, it } from 'vitest';
import type { Element, Root } from '../../src/kernel.ts';
import { GrowingNest, kernelOf, nestOf, refine, type Nest } from '../../src/passes/nests.ts';
import { formatKernel } from '../../src/passes/print.ts';

const load = (buffer: number, strides: readonly number[], offset = 0): Element => ({
  kind: 'load',
  dtype: 'float32',
  buffer,
  at: { strides, offset },
});
const exp = (operand: Element): Element => ({
  kind: 'point',
  dtype: 'float32',
  name: 'exp',
  operands: [operand],
});
const root = (buffer: number, element: Element, strides: readonly number[]): Root => ({
  buffer,
  element,
  at: { strides, offset: 0 },
  whole: true,
});
const map = (shape: readonly number[], ...roots: Root[]): Nest => ({ shape, axes: [], roots });

describe('refine', () => {
  it('cuts the axes of both shapes, and drops those of one element', () => {
    expect(refine([16, 128, 1], [1, 2048])).toEqual({
      shape: [16, 128],
      first: [[0], [1], []],
      second: [[], [0, 1]],
    });
    expect(refine([2, 6], [4, 3])!.shape).toEqual([2, 2, 3]);
    expect(refine([], [1])!.shape).toEqual([]);
  });

  it('gives up where axes cross', () => {
    expect(refine([6, 4], [4, 6])).toBe(null);
    expect(refine([6, 2], [4, 3])).toBe(null);
  });
});

describe('GrowingNest', () => {
  it('takes what it computes from the turn, over the finer loops', () => {
    const nest = new GrowingNest(map([2, 6], root(1, exp(load(0, [6, 1])), [6, 1])));
    expect(nest.add(map([4, 3], root(2, exp(load(1, [3, 1])), [3, 1])))).toBe(true);
    expect(formatKernel(kernelOf(nest))).toBe('%1 = [2, 2, 3] exp(%0[6,3,1+0])\n  %2 = [2, 2, 3] exp(%1)');
  });

  it('refuses what reads at another place, and is as it was', () => {
    const nest = new GrowingNest(map([2, 2], root(1, exp(load(0, [2, 1])), [2, 1])));
    const before = formatKernel(kernelOf(nest));
    expect(nest.add(map([2, 2], root(2, load(1, [1, 2]), [2, 1])))).toBe(false);
    expect(nest.add(map([2, 2], root(2, load(1, [-2, 1], 2), [2, 1])))).toBe(false);
    expect(formatKernel(kernelOf(nest))).toBe(before);
  });

  it('joins what has one element a row, and reads it along the row', () => {
    const sum = nestOf({
      kind: 'reduce',
      name: 'sum',
      shape: [4, 8],
      axes: [1],
      element: load(0, [8, 1]),
      buffer: 1,
      dtype: 'float32',
    });
    const nest = new GrowingNest(sum!);
    expect(nest.add(map([4, 1], root(2, exp(load(1, [1, 0])), [1, 1])))).toBe(true);
    expect(nest.add(map([32], root(3, load(0, [1]), [1])))).toBe(true);
    expect(nest.add(map([4, 8], root(4, load(2, [1, 0]), [8, 1])))).toBe(true);
    expect(formatKernel(kernelOf(nest))).toBe(
      [
        '%1[1,0+0] = [4, 8] rows over [1] of sum(%0[8,1+0])',
        '  %2[1,0+0] = [4, 8] rows over [1] of exp(%1)',
        '  %3[8,1+0] = [4, 8] rows over [1] of %0[8,1+0]',
        '  %4[8,1+0] = [4, 8] rows over [1] of %2',
      ].join('\n'),
    );
  });

  it('does not mix rows of different axes', () => {
    const fold = (axes: readonly number[]): Nest =>
      nestOf({
        kind: 'reduce',
        name: 'max',
        shape: [4, 8],
        axes,
        element: load(0, [8, 1]),
        buffer: axes[0]!,
        dtype: 'float32',
      })!;
    expect(new GrowingNest(fold([0])).add(fold([1]))).toBe(false);
  });

  it('knows no rows of one element', () => {
    const kernel = { name: 'sum', shape: [4, 1], axes: [1], buffer: 1, dtype: 'float32' } as const;
    expect(nestOf({ kind: 'reduce', ...kernel, element: load(0, [1, 1]) })).toBe(null);
  });
});
