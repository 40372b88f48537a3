import { isFloat } from '../dtype.ts';
import { DTypeError, ValueError } from '../errors.ts';
import type { Generator } from '../generator.ts';
import { formatShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { mul } from './arithmetic.ts';
import { lt, where } from './comparison.ts';
import { rand } from './random.ts';

/** Options of {@link dropout}. */
export interface DropoutOptions {
  /** The probability of an element to become 0. Default 0.5. */
  readonly p?: number;
  /** Without training the result is x itself. Default true. */
  readonly training?: boolean;
  /** Default: the one that `manualSeed()` seeds. */
  readonly generator?: Generator;
}

/**
 * x with each element 0 at probability p, and the others scaled by 1 / (1 − p), so that the mean stays. The element at
 * row-major position i is dropped where the i-th float32 uniform is below p. Options: p (default 0.5), training (default
 * true), generator. Throws a ValueError for p outside [0, 1], a DTypeError for integers.
 * Srivastava et al. 2014, JMLR 15.
 *
 * @example
 * ```ts
 * import { dropout, tensor } from '@nadir/tensor';
 * dropout(tensor([1, 2]), { p: 1 }).toArray(); // => [0, 0]
 * dropout(tensor([1, 2]), { training: false }).toArray(); // => [1, 2]
 * ```
 */
export function dropout(x: Tensor, { p = 0.5, training = true, generator }: DropoutOptions = {}): Tensor {
  if (!(p >= 0 && p <= 1)) throw new ValueError(`dropout(): p must lie in [0, 1], got ${p}.`);
  if (!isFloat(x.dtype)) {
    throw new DTypeError(
      `dropout(): needs float32 or float64, got ${x.dtype} ${formatShape(x.shape)}. Cast first.`,
    );
  }
  if (!training || p === 0) return x;
  const dropped = lt(rand(x.shape, generator === undefined ? {} : { generator }), p);
  // where() rather than a product by the mask, which would turn a dropped infinity into NaN.
  return where(dropped, 0, mul(x, p === 1 ? 0 : 1 / (1 - p)));
}
