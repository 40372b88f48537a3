import { philox4x32, type PhiloxKey } from './philox.ts';

// The last counter word of a block that hashes. Draws leave that word at zero, so no block of a hash is a block of a draw.
const NUMBER = 1;
const TEXT_START = 2;
const TEXT_BODY = 3;
const STREAM = 4;

/** A name of an independent stream of random numbers: text, or a number. */
export type StreamLabel = string | number;

/** Absorbs a stream number into a key. Stream 0 is the key itself. */
export function streamKey(key: PhiloxKey, stream: number): PhiloxKey {
  return stream === 0 ? key : absorb(key, stream, 0, 0, STREAM);
}

/**
 * Hashes labels into a key, one after another: each Philox block, keyed by the key so far, gives the next key.
 *
 * A number is one block over its float64 bits. A text is one block over its length and then one block for each six
 * UTF-16 code units. The length comes first and the block kinds differ, so no two lists of labels give the same
 * blocks: `['ab']`, `['a', 'b']`, `[1]` and `['1']` are four streams.
 */
export function labelKey(key: PhiloxKey, labels: readonly StreamLabel[]): PhiloxKey {
  let result = key;
  for (const label of labels) {
    result = typeof label === 'number' ? absorbNumber(result, label) : absorbText(result, label);
  }
  return result;
}

function absorbNumber(key: PhiloxKey, label: number): PhiloxKey {
  const float = new DataView(new ArrayBuffer(8));
  // Adding 0 turns −0 into 0: labels that are equal (===) name one stream.
  float.setFloat64(0, label + 0, true);
  return absorb(key, float.getUint32(0, true), float.getUint32(4, true), 0, NUMBER);
}

function absorbText(key: PhiloxKey, label: string): PhiloxKey {
  let result = absorb(key, label.length, 0, 0, TEXT_START);
  // charCodeAt past the end is NaN, which the bitwise operators take as 0: the padding of the last block.
  const pair = (at: number): number => label.charCodeAt(at) | (label.charCodeAt(at + 1) << 16);
  for (let at = 0; at < label.length; at += 6) {
    result = absorb(result, pair(at), pair(at + 2), pair(at + 4), TEXT_BODY);
  }
  return result;
}

function absorb(key: PhiloxKey, word0: number, word1: number, word2: number, kind: number): PhiloxKey {
  const block = philox4x32([word0, word1, word2, kind], key);
  return [block[0]!, block[1]!];
}
