import { readFileSync } from 'node:fs';
import {
  arange,
  concat,
  meshgrid,
  ShapeError,
  stack,
  tensor,
  ValueError,
  zeros,
  type Tensor,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';

interface Box {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

const fixture = JSON.parse(readFileSync(new URL('../fixtures/movement.json', import.meta.url), 'utf8')) as {
  readonly gridIj: readonly Box[];
  readonly gridXy: readonly Box[];
};

function boxOf(x: Tensor): Box {
  return { shape: x.shape, values: [...x.data] };
}

describe('concat and stack', () => {
  it('promote dtypes', () => {
    const parts = [tensor([true]), tensor([2], { dtype: 'int32' }), tensor([2.5])];
    expect(concat(parts).dtype).toBe('float32');
    expect(concat(parts).toArray()).toEqual([1, 2, 2.5]);
    expect(stack(parts, -1).toArray()).toEqual([[1, 2, 2.5]]);
  });

  it('join strided and empty parts', () => {
    const x = arange(6).reshape([2, 3]);
    expect(concat([x.T, zeros([3, 0]), x.T.flip(1)], 1).toArray()).toEqual([
      [0, 3, 3, 0],
      [1, 4, 4, 1],
      [2, 5, 5, 2],
    ]);
    expect(stack([tensor(1), tensor(2)]).toArray()).toEqual([1, 2]);
  });

  it('refuse shapes that do not fit', () => {
    const x = zeros([2, 3]);
    expect(() => concat([])).toThrow(ValueError);
    expect(() => concat([x, zeros([2, 3, 1])])).toThrow('concat(): shapes must be equal but for axis 0');
    expect(() => concat([tensor(1), tensor(2)])).toThrow('Use stack()');
    expect(() => stack([x, x.T])).toThrow('stack(): shapes must be equal, got [2, 3] and [3, 2]');
    expect(() => stack([])).toThrow(ValueError);
    expect(() => stack([x], 3)).toThrow(ShapeError);
  });
});

describe('meshgrid', () => {
  it('gives what torch gives', () => {
    const vectors = [arange(2), arange(3), arange(2)];
    expect(meshgrid(vectors).map(boxOf)).toEqual(fixture.gridIj);
    expect(meshgrid(vectors, { indexing: 'xy' }).map(boxOf)).toEqual(fixture.gridXy);
    expect(() => meshgrid([zeros([1, 1])])).toThrow(ShapeError);
  });
});
