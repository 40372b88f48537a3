import { apply } from '../dispatch.ts';
import { ValueError } from '../errors.ts';
import { toFloat } from '../operands.ts';
import { none } from '../primitives.ts';
import { normalizeAxis } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { add, mul, neg, sub } from './arithmetic.ts';
import { ge, gt, le, where } from './comparison.ts';
import { erf, exp, expm1, log, log1p } from './exponential.ts';
import { amax, sum } from './reduction.ts';
import { tanh } from './trigonometry.ts';

/** How {@link gelu} computes the normal distribution function. */
export interface GeluOptions {
  /** `'none'` is exact, by `erf`; `'tanh'` the approximation of the paper. Default `'none'`. */
  readonly approximate?: 'none' | 'tanh';
}

/** The sharpness of {@link softplus}. */
export interface SoftplusOptions {
  /** Greater is closer to relu. Default 1. */
  readonly beta?: number;
  /** Where beta·x is above it the result is x itself. Default 20. */
  readonly threshold?: number;
}

/**
 * The greater of x and 0. The gradient at 0 is 0; NaN stays NaN.
 *
 * @example
 * ```ts
 * import { relu, tensor } from '@nadir/tensor';
 * relu(tensor([-1, 2])).toArray(); // => [0, 2]
 * ```
 */
export function relu(x: Tensor): Tensor {
  return where(le(x, 0), 0, x);
}

/**
 * x where it is above 0, else slope·x. Default slope 0.01.
 *
 * @example
 * ```ts
 * import { leakyRelu, tensor } from '@nadir/tensor';
 * leakyRelu(tensor([-4, 2]), 0.25).toArray(); // => [-1, 2]
 * ```
 */
export function leakyRelu(x: Tensor, slope: number = 0.01): Tensor {
  const y = toFloat(x);
  return where(gt(y, 0), y, mul(y, slope));
}

/**
 * x where it is above 0, else alpha·(e^x − 1). Default alpha 1. Clevert et al. 2015, arXiv:1511.07289.
 *
 * @example
 * ```ts
 * import { elu, tensor } from '@nadir/tensor';
 * elu(tensor([-Infinity, 2])).toArray(); // => [-1, 2]
 * ```
 */
export function elu(x: Tensor, alpha: number = 1): Tensor {
  const y = toFloat(x);
  const positive = gt(y, 0);
  // The exponential sees no positive x: its overflow times a gradient of 0 would be NaN.
  return where(positive, y, mul(expm1(where(positive, 0, y)), alpha));
}

/**
 * scale·x where x is above 0, else scale·alpha·(e^x − 1), with the constants that keep mean 0 and variance 1.
 * Klambauer et al. 2017, arXiv:1706.02515.
 *
 * @example
 * ```ts
 * import { selu, tensor } from '@nadir/tensor';
 * selu(tensor([0, 0])).toArray(); // => [0, 0]
 * ```
 */
export function selu(x: Tensor): Tensor {
  return mul(elu(x, 1.6732632423543772), 1.0507009873554805);
}

/**
 * x cut to [low, high], by default [−1, 1]. The gradient at both ends is 0. Throws a ValueError unless low < high.
 *
 * @example
 * ```ts
 * import { hardTanh, tensor } from '@nadir/tensor';
 * hardTanh(tensor([-3, 0.5, 3])).toArray(); // => [-1, 0.5, 1]
 * ```
 */
export function hardTanh(x: Tensor, low: number = -1, high: number = 1): Tensor {
  if (!(low < high)) throw new ValueError(`hardTanh(): low must be below high, got ${low} and ${high}.`);
  return where(le(x, low), low, where(ge(x, high), high, x));
}

/**
 * x cut to [0, 6]. The gradient at both ends is 0.
 *
 * @example
 * ```ts
 * import { relu6, tensor } from '@nadir/tensor';
 * relu6(tensor([-3, 5, 9])).toArray(); // => [0, 5, 6]
 * ```
 */
export function relu6(x: Tensor): Tensor {
  return hardTanh(x, 0, 6);
}

/**
 * x·Φ(x), with the normal distribution function Φ. Hendrycks and Gimpel 2016, arXiv:1606.08415.
 *
 * @example
 * ```ts
 * import { gelu, tensor } from '@nadir/tensor';
 * gelu(tensor([0, 100])).toArray(); // => [0, 100]
 * gelu(tensor([0, 100]), { approximate: 'tanh' }).toArray(); // => [0, 100]
 * ```
 */
