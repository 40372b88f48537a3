import { apply } from '../dispatch.ts';
import { isFloat, isInteger } from '../dtype.ts';
import { DTypeError, ValueError } from '../errors.ts';
import { align, binary, scalar, toFloat, type Operand } from '../operands.ts';
import { none, type UnaryName } from '../primitives.ts';
import { broadcastShapes } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { lt, where } from './comparison.ts';

function rejectBool(op: string, x: Tensor, hint: string): Tensor {
  if (x.dtype === 'bool') throw new DTypeError(`${op}(): needs numbers, got bool. ${hint}`);
  return x;
}

function alignNumbers(op: string, a: Operand, b: Operand): readonly [Tensor, Tensor] {
  const pair = align(op, a, b);
  rejectBool(op, pair[0], 'Cast one operand to int32 or float32 first.');
  return pair;
}

/** Rounding leaves integers as they are. */
function rounding(name: UnaryName, x: Tensor): Tensor {
  return isFloat(x.dtype) ? apply(name, [x], none) : x;
}

/**
 * a + b, element by element, with broadcasting and promotion; of two bool tensors, whether either holds.
 * Throws a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { add, tensor } from '@nadir/tensor';
 * add(tensor([1, 2]), 10).toArray(); // => [11, 12]
 * ```
 */
export function add(a: Operand, b: Operand): Tensor {
  const pair = align('add', a, b);
  return apply(pair[0].dtype === 'bool' ? 'or' : 'add', pair, none);
}

/**
 * a − b, element by element, with broadcasting and promotion. Throws a DTypeError for two bool tensors, a ShapeError
 * for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { sub, tensor } from '@nadir/tensor';
 * sub(1, tensor([1, 3])).toArray(); // => [0, -2]
 * ```
 */
export function sub(a: Operand, b: Operand): Tensor {
  const pair = align('sub', a, b);
  rejectBool('sub', pair[0], 'Use logicalXor() for what differs, or cast to int32 first.');
  return apply('sub', pair, none);
}

/**
 * a · b, element by element, with broadcasting and promotion; of two bool tensors, whether both hold.
 * Throws a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { mul, tensor } from '@nadir/tensor';
 * mul(tensor([1, 2]), tensor([3, 4])).toArray(); // => [3, 8]
 * ```
 */
export function mul(a: Operand, b: Operand): Tensor {
  const pair = align('mul', a, b);
  return apply(pair[0].dtype === 'bool' ? 'and' : 'mul', pair, none);
}

/**
 * a / b, element by element, with broadcasting and promotion. True division: integers give float32, and x / 0 is
 * ±Infinity or NaN. Throws a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { div, tensor } from '@nadir/tensor';
 * div(tensor([1, 3], { dtype: 'int32' }), 2).toArray(); // => [0.5, 1.5]
 * ```
 */
export function div(a: Operand, b: Operand): Tensor {
  const pair = align('div', a, b);
  return apply('div', [toFloat(pair[0]), toFloat(pair[1])], none);
}

/**
 * ⌊a / b⌋, as Python's `//`: exact even where a / b rounds up. By zero, floats give a / b and integers 0. Gradients do
 * not pass. Throws a DTypeError for two bool tensors, a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { floorDivide, tensor } from '@nadir/tensor';
 * floorDivide(tensor([7, -7]), 2).toArray(); // => [3, -4]
 * ```
 */
export function floorDivide(a: Operand, b: Operand): Tensor {
  const [x, y] = alignNumbers('floorDivide', a, b).map((operand) => operand.detach()) as [Tensor, Tensor];
  const rest = apply('remainder', [x, y], none);
  const quotient = apply('div', [x, y], none);
  if (isInteger(x.dtype)) {
    // The truncated quotient is one too great where the signs differ and something is left.
    const inexact = apply('not', [binary('floorDivide', 'eq', rest, 0)], none);
    const opposite = binary('floorDivide', 'lt', apply('xor', [x, y], none), 0);
    const excess = apply('and', [inexact, opposite], none);
    return apply('sub', [quotient, excess.cast(x.dtype)], none);
  }
  // (a − rest) / b is whole but for rounding; rest = b only where |a| is negligible beside |b| or b infinite.
  const whole = apply('round', [apply('div', [apply('sub', [x, rest], none), y], none)], none);
  const below = where(apply('eq', [rest, y], none), -1, whole);
  return where(binary('floorDivide', 'eq', y, 0), quotient, below);
}

