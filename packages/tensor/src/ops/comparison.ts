import { apply } from '../dispatch.ts';
import { categoryOf, isFloat } from '../dtype.ts';
import { DTypeError } from '../errors.ts';
import { align, binary, coerce, expandTo, scalar, type Operand } from '../operands.ts';
import { none, type BinaryName } from '../primitives.ts';
import { broadcastShapes, formatShape, sameShape } from '../shape.ts';
import { Tensor } from '../tensor.ts';

/** How far apart two numbers may be and still count as close: |a − b| ≤ atol + rtol·|b|. */
export interface Tolerance {
  /** Part of the second operand's magnitude. Default 1e-5. */
  readonly rtol?: number;
  /** Default 1e-8. */
  readonly atol?: number;
  /** Whether two NaN are close. Default false. */
  readonly equalNan?: boolean;
}

/**
 * a = b, element by element, as bool. NaN equals nothing. Throws a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { eq, tensor } from '@nadir/tensor';
 * eq(tensor([1, 2]), 2).toArray(); // => [false, true]
 * ```
 */
export function eq(a: Operand, b: Operand): Tensor {
  return binary('eq', 'eq', a, b);
}

/**
 * a ≠ b, element by element, as bool; true where either is NaN. Throws a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { ne, tensor } from '@nadir/tensor';
 * ne(tensor([1, 2]), 2).toArray(); // => [true, false]
 * ```
 */
export function ne(a: Operand, b: Operand): Tensor {
  return apply('not', [binary('ne', 'eq', a, b)], none);
}

/**
 * a < b, element by element, as bool; false where either is NaN. Throws a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { lt, tensor } from '@nadir/tensor';
 * lt(tensor([1, 2]), 2).toArray(); // => [true, false]
 * ```
 */
export function lt(a: Operand, b: Operand): Tensor {
  return binary('lt', 'lt', a, b);
}

/**
 * a ≤ b, element by element, as bool; false where either is NaN. Throws a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { le, tensor } from '@nadir/tensor';
 * le(tensor([1, 2, 3]), 2).toArray(); // => [true, true, false]
 * ```
 */
export function le(a: Operand, b: Operand): Tensor {
  return binary('le', 'le', a, b);
}

/**
 * a > b, element by element, as bool; false where either is NaN. Throws a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { gt, tensor } from '@nadir/tensor';
 * gt(tensor([1, 2, 3]), 2).toArray(); // => [false, false, true]
 * ```
 */
export function gt(a: Operand, b: Operand): Tensor {
  const [x, y] = align('gt', a, b);
  return apply('lt', [y, x], none);
}

/**
 * a ≥ b, element by element, as bool; false where either is NaN. Throws a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { ge, tensor } from '@nadir/tensor';
 * ge(tensor([1, 2, 3]), 2).toArray(); // => [false, true, true]
 * ```
 */
export function ge(a: Operand, b: Operand): Tensor {
  const [x, y] = align('ge', a, b);
  return apply('le', [y, x], none);
}

function truth(x: Operand): Tensor {
  return x instanceof Tensor ? x.cast('bool') : scalar(Number(Boolean(x) || Number.isNaN(x)), 'bool');
}

function logical(op: string, name: BinaryName, a: Operand, b: Operand): Tensor {
  return binary(op, name, truth(a), truth(b));
}

/**
 * Whether x is 0 or false, as bool.
 *
 * @example
 * ```ts
 * import { logicalNot, tensor } from '@nadir/tensor';
 * logicalNot(tensor([0, 2])).toArray(); // => [true, false]
 * ```
 */
export function logicalNot(x: Tensor): Tensor {
  return apply('not', [truth(x)], none);
}

/**
 * Whether both are other than 0, as bool. Throws a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { logicalAnd, tensor } from '@nadir/tensor';
 * logicalAnd(tensor([true, true]), tensor([true, false])).toArray(); // => [true, false]
 * ```
 */
export function logicalAnd(a: Operand, b: Operand): Tensor {
  return logical('logicalAnd', 'and', a, b);
}

/**
 * Whether either is other than 0, as bool. Throws a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { logicalOr, tensor } from '@nadir/tensor';
 * logicalOr(tensor([true, false]), tensor([false, false])).toArray(); // => [true, false]
 * ```
 */
export function logicalOr(a: Operand, b: Operand): Tensor {
  return logical('logicalOr', 'or', a, b);
}

/**
 * Whether just one is other than 0, as bool. Throws a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { logicalXor, tensor } from '@nadir/tensor';
 * logicalXor(tensor([true, true]), tensor([true, false])).toArray(); // => [false, true]
 * ```
 */
export function logicalXor(a: Operand, b: Operand): Tensor {
  return logical('logicalXor', 'xor', a, b);
}

/**
 * Whether x is NaN, as bool.
 *
 * @example
 * ```ts
 * import { isNaN, tensor } from '@nadir/tensor';
 * isNaN(tensor([1, NaN])).toArray(); // => [false, true]
 * ```
 */
export function isNaN(x: Tensor): Tensor {
  return apply('not', [apply('eq', [x, x], none)], none);
}

