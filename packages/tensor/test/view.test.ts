import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arange, type Tensor } from '@nadir/tensor';

/** Reshape on a view must agree with reshape of a copy, and share storage exactly when no copy is needed. */
describe('reshape of strided views', () => {
  const shapes = [[2, 3, 4], [24], [4, 6], [1, 24, 1], [2, 12], [3, 8], [2, 2, 6], [12, 1, 2], [4, 3, 2]];
  const steps: readonly ((x: Tensor) => Tensor)[] = [
    (x) => x.T,
    (x) => (x.rank === 0 ? x : x.flip([0])),
    (x) => x.unsqueeze(0),
    (x) => x.permute(x.shape.map((_, axis) => (axis + 1) % x.rank)),
  ];

  it('gives the elements of a copy', () => {
    const anyShape = fc.constantFrom(...shapes);
    fc.assert(
      fc.property(
        anyShape,
        fc.array(fc.nat(steps.length - 1), { maxLength: 4 }),
        anyShape,
        (from, moves, to) => {
          let x = arange(24).reshape(from);
          for (const move of moves) if (x.rank >= 2) x = steps[move]!(x);
          expect(x.reshape(to).toArray()).toEqual(x.clone().reshape(to).toArray());
        },
      ),
      { numRuns: 500, seed: 1 },
    );
  });

  it('copies only where strides cannot show the order', () => {
    const x = arange(24).reshape([2, 3, 4]);
    const joined = x.permute([2, 0, 1]);
    expect(joined.reshape([4, 6]).storage).toBe(x.storage);
    expect(joined.reshape([8, 3]).storage).not.toBe(x.storage);
    expect(x.flip().reshape([24]).storage).toBe(x.storage);
  });
});
