import { PhiloxGenerator } from '@nadir/random';
import { DataError } from '../data-error.ts';
import type { Sampler } from './sampler.ts';

/**
 * `count` indices per epoch, drawn with replacement in proportion to `weights`: torch's WeightedRandomSampler, against
 * classes of unequal size. Throws a DataError unless the weights are finite, ≥ 0 and not all zero.
 */
export function weightedSampler(
  weights: ArrayLike<number>,
  count: number,
  { seed = 0 }: { readonly seed?: number } = {},
): Sampler {
  const cumulative = new Float64Array(weights.length);
  let total = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]!;
    if (!(weight >= 0 && Number.isFinite(weight))) {
      throw new DataError(`weightedSampler(): weights must be finite and at least 0, got ${weight} at ${i}.`);
    }
    cumulative[i] = total += weight;
  }
  if (!(total > 0)) throw new DataError('weightedSampler(): at least one weight must be above 0.');
  const root = new PhiloxGenerator({ seed });
  return {
    size: count,
    indices(epoch) {
      const generator = root.fork('weightedSampler', epoch);
      return Int32Array.from({ length: count }, () => firstAbove(cumulative, generator.uniform53() * total));
    },
  };
}

/** The first position whose cumulative weight is above `target`. */
function firstAbove(cumulative: Float64Array, target: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle]! > target) high = middle;
    else low = middle + 1;
  }
  return low;
}
