import { apply } from '../dispatch.ts';
import { promoteDTypes } from '../dtype.ts';
import { ShapeError, ValueError } from '../errors.ts';
import { checkShape, formatShape, normalizeAxis, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { broadcastTo, cast, reshape, unsqueeze } from './shape.ts';

/**
 * Joins tensors along an axis that they have. Their dtypes are promoted to the highest.
 *
 * @param tensors at least one; shapes are equal but for `axis`
 * @param axis default 0
 * @throws ValueError for an empty list, ShapeError if shapes differ elsewhere or are scalars (see {@link stack})
 * @example
 * ```ts
 * import { concat, tensor } from '@nadir/tensor';
 * concat([tensor([1, 2]), tensor([3])]).toArray(); // => [1, 2, 3]
 * ```
 */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  const first = tensors[0];
  if (first === undefined) throw new ValueError('concat(): needs at least one tensor, got none.');
  if (first.rank === 0) throw new ShapeError('concat(): needs tensors with axes, got a scalar. Use stack().');
  const along = normalizeAxis('concat', axis, first.rank);
  for (const other of tensors) {
    if (other.rank !== first.rank || other.shape.some((size, i) => i !== along && size !== first.shape[i])) {
      throw new ShapeError(
        `concat(): shapes must be equal but for axis ${along}, got ${tensors.map((x) => formatShape(x.shape)).join(' and ')}.`,
      );
    }
  }
  if (tensors.length === 1) return first;
  checkShape(
    'concat',
    first.shape.with(
      along,
      tensors.reduce((sum, x) => sum + x.shape[along]!, 0),
    ),
  );
  const dtype = tensors.map((x) => x.dtype).reduce(promoteDTypes);
  return apply(
    'concat',
    tensors.map((x) => cast(x, dtype)),
    { axis: along },
  );
}

/**
 * Joins tensors of one shape along a new axis. Their dtypes are promoted to the highest.
 *
 * @param axis place of the new axis in the result; default 0
 * @throws ValueError for an empty list, ShapeError if shapes differ
 * @example
 * ```ts
 * import { stack, tensor } from '@nadir/tensor';
 * stack([tensor([1, 2]), tensor([3, 4])], 1).toArray(); // => [[1, 3], [2, 4]]
 * ```
 */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  const first = tensors[0];
  if (first === undefined) throw new ValueError('stack(): needs at least one tensor, got none.');
  if (!tensors.every((x) => sameShape(x.shape, first.shape))) {
    throw new ShapeError(
      `stack(): shapes must be equal, got ${tensors.map((x) => formatShape(x.shape)).join(' and ')}.`,
    );
  }
  const place = normalizeAxis('stack', axis, first.rank + 1);
  return concat(
    tensors.map((x) => unsqueeze(x, place)),
    place,
  );
}

export interface MeshgridOptions {
  /** `'ij'` (default, as in torch): axis i of the results follows vector i. `'xy'` (NumPy's default) swaps the first two axes. */
  readonly indexing?: 'ij' | 'xy';
}

/**
 * Coordinates of a grid: one tensor per vector, all of the grid's shape, as views.
 *
 * @param vectors tensors of one axis
 * @throws ShapeError for a tensor that is no vector
 * @example
 * ```ts
 * import { meshgrid, tensor } from '@nadir/tensor';
 * meshgrid([tensor([1, 2]), tensor([3, 4])])[0]!.toArray(); // => [[1, 1], [2, 2]]
 * ```
 */
export function meshgrid(vectors: readonly Tensor[], options: MeshgridOptions = {}): Tensor[] {
  for (const vector of vectors) {
    if (vector.rank !== 1) {
      throw new ShapeError(`meshgrid(): needs vectors, got shape ${formatShape(vector.shape)}.`);
    }
  }
  const places = vectors.map((_, i) => i);
  if (options.indexing === 'xy' && vectors.length > 1) [places[0], places[1]] = [1, 0];
  const shape = new Array<number>(vectors.length);
  vectors.forEach((vector, i) => (shape[places[i]!] = vector.size));
  return vectors.map((vector, i) => {
    const along = shape.map((_, axis) => (axis === places[i] ? vector.size : 1));
    return broadcastTo(reshape(vector, along), shape);
  });
}
