import { ShapeError, ValueError } from '../errors.ts';
import { toFloat, type Axes, type KeepDims } from '../operands.ts';
import { formatShape, normalizeAxes } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { abs, add, div, mul, pow, sqrt, sub } from './arithmetic.ts';
import { eq, isFinite, ne, where } from './comparison.ts';
import { exp, log } from './exponential.ts';
import { amax, amin, countOf, mean, sum } from './reduction.ts';

/** Options of {@link variance} and {@link std}. */
export interface SpreadOptions extends KeepDims {
  /** What is taken off the count of elements in the divisor: 1 for the estimate from a sample, 0 for a population. Default 1. */
  readonly correction?: number;
}

/** Options of {@link norm}. */
export interface NormOptions extends KeepDims {
  /** The order p: a number above 0, Infinity for the greatest magnitude, −Infinity for the smallest, 0 to count non-zeros (without gradient). Default 2. */
  readonly ord?: number;
}

/**
 * log Σ e^x over axes, all by default, without overflow; −Infinity of no elements and of −Infinity alone. Its gradient is
 * the softmax, which −Infinity alone does not have: NaN, as in torch. Integers become float32. Options: keepDims. Throws a
 * ShapeError for axes out of range.
 *
 * @example
 * ```ts
 * import { logSumExp, tensor } from '@nadir/tensor';
 * logSumExp(tensor([1e4, -1e4])).item(); // => 10000
 * ```
 */
export function logSumExp(x: Tensor, axes?: Axes, options: KeepDims = {}): Tensor {
  const y = toFloat(x);
  const keepDims = { keepDims: true };
  if (countOf('logSumExp', y, axes) === 0) return log(sum(exp(y), axes, options));
  const greatest = amax(y.detach(), axes, keepDims);
  // An infinite shift would make ∞ − ∞; without a shift those lines come out right.
  const shift = where(isFinite(greatest), greatest, 0);
  const result = add(log(sum(exp(sub(y, shift)), axes, keepDims)), shift);
  return options.keepDims === true ? result : result.squeeze(normalizeAxes('logSumExp', axes, y.rank));
}

/**
 * The mean squared distance from the mean over axes, all by default: Σ (x − mean)² / (n − correction), in two passes.
 * NaN where that is 0 / 0. Integers become float32. Options: correction (default 1), keepDims. Throws a ShapeError for
 * axes out of range.
 *
 * @example
 * ```ts
 * import { tensor, variance } from '@nadir/tensor';
 * variance(tensor([1, 2, 3, 4]), 0, { correction: 0 }).item(); // => 1.25
 * ```
 */
export function variance(x: Tensor, axes?: Axes, options: SpreadOptions = {}): Tensor {
  return spread('variance', x, axes, options);
}

function spread(op: string, x: Tensor, axes: Axes | undefined, options: SpreadOptions): Tensor {
  const y = toFloat(x);
  const divisor = Math.max(0, countOf(op, y, axes) - (options.correction ?? 1));
  const deviation = sub(y, mean(y, axes, { keepDims: true }));
  return div(sum(mul(deviation, deviation), axes, options), divisor);
}

/** √x with a gradient of 0, not of 0·∞, where x is 0. */
function rootOfSum(x: Tensor): Tensor {
  const zero = eq(x, 0);
  return where(zero, 0, sqrt(where(zero, 1, x)));
}

/**
 * The square root of the {@link variance} over axes, all by default. The gradient where it is 0 is 0. Integers become
 * float32. Options: correction (default 1), keepDims. Throws a ShapeError for axes out of range.
 *
 * @example
 * ```ts
 * import { std, tensor } from '@nadir/tensor';
 * std(tensor([1, 3, 5])).item(); // => 2
 * ```
 */
export function std(x: Tensor, axes?: Axes, options: SpreadOptions = {}): Tensor {
  return rootOfSum(spread('std', x, axes, options));
}

/**
 * The vector norm (Σ |x|^p)^(1/p) over axes, all by default, with p = `ord` (default 2). The gradient at the zero vector
 * is 0. Integers become float32. Options: ord, keepDims. Throws a ValueError for another ord, a ShapeError for axes out
 * of range, or of size 0 with an infinite ord.
 *
 * @example
 * ```ts
 * import { norm, tensor } from '@nadir/tensor';
 * norm(tensor([3, -4])).item(); // => 5
 * norm(tensor([3, -4]), 0, { ord: 1 }).item(); // => 7
 * ```
 */
export function norm(x: Tensor, axes?: Axes, options: NormOptions = {}): Tensor {
  const { ord = 2 } = options;
  const y = toFloat(x);
  if (countOf('norm', y, axes) === 0 && Math.abs(ord) === Infinity) {
    throw new ShapeError(
      `norm(): no elements have no extreme, got shape ${formatShape(y.shape)} and ord ${ord}. Use a finite ord.`,
    );
  }
  switch (ord) {
    case 2:
      return rootOfSum(sum(mul(y, y), axes, options));
    case 1:
      return sum(abs(y), axes, options);
    case Infinity:
      return amax(abs(y), axes, options);
    case -Infinity:
      return amin(abs(y), axes, options);
    case 0:
      return sum(ne(y, 0).cast(y.dtype), axes, options);
  }
  if (!(ord > 0)) {
    throw new ValueError(`norm(): ord must be above 0, or 0, Infinity or -Infinity, got ${ord}.`);
  }
  // Powers below 1 have an infinite slope at 0, so neither power sees a 0.
  const zero = eq(y, 0);
  const total = sum(where(zero, 0, pow(where(zero, 1, abs(y)), ord)), axes, options);
  const nothing = eq(total, 0);
  return where(nothing, 0, pow(where(nothing, 1, total), 1 / ord));
}