/**
 * Whether x is Infinity or −Infinity, as bool.
 *
 * @example
 * ```ts
 * import { isInf, tensor } from '@nadir/tensor';
 * isInf(tensor([1, -Infinity])).toArray(); // => [false, true]
 * ```
 */
export function isInf(x: Tensor): Tensor {
  return eq(apply('abs', [x], none), Infinity);
}

/**
 * Whether x is neither infinite nor NaN, as bool.
 *
 * @example
 * ```ts
 * import { isFinite, tensor } from '@nadir/tensor';
 * isFinite(tensor([1, Infinity, NaN])).toArray(); // => [true, false, false]
 * ```
 */
export function isFinite(x: Tensor): Tensor {
  return lt(apply('abs', [x], none), Infinity);
}

/**
 * Whether |a − b| ≤ atol + rtol·|b|, element by element, as bool. Infinities are close to themselves only. Defaults:
 * rtol 1e-5, atol 1e-8, equalNan false. Throws a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { isClose, tensor } from '@nadir/tensor';
 * isClose(tensor([1, 1.1]), 1.000001).toArray(); // => [true, false]
 * ```
 */
export function isClose(a: Operand, b: Operand, tolerance: Tolerance = {}): Tensor {
  return closeness('isClose', a, b, tolerance);
}

function closeness(
  op: string,
  a: Operand,
  b: Operand,
  { rtol = 1e-5, atol = 1e-8, equalNan = false }: Tolerance,
): Tensor {
  let [x, y] = align(op, a, b);
  // float64 holds every int32 exactly.
  if (!isFloat(x.dtype)) [x, y] = [x.cast('float64'), y.cast('float64')];
  const distance = x.sub(y).abs();
  const near = distance.le(y.abs().mul(rtol).add(atol));
  const close = eq(x, y).logicalOr(near.logicalAnd(isFinite(distance)));
  return equalNan ? close.logicalOr(isNaN(x).logicalAnd(isNaN(y))) : close;
}

/**
 * Whether all elements are close, as {@link isClose} tells. Reads values, so it cannot be part of a recorded program.
 * Throws a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { allClose, tensor } from '@nadir/tensor';
 * allClose(tensor([1, 2]), tensor([1.000001, 2])); // => true
 * ```
 */
export function allClose(a: Operand, b: Operand, tolerance: Tolerance = {}): boolean {
  return closeness('allClose', a, b, tolerance).all().item() !== 0;
}

/**
 * Whether two tensors have one shape and equal elements; NaN equals nothing. Reads values, so it cannot be part of a
 * recorded program.
 *
 * @example
 * ```ts
 * import { equal, tensor } from '@nadir/tensor';
 * equal(tensor([1, 2]), tensor([1, 2])); // => true
 * equal(tensor([1, 2]), tensor([[1, 2]])); // => false
 * ```
 */
export function equal(a: Tensor, b: Tensor): boolean {
  return sameShape(a.shape, b.shape) && eq(a, b).all().item() !== 0;
}

/**
 * a where the condition holds, else b. The three broadcast; a and b promote, two numbers are float32, two booleans bool.
 * Throws a DTypeError for a condition that is not bool, a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { tensor, where } from '@nadir/tensor';
 * const x = tensor([1, -2]);
 * where(x.gt(0), x, 0).toArray(); // => [1, 0]
 * ```
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  checkMask('where', condition);
  const booleans = typeof a === 'boolean' && typeof b === 'boolean';
  const [x, y] = booleans ? [scalar(Number(a), 'bool'), scalar(Number(b), 'bool')] : align('where', a, b);
  const shape = broadcastShapes('where', condition.shape, x.shape);
  return apply('where', [expandTo(condition, shape), expandTo(x, shape), expandTo(y, shape)], none);
}

/**
 * x, with `value` where the mask holds; the dtype of x. Mask and value broadcast. Throws a DTypeError for a mask that is
 * not bool or a value that the dtype cannot hold (a fraction among integers), a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { maskedFill, tensor } from '@nadir/tensor';
 * maskedFill(tensor([1, 2, 3]), tensor([false, true, false]), -1).toArray(); // => [1, -1, 3]
 * ```
 */
export function maskedFill(x: Tensor, mask: Tensor, value: Operand): Tensor {
  checkMask('maskedFill', mask);
  const fill = coerce('maskedFill', value, x.dtype);
  if (categoryOf(fill.dtype) > categoryOf(x.dtype)) {
    const given = value instanceof Tensor ? `a ${fill.dtype} tensor` : String(value);
    throw new DTypeError(
      `maskedFill(): the value must fit the tensor's dtype, got ${x.dtype} ${formatShape(x.shape)} and ${given}. ` +
        `Cast the tensor to ${fill.dtype} first.`,
    );
  }
  const shape = broadcastShapes('maskedFill', broadcastShapes('maskedFill', x.shape, mask.shape), fill.shape);
  return apply(
    'where',
    [expandTo(mask, shape), expandTo(fill.cast(x.dtype), shape), expandTo(x, shape)],
    none,
  );
}

function checkMask(op: string, mask: Tensor): void {
  if (mask.dtype === 'bool') return;
  throw new DTypeError(
    `${op}(): the condition must be bool, got ${mask.dtype} ${formatShape(mask.shape)}. Compare first, as in mask.ne(0).`,
  );
}
