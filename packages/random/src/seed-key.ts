import type { PhiloxKey } from './philox.ts';

/**
 * The Philox key of a seed: the low and the high 32 bits of the seed as a 64-bit integer.
 *
 * @param seed a non-negative safe integer, or a bigint below 2^64
 * @throws RangeError if the seed is negative, fractional, not finite or too large
 * @throws TypeError if the seed is neither a number nor a bigint
 * @example
 * ```ts
 * import { seedKey } from '@nadir/random';
 *
 * const [low, high] = seedKey(2 ** 32 + 7);
 * low; // => 7
 * high; // => 1
 * ```
 */
export function seedKey(seed: number | bigint): PhiloxKey {
  if (typeof seed === 'bigint') {
    if (seed < 0n || seed >= 1n << 64n) {
      throw new RangeError(`seedKey(): seed must be in [0, 2^64), got ${seed}.`);
    }
    return [Number(seed & 0xffffffffn), Number(seed >> 32n)];
  }
  if (typeof seed !== 'number') {
    throw new TypeError(`seedKey(): seed must be a number or a bigint, got ${typeof seed}.`);
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(
      `seedKey(): seed must be a non-negative safe integer, got ${seed}. Hint: pass a bigint for seeds of up to 64 bits.`,
    );
  }
  return [seed >>> 0, Math.floor(seed / 2 ** 32)];
}
