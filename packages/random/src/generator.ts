import { labelKey, streamKey, type StreamLabel } from './label-key.ts';
import { philox4x32, uniformFromBits, type PhiloxKey } from './philox.ts';
import { advance, type PhiloxPosition } from './position.ts';
import { seedKey } from './seed-key.ts';

const WORD = 2 ** 32;
const ALGORITHM = 'philox4x32-10';

/** What a {@link PhiloxGenerator} is made from. */
export interface PhiloxGeneratorOptions {
  /** A non-negative safe integer, or a bigint below 2^64. */
  readonly seed: number | bigint;
  /** A uint32 that tells apart independent generators of one seed. Default 0. */
  readonly stream?: number;
}

/** The whole state of a {@link PhiloxGenerator}: plain numbers, equal after a round trip through JSON. */
export interface PhiloxGeneratorState {
  readonly algorithm: typeof ALGORITHM;
  readonly key: PhiloxKey;
  /** The block of the next word. */
  readonly position: PhiloxPosition;
  /** The lane of the next word in its block: 0 to 3. */
  readonly lane: number;
}

/** What can be shuffled in place: an array, or a typed array. */
export interface MutableSequence {
  readonly length: number;
  [index: number]: unknown;
}

/**
 * A seeded random generator for code without tensors: samplers, splits, searches.
 *
 * Its words are those of Philox4x32-10 from block 0 on, in order: the words that `philoxFill` writes for the same key.
 * The key is `seedKey(seed)`; another `stream` or a {@link fork} hashes its name into the key.
 *
 * @throws RangeError if the seed or the stream is out of range
 * @example
 * ```ts
 * import { PhiloxGenerator } from '@nadir/random';
 *
 * const generator = new PhiloxGenerator({ seed: 1 });
 * const state = generator.getState();
 * const first = generator.uniform();
 * generator.setState(state);
 * generator.uniform() === first; // => true
 * ```
 */
export class PhiloxGenerator {
  #key: PhiloxKey;
  #position: PhiloxPosition = [0, 0];
  #lane = 0;
  readonly #block = new Uint32Array(4);
  // Whether #block holds the words of #position; a restored state computes them when they are asked for.
  #blockIsCurrent = false;

  constructor(options: PhiloxGeneratorOptions) {
    const { seed, stream = 0 } = options;
    if (!isWord(stream)) {
      throw new RangeError(`PhiloxGenerator(): stream must be an integer in [0, 2^32), got ${stream}.`);
    }
    this.#key = streamKey(seedKey(seed), stream);
  }