/**
 * a − b·⌊a / b⌋: what is left of a division, with the sign of the divisor, as Python's `%`. By zero, floats give NaN and
 * integers 0. Throws a DTypeError for two bool tensors, a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { remainder, tensor } from '@nadir/tensor';
 * remainder(tensor([7, -7]), 4).toArray(); // => [3, 1]
 * ```
 */
export function remainder(a: Operand, b: Operand): Tensor {
  return apply('remainder', alignNumbers('remainder', a, b), none);
}

/**
 * a to the power b, element by element, with broadcasting and promotion: integers stay integers and wrap, an integer to
 * a fraction is float32. Throws a ValueError for an integer tensor to a negative whole number, a DTypeError for two
 * bool tensors, a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { pow, tensor } from '@nadir/tensor';
 * pow(tensor([1, 2, 3]), 3).toArray(); // => [1, 8, 27]
 * ```
 */
export function pow(a: Operand, b: Operand): Tensor {
  if (a instanceof Tensor && typeof b === 'number') {
    if (isFloat(a.dtype)) {
      // The exponents of everyday use are a product, a root or a quotient, here as in torch.
      if (b === 2) return square(a);
      if (b === 0.5) return sqrt(a);
      if (b === -0.5) return rsqrt(a);
      if (b === -1) return reciprocal(a);
    } else if (b < 0 && Number.isInteger(b)) {
      throw new ValueError(
        `pow(): an integer tensor has no negative whole powers, got ${a.dtype} and ${b}. ` +
          'Cast it to float32 first.',
      );
    }
  }
  return apply('pow', alignNumbers('pow', a, b), none);
}

/**
 * The greater of a and b, element by element; NaN if either is. Where they are equal each gets half of the gradient.
 * Throws a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { maximum, tensor } from '@nadir/tensor';
 * maximum(tensor([1, 5]), tensor([4, 2])).toArray(); // => [4, 5]
 * ```
 */
export function maximum(a: Operand, b: Operand): Tensor {
  return binary('maximum', 'maximum', a, b);
}

/**
 * The smaller of a and b, element by element; NaN if either is. Where they are equal each gets half of the gradient.
 * Throws a ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { minimum, tensor } from '@nadir/tensor';
 * minimum(tensor([1, 5]), 3).toArray(); // => [1, 3]
 * ```
 */
export function minimum(a: Operand, b: Operand): Tensor {
  return binary('minimum', 'minimum', a, b);
}

/**
 * start + weight·(end − start), exactly `end` at weight 1. Shapes broadcast; integers become float32. Throws a ShapeError
 * for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { lerp, tensor } from '@nadir/tensor';
 * lerp(tensor([0, 10]), tensor([4, 20]), 0.25).toArray(); // => [1, 12.5]
 * ```
 */
export function lerp(start: Tensor, end: Operand, weight: Operand): Tensor {
  const [from, to] = align('lerp', toFloat(start), end);
  const span = apply('sub', [to, from], none);
  // From the nearer end, so that both ends are exact.
  if (typeof weight === 'number')
    return weight < 0.5 ? add(from, mul(span, weight)) : add(to, mul(span, weight - 1));
  if (weight instanceof Tensor) broadcastShapes('lerp', from.shape, weight.shape);
  const near = lt(weight, 0.5);
  return add(where(near, from, to), mul(span, where(near, weight, sub(weight, 1))));
}

/**
 * x, but at least `low` and at most `high` (`high` wins where they cross). Either may be left out. Bounds may be tensors
 * that broadcast. NaN stays NaN; the gradient passes where low ≤ x ≤ high. Throws a ValueError without bounds, a ShapeError
 * for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { clamp, tensor } from '@nadir/tensor';
 * clamp(tensor([-2, 0.5, 3]), 0, 1).toArray(); // => [0, 0.5, 1]
 * clamp(tensor([-2, 3]), undefined, 1).toArray(); // => [-2, 1]
 * ```
 */
export function clamp(x: Tensor, low?: Operand, high?: Operand): Tensor {
  if (low === undefined && high === undefined) {
    throw new ValueError('clamp(): needs a lower or an upper bound, got neither. Pass clamp(x, low, high).');
  }
  // where() on a comparison, as maximum() would halve the gradient at the bounds.
  let result = x;
  if (low !== undefined) {
    const [value, bound] = align('clamp', result, low);
    result = where(outside(apply('lt', [value, bound], none), low, bound), bound, value);
  }
  if (high !== undefined) {
    const [value, bound] = align('clamp', result, high);
    result = where(outside(apply('lt', [bound, value], none), high, bound), bound, value);
  }
  return result;
}