export function gelu(x: Tensor, { approximate = 'none' }: GeluOptions = {}): Tensor {
  const y = toFloat(x);
  if (approximate === 'none') return mul(mul(y, 0.5), add(erf(mul(y, Math.SQRT1_2)), 1));
  if (approximate !== 'tanh') {
    throw new ValueError(`gelu(): approximate must be 'none' or 'tanh', got '${String(approximate)}'.`);
  }
  const cubic = mul(y, add(mul(mul(y, y), 0.044715), 1));
  return mul(mul(y, 0.5), add(tanh(mul(cubic, Math.sqrt(2 / Math.PI))), 1));
}

/**
 * x·sigmoid(x), also called swish. Ramachandran et al. 2017, arXiv:1710.05941.
 *
 * @example
 * ```ts
 * import { silu, tensor } from '@nadir/tensor';
 * silu(tensor([0, 1e4])).toArray(); // => [0, 10000]
 * ```
 */
export function silu(x: Tensor): Tensor {
  const y = toFloat(x);
  return mul(y, sigmoid(y));
}

/**
 * x·tanh(softplus(x)). Misra 2019, arXiv:1908.08681.
 *
 * @example
 * ```ts
 * import { mish, tensor } from '@nadir/tensor';
 * mish(tensor([0, 1e4])).toArray(); // => [0, 10000]
 * ```
 */
export function mish(x: Tensor): Tensor {
  const y = toFloat(x);
  return mul(y, tanh(softplus(y)));
}

/**
 * 1 / (1 + e^−x), without overflow. Integers become float32.
 *
 * @example
 * ```ts
 * import { sigmoid, tensor } from '@nadir/tensor';
 * sigmoid(tensor([0, 1e4])).toArray(); // => [0.5, 1]
 * ```
 */
export function sigmoid(x: Tensor): Tensor {
  return apply('sigmoid', [toFloat(x)], none);
}

/**
 * log(sigmoid(x)), accurate on both sides. Integers become float32.
 *
 * @example
 * ```ts
 * import { logSigmoid, tensor } from '@nadir/tensor';
 * logSigmoid(tensor([1e4, -1e4])).neg().toArray(); // => [0, 10000]
 * ```
 */
export function logSigmoid(x: Tensor): Tensor {
  return neg(logOnePlusExp(neg(toFloat(x))));
}

/** log(1 + e^z). Each branch is smooth on its closed side, so that derivatives of any order are right at 0. */
function logOnePlusExp(z: Tensor): Tensor {
  const positive = gt(z, 0);
  const tail = log1p(exp(where(positive, neg(z), z)));
  return add(where(positive, z, 0), tail);
}

/**
 * log(1 + e^(beta·x)) / beta: a smooth relu, without overflow. Throws a ValueError for beta 0.
 *
 * @example
 * ```ts
 * import { softplus, tensor } from '@nadir/tensor';
 * softplus(tensor([1e4, -1e4])).toArray(); // => [10000, 0]
 * ```
 */
export function softplus(x: Tensor, { beta = 1, threshold = 20 }: SoftplusOptions = {}): Tensor {
  if (beta === 0) throw new ValueError('softplus(): beta must not be 0. It divides the result.');
  const y = toFloat(x);
  if (beta === 1) return where(gt(y, threshold), y, logOnePlusExp(y));
  const z = mul(y, beta);
  return where(gt(z, threshold), y, mul(logOnePlusExp(z), 1 / beta));
}

/** x − max(x) along the axis. The maximum is a constant to the gradient: both functions below do not depend on it. */
function shifted(op: string, x: Tensor, axis: number): readonly [Tensor, number] {
  const y = toFloat(x);
  const normal = normalizeAxis(op, axis, y.rank);
  if (y.size === 0) return [y, normal];
  return [sub(y, amax(y.detach(), normal, { keepDims: true })), normal];
}

/**
 * e^x / Σ e^x along an axis, without overflow. A line of −Infinity alone gives NaN. Integers become float32. Throws a
 * ShapeError for an axis out of range.
 *
 * @example
 * ```ts
 * import { softmax, tensor } from '@nadir/tensor';
 * softmax(tensor([1e4, 1e4]), 0).toArray(); // => [0.5, 0.5]
 * ```
 */
export function softmax(x: Tensor, axis: number): Tensor {
  const [y, normal] = shifted('softmax', x, axis);
  const weights = exp(y);
  return weights.div(sum(weights, normal, { keepDims: true }));
}

/**
 * log(softmax(x)) along an axis, without overflow or log(0). Integers become float32. Throws a ShapeError for an axis
 * out of range.
 *
 * @example
 * ```ts
 * import { logSoftmax, tensor } from '@nadir/tensor';
 * logSoftmax(tensor([0, 1e4]), 0).toArray(); // => [-10000, 0]
 * ```
 */
export function logSoftmax(x: Tensor, axis: number): Tensor {
  const [y, normal] = shifted('logSoftmax', x, axis);
  return sub(y, log(sum(exp(y), normal, { keepDims: true })));
}