  /** The next 32 random bits, as an unsigned integer in [0, 2^32). */
  bits(): number {
    if (!this.#blockIsCurrent) {
      philox4x32([this.#position[0], this.#position[1], 0, 0], this.#key, this.#block);
      this.#blockIsCurrent = true;
    }
    const word = this.#block[this.#lane]!;
    if (this.#lane < 3) {
      this.#lane += 1;
    } else {
      this.#lane = 0;
      this.#position = advance(this.#position, 1);
      this.#blockIsCurrent = false;
    }
    return word;
  }

  /** A uniform number in [0, 1) with 24 random bits, exact in float32. Uses one word. */
  uniform(): number {
    return uniformFromBits(this.bits());
  }

  /** A uniform number in [0, 1) with 53 random bits. Uses two words: 27 bits of the first, 26 of the second. */
  uniform53(): number {
    const high = this.bits() >>> 5;
    const low = this.bits() >>> 6;
    return (high * 2 ** 26 + low) * 2 ** -53;
  }

  /**
   * A uniform integer in [low, high), free of modulo bias by rejection.
   *
   * @param low the smallest result: a safe integer
   * @param high one more than the largest result: a safe integer above `low`, at most 2^53 away
   * @throws RangeError if a bound is not a safe integer, or the range is empty or wider than 2^53
   * @example
   * ```ts
   * import { PhiloxGenerator } from '@nadir/random';
   *
   * const die = new PhiloxGenerator({ seed: 1 }).integer(1, 7);
   * die >= 1 && die <= 6; // => true
   * ```
   */
  integer(low: number, high: number): number {
    if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || low >= high || high - low > 2 ** 53) {
      throw new RangeError(
        `PhiloxGenerator.integer(): low and high must be safe integers with low < high and high - low <= 2^53, got ${low} and ${high}. Hint: high is exclusive.`,
      );
    }
    const range = high - low;
    return low + (range <= WORD ? this.#below32(range) : this.#below53(range));
  }

  /** A standard normal number by the Box–Muller transform of two 53-bit uniforms. Uses four words. */
  normal(): number {
    // 1 − u lies in (0, 1], where the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform53()));
    return radius * Math.cos(2 * Math.PI * this.uniform53());
  }

  /**
   * Shuffles an array or typed array in place (Fisher–Yates, every order equally likely) and returns it.
   *
   * @example
   * ```ts
   * import { PhiloxGenerator } from '@nadir/random';
   *
   * const cards = new PhiloxGenerator({ seed: 1 }).shuffle([1, 2, 3]);
   * cards.length; // => 3
   * ```
   */
  shuffle<A extends MutableSequence>(array: A): A {
    // Through the interface: TypeScript does not let an element of a generic array be assigned.
    const items: MutableSequence = array;
    for (let last = items.length - 1; last > 0; last--) {
      const pick = this.#below32(last + 1);
      const item = items[last];
      items[last] = items[pick];
      items[pick] = item;
    }
    return array;
  }

  /**
   * The integers 0 to `size` − 1 in random order.
   *
   * @param size an integer in [0, 2^31)
   * @throws RangeError if `size` is not such an integer
   */
  permutation(size: number): Int32Array {
    if (!isWord(size) || size >= 2 ** 31) {
      throw new RangeError(
        `PhiloxGenerator.permutation(): size must be an integer in [0, 2^31), got ${size}.`,
      );
    }
    const order = new Int32Array(size);
    for (let i = 0; i < size; i++) order[i] = i;
    return this.shuffle(order);
  }

  /**
   * An independent generator, at its start, that is a function of this one's seed, stream and the labels alone.
   *
   * How much has been drawn from this generator does not matter, so the randomness of a trial or a worker can be keyed
   * by its name. `fork('a', 2)` equals `fork('a').fork(2)`. Labels are hashed into the 64-bit key by a chain of Philox
   * blocks: each block is keyed by the key so far, its counter holds the float64 bits of a number, or the length and
   * then the UTF-16 code units of a text, and its first two words are the next key. The last counter word names the
   * kind of block and is zero in draws only. Two forks share a key with probability 2^-64, as any two 64-bit keys do.
   *
   * @param labels one or more texts or finite numbers; `1` and `'1'` differ
   * @throws RangeError if there is no label, or a number is not finite
   * @example
   * ```ts
   * import { PhiloxGenerator } from '@nadir/random';
   *
   * const study = new PhiloxGenerator({ seed: 1 });
   * const early = study.fork('trial', 7, 'lr').uniform();
   * study.bits();
   * study.fork('trial', 7, 'lr').uniform() === early; // => true
   * ```
   */
  fork(...labels: StreamLabel[]): PhiloxGenerator {
    if (labels.length === 0) {
      throw new RangeError(
        'PhiloxGenerator.fork(): at least one label is needed, got none. Hint: without a label the fork would repeat this generator.',
      );
    }
    for (const label of labels) {
      if (typeof label === 'number' && !Number.isFinite(label)) {
        throw new RangeError(`PhiloxGenerator.fork(): a numeric label must be finite, got ${label}.`);
      }
    }
    const forked = new PhiloxGenerator({ seed: 0 });
    forked.#key = labelKey(this.#key, labels);
    return forked;
  }

  /** The state from which {@link setState} continues exactly; safe to keep as JSON. */
  getState(): PhiloxGeneratorState {
    return { algorithm: ALGORITHM, key: this.#key, position: this.#position, lane: this.#lane };
  }

  /**
   * Continues from a state of {@link getState}, of this or another generator.
   *
   * @throws RangeError if the state is of another algorithm or malformed
   */
  setState(state: PhiloxGeneratorState): void {
    const { algorithm, key, position, lane } = state;
    if (algorithm !== ALGORITHM) {
      throw new RangeError(
        `PhiloxGenerator.setState(): algorithm must be '${ALGORITHM}', got '${String(algorithm)}'.`,
      );
    }
    if (!isWordPair(key) || !isWordPair(position) || !isWord(lane) || lane > 3) {
      throw new RangeError(
        `PhiloxGenerator.setState(): key and position must be pairs of integers in [0, 2^32) and lane an integer in [0, 3], got ${JSON.stringify(state)}.`,
      );
    }
    this.#key = [key[0], key[1]];
    this.#position = [position[0], position[1]];
    this.#lane = lane;
    this.#blockIsCurrent = false;
  }

  #below32(range: number): number {
    // The words below the largest multiple of range are shared out evenly; the rest are drawn again.
    const limit = WORD - (WORD % range);
    let word = this.bits();
    while (word >= limit) word = this.bits();
    return word % range;
  }

  #below53(range: number): number {
    const limit = 2 ** 53 - (2 ** 53 % range);
    const draw = (): number => (this.bits() >>> 11) * WORD + this.bits();
    let value = draw();
    while (value >= limit) value = draw();
    return value % range;
  }
}

function isWord(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < WORD;
}

function isWordPair(value: unknown): value is PhiloxKey {
  return Array.isArray(value) && value.length === 2 && isWord(value[0]) && isWord(value[1]);
}
