import { apply } from '../dispatch.ts';
import { promoteDTypes, type DType } from '../dtype.ts';
import { DTypeError, ShapeError } from '../errors.ts';
import { binary, expandTo } from '../operands.ts';
import { none } from '../primitives.ts';
import { broadcastShapes, formatShape, normalizeAxis, sameShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { cast, reshape } from './shape.ts';

/** The common dtype of the operands of a contraction. Throws a DTypeError that names `op` for bool. */
export function contractionDType(op: string, operands: readonly Tensor[]): DType {
  let dtype = operands[0]!.dtype;
  for (let i = 1; i < operands.length; i++) dtype = promoteDTypes(dtype, operands[i]!.dtype);
  if (dtype !== 'bool') return dtype;
  throw new DTypeError(
    `${op}(): needs numbers, got ${operands.map((x) => x.dtype).join(' and ')}. Cast one of them, for counts to int32.`,
  );
}

function checkLeads(a: Tensor, b: Tensor): void {
  for (let i = 3; i <= Math.min(a.rank, b.rank); i++) {
    const x = a.shape[a.rank - i]!;
    const y = b.shape[b.rank - i]!;
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeError(
        `matmul(): leading axes must broadcast, got ${formatShape(a.shape)} and ${formatShape(b.shape)}. ` +
          `Sizes ${x} and ${y} must be equal or one of them 1.`,
      );
    }
  }
}

/**
 * Matrix product, by torch's and NumPy's rules: vectors are a row on the left and a column on the right and lose that axis again,
 * and axes before the last two are batches that broadcast. Dtypes are promoted; integers wrap.
 *
 * @param a `[…, m, k]` or `[k]`
 * @param b `[…, k, n]` or `[k]`
 * @returns `[…, m, n]`
 * @throws ShapeError if an operand is a scalar, the sizes k differ or leading axes do not broadcast; DTypeError for two bool operands
 * @example
 * ```ts
 * import { matmul, tensor } from '@nadir/tensor';
 * const a = tensor([[1, 2], [3, 4]]);
 * matmul(a, tensor([[1], [1]])).toArray(); // => [[3], [7]]
 * matmul(a, tensor([1, 1])).toArray(); // => [3, 7]
 * ```
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  if (a.rank === 0 || b.rank === 0) {
    throw new ShapeError(
      `matmul(): needs operands with axes, got ${formatShape(a.shape)} and ${formatShape(b.shape)}. Use mul() for a scalar.`,
    );
  }
  const k = a.shape[a.rank - 1]!;
  const bAxis = Math.max(0, b.rank - 2);
  if (k !== b.shape[bAxis]) {
    throw new ShapeError(
      `matmul(): the last axis of the first operand must be as long as axis ${bAxis} of the second, ` +
        `got ${formatShape(a.shape)} and ${formatShape(b.shape)}. Sizes ${k} and ${b.shape[bAxis]} differ.`,
    );
  }
  const dtype = contractionDType('matmul', [a, b]);
  const x = cast(a.rank === 1 ? reshape(a, [1, k]) : a, dtype);
  const y = cast(b.rank === 1 ? reshape(b, [k, 1]) : b, dtype);
  checkLeads(x, y);
  const product = multiply(x, y);
  if (a.rank > 1 && b.rank > 1) return product;
  const shape = product.shape.filter(
    (_, axis) => !(a.rank === 1 && axis === product.rank - 2) && !(b.rank === 1 && axis === product.rank - 1),
  );
  return reshape(product, shape);
}

function multiply(x: Tensor, y: Tensor): Tensor {
  if (x.rank === 2 && y.rank === 2) return apply('matmul', [x, y], none);
  const xLeads = x.shape.slice(0, -2);
  const yLeads = y.shape.slice(0, -2);
  if (sizeOf(yLeads) === 1 && yLeads.length <= xLeads.length && !xLeads.includes(0)) {
    // One matrix for all rows: a single product, and a single one again for its gradient.
    const rows = reshape(x, [sizeOf(xLeads) * x.shape[x.rank - 2]!, x.shape[x.rank - 1]!]);
    const flat = apply('matmul', [rows, reshape(y, y.shape.slice(-2))], none);
    return reshape(flat, [...x.shape.slice(0, -1), y.shape[y.rank - 1]!]);
  }
  const leads = broadcastShapes('matmul', xLeads, yLeads);
  const left = expandTo(x, [...leads, ...x.shape.slice(-2)]);
  return apply('matmul', [left, expandTo(y, [...leads, ...y.shape.slice(-2)])], none);
}

function checkVectors(op: string, a: Tensor, b: Tensor): void {
  if (a.rank === 1 && b.rank === 1) return;
  throw new ShapeError(
    `${op}(): needs two vectors, got ${formatShape(a.shape)} and ${formatShape(b.shape)}. Use flatten(), or matmul().`,
  );
}

/**
 * The inner product of two vectors, a scalar.
 *
 * @throws ShapeError unless both have one axis of one length; DTypeError for two bool operands
 * @example
 * ```ts
 * import { dot, tensor } from '@nadir/tensor';
 * dot(tensor([1, 2, 3]), tensor([4, 5, 6])).item(); // => 32
 * ```
 */
