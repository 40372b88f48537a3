import {
  apply,
  eagerExecutor,
  record,
  tensor,
  verifyProgram,
  where,
  type PoolAttributes,
  type Program,
  type Tensor,
} from '@nadir/tensor';
import { sampleTensor } from '@nadir/tensor/testing';
import { describe, expect, it } from 'vitest';
import { simplify } from '../../src/index.ts';

const none = [0, 0] as const;
const pair: PoolAttributes = { kernel: [2, 2], stride: [2, 2], padding: [none, none], dilation: [1, 1] };
const overlapping: PoolAttributes = { ...pair, kernel: [3, 3], padding: [[1, 1], none] };
/** Its first and last row of windows lie in the padding. */
const outside: PoolAttributes = { ...pair, padding: [[2, 2], none] };

/** Whole numbers with many ties, and what is not a number. */
function images(): Tensor {
  const values = sampleTensor([2, 3, 6, 8], 'float32').data.map(Math.round);
  for (const [i, value] of [NaN, Infinity, -Infinity, -0].entries()) values[i * 31] = value;
  return tensor(values as Float32Array).reshape([2, 3, 6, 8]);
}

function simplified(
  attributes: PoolAttributes,
  body: (x: Tensor, g: Tensor) => readonly Tensor[],
): { readonly names: string[]; readonly values: unknown[][]; readonly program: Program } {
  const x = images();
  const pooled = apply('maxPool', [x], attributes);
  const args = [x, sampleTensor(pooled.shape, 'float32').mul(8).round()];
  const { program, state } = record(args, (y, g) => body(y!, g!));
  const after = simplify(program);
  verifyProgram(after);
  const values = [program, after].map((each) =>
    eagerExecutor
      .load(each)
      .run(args, state)
      .map((result) => result.toArray()),
  );
  return { names: after.nodes.map((node) => node.primitive), values, program: after };
}

describe('a gradient that a max pool scatters', () => {
  for (const [name, attributes] of Object.entries({ pair, overlapping, outside })) {
    it(`is masked before, where the elements alone make the mask: ${name}`, () => {
      const { names, values, program } = simplified(attributes, (x, g) => {
        const scattered = apply('maxPoolScatter', [x, g], attributes);
        return [where(x.le(1), 0, scattered)];
      });
      expect(names.at(-1)).toBe('maxPoolScatter');
      const last = program.nodes.at(-1)!;
      expect(program.results).toEqual([last.id]);
      expect(values[1]).toEqual(values[0]);
    });
  }

  it('is masked before by a comparison the other way round, and of what is not taken', () => {
    const { names, values } = simplified(overlapping, (x, g) => [
      where(x.gt(0), apply('maxPoolScatter', [x, g], overlapping), 0),
    ]);
    expect(names.at(-1)).toBe('maxPoolScatter');
    expect(values[1]).toEqual(values[0]);
  });

  it('is masked after by another mask, or where the gradient itself is wanted too', () => {
    const other = simplified(pair, (x, g) => [
      where(x.exp().le(1), 0, apply('maxPoolScatter', [x, g], pair)),
    ]);
    expect(other.names.at(-1)).toBe('where');
    const both = simplified(pair, (x, g) => {
      const scattered = apply('maxPoolScatter', [x, g], pair);
      return [where(x.le(0), 0, scattered), scattered];
    });
    expect(both.names).toContain('maxPoolScatter');
    expect(both.names.at(-1)).toBe('where');
    const value = simplified(pair, (x, g) => [where(x.le(0), 1, apply('maxPoolScatter', [x, g], pair))]);
    expect(value.names.at(-1)).toBe('where');
  });

  it('is summed before over whole planes', () => {
    const { names, values } = simplified(overlapping, (x, g) => [
      apply('sum', [apply('maxPoolScatter', [x, g], overlapping)], { axes: [0, 2, 3] }),
    ]);
    expect(names).toEqual(['sum']);
    expect(values[1]).toEqual(values[0]);
  });

  it('is summed after over rows alone, and where a window sees nothing', () => {
    const rows = simplified(pair, (x, g) => [
      apply('sum', [apply('maxPoolScatter', [x, g], pair)], { axes: [3] }),
    ]);
    expect(rows.names).toEqual(['maxPoolScatter', 'sum']);
    const nothing = simplified(outside, (x, g) => [
      apply('sum', [apply('maxPoolScatter', [x, g], outside)], { axes: [0, 2, 3] }),
    ]);
    expect(nothing.names).toEqual(['maxPoolScatter', 'sum']);
    expect(nothing.values[1]).toEqual(nothing.values[0]);
  });
});
