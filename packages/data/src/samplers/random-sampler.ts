import { PhiloxGenerator } from '@nadir/random';
import { DataError } from '../data-error.ts';
import type { Sampler } from './sampler.ts';

/** Options of {@link randomSampler}. */
export interface RandomSamplerOptions {
  /** The same seed gives the same order in the same epoch. Default 0. */
  readonly seed?: number;
  /** Draw each index anew, so that some come twice. Default false. */
  readonly replacement?: boolean;
  /** Indices per epoch; more than `size` only with replacement. Default `size`. */
  readonly count?: number;
}

/** A new random order of 0 … size − 1 in every epoch. Throws a DataError for a count that cannot be drawn. */
export function randomSampler(size: number, options: RandomSamplerOptions = {}): Sampler {
  const { seed = 0, replacement = false, count = size } = options;
  if (!Number.isInteger(count) || count < 0 || (count > size && !replacement) || (count > 0 && size === 0)) {
    throw new DataError(
      `randomSampler(): count must be a whole number of at most ${size} without replacement, got ${count}.`,
    );
  }
  const root = new PhiloxGenerator({ seed });
  return {
    size: count,
    indices(epoch) {
      const generator = root.fork('randomSampler', epoch);
      if (replacement) return Int32Array.from({ length: count }, () => generator.integer(0, size));
      return generator.permutation(size).subarray(0, count);
    },
  };
}