export function dot(a: Tensor, b: Tensor): Tensor {
  checkVectors('dot', a, b);
  if (!sameShape(a.shape, b.shape)) {
    throw new ShapeError(
      `dot(): vectors must have one length, got ${formatShape(a.shape)} and ${formatShape(b.shape)}.`,
    );
  }
  contractionDType('dot', [a, b]);
  return matmul(a, b);
}

/**
 * The products of every element of one vector with every one of another: `[m]` and `[n]` give `[m, n]`.
 *
 * @throws ShapeError unless both have one axis
 * @example
 * ```ts
 * import { outer, tensor } from '@nadir/tensor';
 * outer(tensor([1, 2]), tensor([3, 4])).toArray(); // => [[3, 4], [6, 8]]
 * ```
 */
export function outer(a: Tensor, b: Tensor): Tensor {
  checkVectors('outer', a, b);
  return binary('outer', 'mul', reshape(a, [a.size, 1]), b);
}

/** Options of `diagonal()`. */
export interface DiagonalOptions {
  /** Columns to the right of the main diagonal; negative: rows below it. Default 0. */
  readonly offset?: number;
  /** The axis of the rows. Default 0. */
  readonly rowAxis?: number;
  /** The axis of the columns. Default 1. */
  readonly columnAxis?: number;
}

/** The diagonal of the last two axes, as the last axis. */
function lastDiagonal(x: Tensor, offset: number): Tensor {
  const rows = x.shape[x.rank - 2]!;
  const columns = x.shape[x.rank - 1]!;
  const leads = x.shape.slice(0, -2);
  const first = offset >= 0 ? Math.min(offset, columns) : Math.min(-offset, rows) * columns;
  const length = Math.max(0, Math.min(rows + Math.min(0, offset), columns - Math.max(0, offset)));
  // In row-major order the elements of a diagonal are one row and one column apart.
  const flat = reshape(x, [...leads, rows * columns]);
  const step = columns + 1;
  return apply('slice', [flat], {
    starts: [...leads.map(() => 0), length === 0 ? 0 : first],
    stops: [...leads, length === 0 ? 0 : first + (length - 1) * step + 1],
    steps: [...leads.map(() => 1), step],
  });
}

/**
 * The diagonals of the matrices in two axes, which go and come back as a last axis. A view where strides allow.
 *
 * @throws ShapeError if an axis is out of range or both are the same
 * @example
 * ```ts
 * import { arange, diagonal } from '@nadir/tensor';
 * const x = arange(9).reshape([3, 3]);
 * diagonal(x).toArray(); // => [0, 4, 8]
 * diagonal(x, { offset: 1 }).toArray(); // => [1, 5]
 * ```
 */
export function diagonal(x: Tensor, options: DiagonalOptions = {}): Tensor {
  const { offset = 0, rowAxis = 0, columnAxis = 1 } = options;
  const rows = normalizeAxis('diagonal', rowAxis, x.rank);
  const columns = normalizeAxis('diagonal', columnAxis, x.rank);
  if (rows === columns) {
    throw new ShapeError(`diagonal(): needs two different axes, got ${rowAxis} and ${columnAxis}.`);
  }
  const rest = x.shape.flatMap((_, axis) => (axis === rows || axis === columns ? [] : [axis]));
  return lastDiagonal(permuted(x, [...rest, rows, columns]), offset);
}

/** `x` with its axes in another order; itself where that is the order they have. */
export function permuted(x: Tensor, axes: readonly number[]): Tensor {
  return axes.every((axis, i) => axis === i) ? x : apply('permute', [x], { axes });
}

/**
 * The sum of the main diagonal of a matrix, a scalar.
 *
 * @throws ShapeError unless `x` has two axes
 * @example
 * ```ts
 * import { tensor, trace } from '@nadir/tensor';
 * trace(tensor([[1, 2], [3, 4]])).item(); // => 5
 * ```
 */
export function trace(x: Tensor): Tensor {
  if (x.rank !== 2) throw new ShapeError(`trace(): needs a matrix, got ${formatShape(x.shape)}.`);
  return apply('sum', [lastDiagonal(x, 0)], { axes: [0] });
}
