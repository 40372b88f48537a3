const WORD = 2 ** 32;

/** A 64-bit block position as its low and high uint32 words. */
export type PhiloxPosition = readonly [low: number, high: number];

/**
 * Moves a 64-bit block position forward, with the carry into its high word, modulo 2^64.
 *
 * @param position low and high word
 * @param blocks how many blocks of four words to skip: a non-negative safe integer
 * @throws RangeError if `blocks` is negative, fractional or unsafe
 * @example
 * ```ts
 * import { advance } from '@nadir/random';
 *
 * const [low, high] = advance([0xffffffff, 0], 2);
 * low; // => 1
 * high; // => 1
 * ```
 */
export function advance(position: PhiloxPosition, blocks: number): PhiloxPosition {
  if (!Number.isSafeInteger(blocks) || blocks < 0) {
    throw new RangeError(`advance(): blocks must be a non-negative safe integer, got ${blocks}.`);
  }
  const low = (position[0] >>> 0) + (blocks % WORD);
  const high = (position[1] >>> 0) + Math.floor(blocks / WORD) + (low >= WORD ? 1 : 0);
  return [low % WORD, high % WORD];
}
