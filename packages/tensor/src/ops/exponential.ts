import { apply } from '../dispatch.ts';
import { align, scalar, toFloat, type Operand } from '../operands.ts';
import { none, type UnaryName } from '../primitives.ts';
import type { Tensor } from '../tensor.ts';
import { isInf, where } from './comparison.ts';

function float(name: UnaryName, x: Tensor): Tensor {
  return apply(name, [toFloat(x)], none);
}

/**
 * e^x. Integers become float32.
 *
 * @example
 * ```ts
 * import { exp, tensor } from '@nadir/tensor';
 * exp(tensor([0, -Infinity])).toArray(); // => [1, 0]
 * ```
 */
export function exp(x: Tensor): Tensor {
  return float('exp', x);
}

/**
 * 2^x. Integers become float32.
 *
 * @example
 * ```ts
 * import { exp2, tensor } from '@nadir/tensor';
 * exp2(tensor([3, -1])).toArray(); // => [8, 0.5]
 * ```
 */
export function exp2(x: Tensor): Tensor {
  const exponent = toFloat(x);
  return apply('pow', align('exp2', scalar(2, exponent.dtype), exponent), none);
}

/**
 * e^x − 1, accurate near 0. Integers become float32.
 *
 * @example
 * ```ts
 * import { expm1, tensor } from '@nadir/tensor';
 * expm1(tensor([0, -Infinity])).toArray(); // => [0, -1]
 * ```
 */
export function expm1(x: Tensor): Tensor {
  return float('expm1', x);
}

/**
 * The natural logarithm: −Infinity at 0, NaN below. Integers become float32.
 *
 * @example
 * ```ts
 * import { log, tensor } from '@nadir/tensor';
 * log(tensor([1, 0])).toArray(); // => [0, -Infinity]
 * ```
 */
export function log(x: Tensor): Tensor {
  return float('log', x);
}

/**
 * log(1 + x), accurate near 0. Integers become float32.
 *
 * @example
 * ```ts
 * import { log1p, tensor } from '@nadir/tensor';
 * log1p(tensor([0, -1])).toArray(); // => [0, -Infinity]
 * ```
 */
export function log1p(x: Tensor): Tensor {
  return float('log1p', x);
}

/** log(x) / log(base), through float64 so that the logarithm of a power of the base is whole in float32. */
function logarithm(x: Tensor, logBase: number): Tensor {
  const y = toFloat(x);
  return log(y.cast('float64')).div(logBase).cast(y.dtype);
}

/**
 * The logarithm to base 2. Integers become float32.
 *
 * @example
 * ```ts
 * import { log2, tensor } from '@nadir/tensor';
 * log2(tensor([8, 0.5])).toArray(); // => [3, -1]
 * ```
 */
export function log2(x: Tensor): Tensor {
  return logarithm(x, Math.LN2);
}

/**
 * The logarithm to base 10. Integers become float32.
 *
 * @example
 * ```ts
 * import { log10, tensor } from '@nadir/tensor';
 * log10(tensor([1000, 1])).toArray(); // => [3, 0]
 * ```
 */
export function log10(x: Tensor): Tensor {
  return logarithm(x, Math.LN10);
}

/**
 * log(e^a + e^b) without overflow. Shapes broadcast; integers become float32. Throws a ShapeError for shapes that do not.
 *
 * @example
 * ```ts
 * import { logAddExp, tensor } from '@nadir/tensor';
 * logAddExp(tensor([1e4, -Infinity]), tensor([-1e4, -Infinity])).toArray(); // => [10000, -Infinity]
 * ```
 */
export function logAddExp(a: Operand, b: Operand): Tensor {
  const [x, y] = align('logAddExp', a, b).map(toFloat) as [Tensor, Tensor];
  // Each branch is smooth on its closed side, so that derivatives of any order are right where a = b.
  const second = apply('lt', [x, y], none);
  const greatest = where(second, y, x);
  const difference = where(second, x.sub(y), y.sub(x));
  const sameInfinity = apply('eq', [x, y], none).logicalAnd(isInf(x));
  return greatest.add(log1p(exp(where(sameInfinity, 0, difference))));
}

/**
 * The error function 2/√π · ∫₀ˣ e^(−t²) dt. Integers become float32.
 *
 * @example
 * ```ts
 * import { erf, tensor } from '@nadir/tensor';
 * erf(tensor([0, Infinity])).toArray(); // => [0, 1]
 * ```
 */
export function erf(x: Tensor): Tensor {
  return float('erf', x);
}