/** Where the bound replaces the value: beyond it, and where the bound is NaN. */
function outside(beyond: Tensor, given: Operand, bound: Tensor): Tensor {
  if (!isFloat(bound.dtype) || (typeof given === 'number' && !Number.isNaN(given))) return beyond;
  const ordered = apply('eq', [bound, bound], none);
  return apply('or', [beyond, apply('not', [ordered], none)], none);
}

/**
 * −x. Integers wrap. Throws a DTypeError for bool.
 *
 * @example
 * ```ts
 * import { neg, tensor } from '@nadir/tensor';
 * neg(tensor([1, -2])).toArray(); // => [-1, 2]
 * ```
 */
export function neg(x: Tensor): Tensor {
  return apply('neg', [rejectBool('neg', x, 'Use logicalNot().')], none);
}

/**
 * |x|. The gradient at 0 is 0.
 *
 * @example
 * ```ts
 * import { abs, tensor } from '@nadir/tensor';
 * abs(tensor([1, -2])).toArray(); // => [1, 2]
 * ```
 */
export function abs(x: Tensor): Tensor {
  return apply('abs', [x], none);
}

/**
 * −1, 0 or 1, in the dtype of x; NaN stays NaN.
 *
 * @example
 * ```ts
 * import { sign, tensor } from '@nadir/tensor';
 * sign(tensor([3, 0, -2])).toArray(); // => [1, 0, -1]
 * ```
 */
export function sign(x: Tensor): Tensor {
  return apply('sign', [x], none);
}

/**
 * x².
 *
 * @example
 * ```ts
 * import { square, tensor } from '@nadir/tensor';
 * square(tensor([3, -4])).toArray(); // => [9, 16]
 * ```
 */
export function square(x: Tensor): Tensor {
  return mul(x, x);
}

/**
 * √x; NaN below 0. Integers become float32.
 *
 * @example
 * ```ts
 * import { sqrt, tensor } from '@nadir/tensor';
 * sqrt(tensor([9, 16])).toArray(); // => [3, 4]
 * ```
 */
export function sqrt(x: Tensor): Tensor {
  return apply('sqrt', [toFloat(x)], none);
}

/**
 * 1 / √x: Infinity at 0, NaN below. Integers become float32.
 *
 * @example
 * ```ts
 * import { rsqrt, tensor } from '@nadir/tensor';
 * rsqrt(tensor([4, 16])).toArray(); // => [0.5, 0.25]
 * ```
 */
export function rsqrt(x: Tensor): Tensor {
  return reciprocal(sqrt(x));
}

/**
 * 1 / x: ±Infinity at ±0. Integers become float32.
 *
 * @example
 * ```ts
 * import { reciprocal, tensor } from '@nadir/tensor';
 * reciprocal(tensor([2, 4])).toArray(); // => [0.5, 0.25]
 * ```
 */
export function reciprocal(x: Tensor): Tensor {
  const y = toFloat(x);
  return div(scalar(1, y.dtype), y);
}

/**
 * The greatest whole number that is at most x; integers as they are. Its gradient is 0.
 *
 * @example
 * ```ts
 * import { floor, tensor } from '@nadir/tensor';
 * floor(tensor([1.5, -1.5])).toArray(); // => [1, -2]
 * ```
 */
export function floor(x: Tensor): Tensor {
  return rounding('floor', x);
}

/**
 * The smallest whole number that is at least x; integers as they are. Its gradient is 0.
 *
 * @example
 * ```ts
 * import { ceil, tensor } from '@nadir/tensor';
 * ceil(tensor([1.5, 3])).toArray(); // => [2, 3]
 * ```
 */
export function ceil(x: Tensor): Tensor {
  return rounding('ceil', x);
}

/**
 * The nearest whole number, half-way cases to the even one; integers as they are. Its gradient is 0.
 *
 * @example
 * ```ts
 * import { round, tensor } from '@nadir/tensor';
 * round(tensor([1.5, 2.5, 2.6])).toArray(); // => [2, 2, 3]
 * ```
 */
export function round(x: Tensor): Tensor {
  return rounding('round', x);
}

/**
 * The whole part of x; integers as they are. Its gradient is 0.
 *
 * @example
 * ```ts
 * import { tensor, trunc } from '@nadir/tensor';
 * trunc(tensor([1.5, -1.5])).toArray(); // => [1, -1]
 * ```
 */
export function trunc(x: Tensor): Tensor {
  return rounding('trunc', x);
}
