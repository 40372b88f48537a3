import { readFileSync } from 'node:fs';
import { argsort, ShapeError, sort, tensor, topk, ValueError, zeros } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';

type Cell = number | 'nan' | 'inf' | '-inf';

const { order } = JSON.parse(readFileSync(new URL('../fixtures/movement.json', import.meta.url), 'utf8')) as {
  readonly order: readonly {
    readonly rows: readonly (readonly Cell[])[];
    readonly axis: number;
    readonly descending: boolean;
    readonly values: readonly (readonly Cell[])[];
    readonly indices: readonly (readonly number[])[];
  }[];
};

function decode(rows: readonly (readonly Cell[])[]): number[][] {
  const special = { nan: NaN, inf: Infinity, '-inf': -Infinity };
  return rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell : special[cell])));
}

describe('torch fixtures', () => {
  for (const { rows, axis, descending, values, indices } of order) {
    it(`sort ${JSON.stringify(rows)} along ${axis}${descending ? ', descending' : ''}`, () => {
      const x = tensor(decode(rows));
      const sorted = sort(x, axis, { descending });
      expect(sorted.indices.toArray()).toEqual(indices);
      expect(sorted.values.toArray()).toEqual(decode(values));
      expect(argsort(x, axis - 2, { descending }).toArray()).toEqual(indices);
      expect(x.T.sort(1 - axis, { descending }).indices.T.toArray()).toEqual(indices);
      const size = x.shape[axis]!;
      for (let count = 0; count <= size; count++) {
        const top = topk(x, count, axis, { largest: descending });
        expect(top.indices.toArray()).toEqual(
          axis === 0 ? indices.slice(0, count) : indices.map((row) => row.slice(0, count)),
        );
        expect(top.values.shape).toEqual(x.shape.with(axis, count));
      }
    });
  }
});

describe('sort and topk', () => {
  it('take integers and booleans', () => {
    expect(sort(tensor([3, -1, 2], { dtype: 'int32' })).values.toArray()).toEqual([-1, 2, 3]);
    expect(sort(tensor([true, false]), 0).values.toArray()).toEqual([false, true]);
  });

  it('take empty lines', () => {
    expect(sort(zeros([2, 0])).values.shape).toEqual([2, 0]);
    expect(topk(zeros([0, 3]), 2).indices.shape).toEqual([0, 2]);
  });

  it('refuse other axes and counts', () => {
    expect(() => sort(zeros([2]), 1)).toThrow(ShapeError);
    expect(() => topk(zeros([2]), 3)).toThrow(
      new ValueError('topk(): count must be a whole number from 0 to the size of the axis, got 3 and 2.'),
    );
  });
});
