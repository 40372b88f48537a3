import { apply } from '../dispatch.ts';
import { isFloat, isInteger } from '../dtype.ts';
import { DTypeError } from '../errors.ts';
import { align, type Operand } from '../operands.ts';
import { none, type BinaryName } from '../primitives.ts';
import { formatShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { where } from './comparison.ts';

function bits(op: string, name: BinaryName, a: Operand, b: Operand): Tensor {
  const [x, y] = align(op, a, b);
  if (isFloat(x.dtype)) {
    throw new DTypeError(
      `${op}(): needs integers or bool, got ${x.dtype} ${formatShape(x.shape)}. Cast both operands to int32 first.`,
    );
  }
  return apply(name, [x, y], none);
}

function alignIntegers(op: string, a: Operand, b: Operand): readonly [Tensor, Tensor] {
  const [x, y] = align(op, a, b);
  if (!isInteger(x.dtype)) {
    throw new DTypeError(
      `${op}(): needs int32 or uint8, got ${x.dtype} ${formatShape(x.shape)}. Cast both operands to int32 first.`,
    );
  }
  return [x, y];
}

/**
 * a & b, bit by bit; of bool, whether both hold. Throws a DTypeError for floats, a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { bitwiseAnd, tensor } from '@nadir/tensor';
 * bitwiseAnd(tensor([12, 10], { dtype: 'int32' }), 6).toArray(); // => [4, 2]
 * ```
 */
export function bitwiseAnd(a: Operand, b: Operand): Tensor {
  return bits('bitwiseAnd', 'and', a, b);
}

/**
 * a | b, bit by bit; of bool, whether either holds. Throws a DTypeError for floats, a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { bitwiseOr, tensor } from '@nadir/tensor';
 * bitwiseOr(tensor([12, 10], { dtype: 'int32' }), 3).toArray(); // => [15, 11]
 * ```
 */
export function bitwiseOr(a: Operand, b: Operand): Tensor {
  return bits('bitwiseOr', 'or', a, b);
}

/**
 * a ^ b, bit by bit; of bool, whether just one holds. Throws a DTypeError for floats, a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { bitwiseXor, tensor } from '@nadir/tensor';
 * bitwiseXor(tensor([12, 10], { dtype: 'int32' }), 6).toArray(); // => [10, 12]
 * ```
 */
export function bitwiseXor(a: Operand, b: Operand): Tensor {
  return bits('bitwiseXor', 'xor', a, b);
}

/**
 * ~x, bit by bit; of bool, whether it does not hold. Throws a DTypeError for floats.
 *
 * @example
 * ```ts
 * import { bitwiseNot, tensor } from '@nadir/tensor';
 * bitwiseNot(tensor([0, 5], { dtype: 'int32' })).toArray(); // => [-1, -6]
 * ```
 */
export function bitwiseNot(x: Tensor): Tensor {
  if (isFloat(x.dtype)) {
    throw new DTypeError(
      `bitwiseNot(): needs integers or bool, got ${x.dtype} ${formatShape(x.shape)}. Cast to int32 first.`,
    );
  }
  return apply('not', [x], none);
}

/**
 * x << bits, for 0 to 31 bits; what leaves the dtype is dropped. Throws a DTypeError unless both are int32 or uint8, a
 * ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { shiftLeft, tensor } from '@nadir/tensor';
 * shiftLeft(tensor([1, 3], { dtype: 'int32' }), 4).toArray(); // => [16, 48]
 * ```
 */
export function shiftLeft(x: Operand, count: Operand): Tensor {
  return apply('shiftLeft', alignIntegers('shiftLeft', x, count), none);
}

/**
 * x >> bits, for 0 to 31 bits: the sign stays, as in NumPy and torch, so that it is ⌊x / 2^bits⌋. Throws a DTypeError
 * unless both are int32 or uint8, a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { shiftRight, tensor } from '@nadir/tensor';
 * shiftRight(tensor([16, -16], { dtype: 'int32' }), 2).toArray(); // => [4, -4]
 * ```
 */
export function shiftRight(x: Operand, count: Operand): Tensor {
  const [value, amount] = alignIntegers('shiftRight', x, count);
  if (value.dtype === 'uint8') return apply('shiftRight', [value, amount], none);
  // The primitive brings in zeros; of a negative number the complement is shifted, whose high bits are zeros.
  const negative = value.lt(0);
  const magnitude = where(negative, apply('not', [value], none), value);
  const shifted = apply('shiftRight', [magnitude, amount], none);
  return where(negative, apply('not', [shifted], none), shifted);
}
