import { describe, expect, it } from 'vitest';
import { apply } from '../../src/dispatch.ts';
import { fresh } from '../../src/eager/layout.ts';
import { IndexError } from '../../src/errors.ts';
import type { Tensor } from '../../src/tensor.ts';
import { expectEqual, pattern, strided } from '../fixtures/contractions.ts';

function indices(values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
  return fresh(Int32Array.from(values), shape, 'int32');
}

describe('take', () => {
  it('replaces the axis by those of the indices, in every layout', () => {
    for (const dtype of ['float32', 'float64', 'int32', 'uint8', 'bool'] as const) {
      // Long and short runs behind the axis are copied in different ways.
      for (const shape of [[4, 5], [4, 5, 2], [4, 5, 40], [5]] as const) {
        const axis = shape.length === 1 ? 0 : 1;
        const x = pattern(shape, 1, dtype);
        const at = indices([0, 4, -1, -5, 2, 2], [2, 3]);
        const parts = [0, 4, 4, 0, 2, 2].map((i) =>
          apply('slice', [x], {
            starts: shape.map((_, a) => (a === axis ? i : 0)),
            stops: shape.map((size, a) => (a === axis ? i + 1 : size)),
            steps: shape.map(() => 1),
          }),
        );
        const expected = apply('concat', parts, { axis }).reshape([
          ...shape.slice(0, axis),
          2,
          3,
          ...shape.slice(axis + 1),
        ]);
        expectEqual(apply('take', [x, at], { axis }), expected);
        expectEqual(apply('take', [strided(x), strided(at)], { axis }), expected);
      }
    }
  });

  it('takes a scalar index, and none', () => {
    const x = pattern([3, 4]);
    expect(apply('take', [x, indices([-1], [])], { axis: 0 }).toArray()).toEqual(
      (x.toArray() as number[][])[2],
    );
    expect(apply('take', [x, indices([], [0])], { axis: 1 }).shape).toEqual([3, 0]);
    expect(apply('take', [pattern([0, 4]), indices([1], [1])], { axis: 1 }).shape).toEqual([0, 1]);
  });

  it('names an index outside its axis', () => {
    const message = 'take(): index out of range, got 4 for axis 1 of size 4. Here it must be in [-4, 3].';
    expect(() => apply('take', [pattern([3, 4]), indices([0, 4])], { axis: 1 })).toThrow(message);
    expect(() => apply('take', [pattern([3, 4]), indices([-5])], { axis: 1 })).toThrow(IndexError);
    expect(() => apply('take', [pattern([3, 0]), indices([0])], { axis: 1 })).toThrow(/the axis is empty/);
  });
});

describe('scatterAdd', () => {
  it('adds what goes to one index', () => {
    const out = apply('scatterAdd', [indices([0, 2, -1, 0]), indices([1, 2, 3, 4])], { axis: 0, size: 3 });
    expect([...out.data]).toEqual([5, 0, 5]);
    expect([...indices([1]).data]).toEqual([1]);
  });

  it('is the adjoint of take', () => {
    for (const shape of [
      [4, 5],
      [4, 5, 3],
      [4, 5, 40],
    ] as const) {
      const x = pattern(shape);
      const at = indices([0, 4, -1, -5, 2, 2], [2, 3]);
      const taken = apply('take', [x, at], { axis: 1 });
      const updates = pattern(taken.shape, 2);
      for (const view of [(t: Tensor) => t, strided]) {
        const back = apply('scatterAdd', [view(at), view(updates)], { axis: 1, size: 5 });
        expect(back.shape).toEqual(shape);
        expect(back.mul(x).sum().item()).toBe(taken.mul(updates).sum().item());
      }
    }
  });

  it('wraps int32, leaves the indices as they were, and takes none', () => {
    const at = indices([-1, -1]);
    const out = apply('scatterAdd', [at, indices([2 ** 31 - 1, 1])], { axis: 0, size: 1 });
    expect(out.item()).toBe(-(2 ** 31));
    expect([...at.data]).toEqual([-1, -1]);
    expect([...apply('scatterAdd', [indices([], [0]), indices([], [0])], { axis: 0, size: 2 }).data]).toEqual(
      [0, 0],
    );
  });

  it('names an index outside its axis', () => {
    expect(() => apply('scatterAdd', [indices([3]), pattern([1])], { axis: 0, size: 3 })).toThrow(
      'scatterAdd(): index out of range, got 3 for axis 0 of size 3. Here it must be in [-3, 2].',
    );
  });
});
