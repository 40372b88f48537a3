import { apply } from '../dispatch.ts';
import { align, scalar, toFloat, type Operand } from '../operands.ts';
import { none } from '../primitives.ts';
import type { Tensor } from '../tensor.ts';
import { add, div, mul, sqrt, sub } from './arithmetic.ts';
import { exp, expm1 } from './exponential.ts';

/**
 * Sine of x in radians. Integers become float32.
 *
 * @example
 * ```ts
 * import { sin, tensor } from '@nadir/tensor';
 * sin(tensor([0, Math.PI / 2])).toArray(); // => [0, 1]
 * ```
 */
export function sin(x: Tensor): Tensor {
  return apply('sin', [toFloat(x)], none);
}

/**
 * Cosine of x in radians. Integers become float32.
 *
 * @example
 * ```ts
 * import { cos, tensor } from '@nadir/tensor';
 * cos(tensor([0, Math.PI])).toArray(); // => [1, -1]
 * ```
 */
export function cos(x: Tensor): Tensor {
  return apply('cos', [toFloat(x)], none);
}

/**
 * Tangent of x in radians. Integers become float32.
 *
 * @example
 * ```ts
 * import { tan, tensor } from '@nadir/tensor';
 * tan(tensor([0, Math.PI / 4])).round().toArray(); // => [0, 1]
 * ```
 */
export function tan(x: Tensor): Tensor {
  const y = toFloat(x);
  return div(sin(y), cos(y));
}

/** √(1 − x²), accurate near ±1; two roots rather than one, so that the gradient at ±1 is infinite and not NaN. */
function leg(x: Tensor): Tensor {
  return mul(sqrt(sub(1, x)), sqrt(add(1, x)));
}

/**
 * The angle in [−π/2, π/2] whose sine is x; NaN outside [−1, 1]. Integers become float32.
 *
 * @example
 * ```ts
 * import { asin, tensor } from '@nadir/tensor';
 * asin(tensor([0, 2])).toArray(); // => [0, NaN]
 * ```
 */
export function asin(x: Tensor): Tensor {
  const y = toFloat(x);
  return apply('atan2', [y, leg(y)], none);
}

/**
 * The angle in [0, π] whose cosine is x; NaN outside [−1, 1]. Integers become float32.
 *
 * @example
 * ```ts
 * import { acos, tensor } from '@nadir/tensor';
 * acos(tensor([1, 2])).toArray(); // => [0, NaN]
 * ```
 */
export function acos(x: Tensor): Tensor {
  const y = toFloat(x);
  return apply('atan2', [leg(y), y], none);
}

/**
 * The angle in [−π/2, π/2] whose tangent is x. Integers become float32.
 *
 * @example
 * ```ts
 * import { atan, tensor } from '@nadir/tensor';
 * atan(tensor(Infinity, { dtype: 'float64' })).item() === Math.PI / 2; // => true
 * ```
 */
export function atan(x: Tensor): Tensor {
  const y = toFloat(x);
  return atan2(y, scalar(1, y.dtype));
}

/**
 * The angle in [−π, π] from the positive x axis to the point (x, y). Shapes broadcast; integers become float32. Throws a
 * ShapeError for shapes that do not broadcast.
 *
 * @example
 * ```ts
 * import { atan2, tensor } from '@nadir/tensor';
 * atan2(tensor([0, 1]), tensor([2, 1])).mul(4 / Math.PI).round().toArray(); // => [0, 1]
 * ```
 */
export function atan2(y: Operand, x: Operand): Tensor {
  return apply('atan2', align('atan2', y, x).map(toFloat), none);
}

/**
 * Hyperbolic sine, accurate near 0 and up to where it overflows. Integers become float32.
 *
 * @example
 * ```ts
 * import { sinh, tensor } from '@nadir/tensor';
 * sinh(tensor([0, -Infinity])).toArray(); // => [0, -Infinity]
 * ```
 */
export function sinh(x: Tensor): Tensor {
  // With a = e^(x/2) − 1 it is e^x − 1 = a·(a + 2): nothing cancels near 0, and e^x overflows no sooner than sinh.
  const half = mul(toFloat(x), 0.5);
  const [up, down] = [expm1(half), expm1(half.neg())];
  return sub(mul(mul(up, 0.5), add(up, 2)), mul(mul(down, 0.5), add(down, 2)));
}

/**
 * Hyperbolic cosine, up to where it overflows. Integers become float32.
 *
 * @example
 * ```ts
 * import { cosh, tensor } from '@nadir/tensor';
 * cosh(tensor([0, -Infinity])).toArray(); // => [1, Infinity]
 * ```
 */
export function cosh(x: Tensor): Tensor {
  // e^x as a square of e^(x/2), to overflow no sooner than cosh.
  const half = mul(toFloat(x), 0.5);
  const [up, down] = [exp(half), exp(half.neg())];
  return add(mul(mul(up, 0.5), up), mul(mul(down, 0.5), down));
}

/**
 * Hyperbolic tangent. Integers become float32.
 *
 * @example
 * ```ts
 * import { tanh, tensor } from '@nadir/tensor';
 * tanh(tensor([0, 1e4])).toArray(); // => [0, 1]
 * ```
 */
export function tanh(x: Tensor): Tensor {
  return apply('tanh', [toFloat(x)], none);
}
