// Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
// One round maps (c0, c1, c2, c3) to (hi(M1·c2) ^ c1 ^ k0, lo(M1·c2), hi(M0·c0) ^ c3 ^ k1, lo(M0·c0)), then
// bumps the key by the Weyl constants. Words are held as int32, where +, ^ and Math.imul are exact modulo 2^32.
const M0 = 0xd2511f53;
const M0_LOW = M0 & 0xffff;
const M0_HIGH = M0 >>> 16;
const M1 = 0xcd9e8d57;
const M1_LOW = M1 & 0xffff;
const M1_HIGH = M1 >>> 16;
const WEYL0 = 0x9e3779b9 | 0;
const WEYL1 = 0xbb67ae85 | 0;
const ROUNDS = 10;

/** Four uint32 words: the counter of one Philox block. */
export type PhiloxCounter = readonly [number, number, number, number];

/** Two uint32 words: the key of a Philox generator. */
export type PhiloxKey = readonly [number, number];

/**
 * Computes one Philox4x32-10 block: four random words from a counter and a key.
 *
 * Words are taken modulo 2^32, so signed and unsigned spellings of a word are equal.
 * Follows Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), as Random123 does.
 *
 * @param counter four words; in a draw the first two are the 64-bit block position, the others zero
 * @param key two words
 * @param out receives the four words; a new array by default
 * @throws RangeError if `out` has room for fewer than four words
 * @example
 * ```ts
 * import { philox4x32 } from '@nadir/random';
 *
 * const block = philox4x32([0, 0, 0, 0], [0, 0]);
 * block[0] === 0x6627e8d5; // => true
 * ```
 */
export function philox4x32(
  counter: PhiloxCounter,
  key: PhiloxKey,
  out: Uint32Array = new Uint32Array(4),
): Uint32Array {
  if (out.length < 4) {
    throw new RangeError(`philox4x32(): out must hold at least 4 words, got ${out.length}.`);
  }
  let c0 = counter[0] | 0;
  let c1 = counter[1] | 0;
  let c2 = counter[2] | 0;
  let c3 = counter[3] | 0;
  let k0 = key[0] | 0;
  let k1 = key[1] | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(c0, M0_HIGH, M0_LOW);
    const low0 = Math.imul(c0, M0);
    const high1 = multiplyHigh(c2, M1_HIGH, M1_LOW);
    const low1 = Math.imul(c2, M1);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + WEYL0) | 0;
    k1 = (k1 + WEYL1) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
  return out;
}

/**
 * Fills an array with consecutive random words: element `i` is lane `i mod 4` of block `position + floor(i / 4)`.
 *
 * An `Int32Array` and a `Uint32Array` receive the same bits. A draw uses `ceil(out.length / 4)` blocks; the
 * unused lanes of its last block are dropped, so the next draw starts at `position + ceil(out.length / 4)`.
 *
 * @param out filled completely; may be empty
 * @param key0 first key word, modulo 2^32
 * @param key1 second key word, modulo 2^32
 * @param positionLow low 32 bits of the block position, modulo 2^32
 * @param positionHigh high 32 bits of the block position, modulo 2^32
 * @example
 * ```ts
 * import { philoxFill, seedKey } from '@nadir/random';
 *
 * const words = new Uint32Array(6);
 * const [key0, key1] = seedKey(0);
 * philoxFill(words, key0, key1, 0, 0);
 * words[0] === 0x6627e8d5; // => true
 * ```
 */
export function philoxFill(
  out: Int32Array | Uint32Array,
  key0: number,
  key1: number,
  positionLow: number,
  positionHigh: number,
): void {
  const length = out.length;
  const whole = length - (length % 4);
  let low = positionLow | 0;
  let high = positionHigh | 0;
  // The rounds are written out here because a call per block, or a tuple returned from one, costs more than the block.
  for (let i = 0; i < whole; i += 4) {
    let c0 = low;
    let c1 = high;
    let c2 = 0;
    let c3 = 0;
    let k0 = key0 | 0;
    let k1 = key1 | 0;
    for (let round = 0; round < ROUNDS; round++) {
      const high0 = multiplyHigh(c0, M0_HIGH, M0_LOW);
      const low0 = Math.imul(c0, M0);
      const high1 = multiplyHigh(c2, M1_HIGH, M1_LOW);
      const low1 = Math.imul(c2, M1);
      c0 = high1 ^ c1 ^ k0;
      c1 = low1;
      c2 = high0 ^ c3 ^ k1;
      c3 = low0;
      k0 = (k0 + WEYL0) | 0;
      k1 = (k1 + WEYL1) | 0;
    }
    out[i] = c0;
    out[i + 1] = c1;
    out[i + 2] = c2;
    out[i + 3] = c3;
    low = (low + 1) | 0;
    if (low === 0) high = (high + 1) | 0;
  }
  if (whole < length) {
    const last = philox4x32([low, high, 0, 0], [key0, key1]);
    for (let i = whole; i < length; i++) out[i] = last[i - whole]!;
  }
}

/**
 * Turns 32 random bits into a uniform number in [0, 1): `(bits >>> 8) * 2^-24`, exact in float32.
 *
 * @param bits one word, signed or unsigned
 * @example
 * ```ts
 * import { uniformFromBits } from '@nadir/random';
 *
 * uniformFromBits(0x80000000); // => 0.5
 * ```
 */
export function uniformFromBits(bits: number): number {
  return (bits >>> 8) * 2 ** -24;
}

/**
 * High word of the 64-bit product of `word` and the constant `high·2^16 + low`, from four 16-bit products.
 * No sum overflows: (2^16 − 1)² + (2^16 − 1) < 2^32.
 */
function multiplyHigh(word: number, high: number, low: number): number {
  const wordLow = word & 0xffff;
  const wordHigh = word >>> 16;
  const cross = (Math.imul(wordHigh, low) + (Math.imul(wordLow, low) >>> 16)) | 0;
  const carry = (Math.imul(wordLow, high) + (cross & 0xffff)) | 0;
  return (Math.imul(wordHigh, high) + (cross >>> 16) + (carry >>> 16)) | 0;
}
