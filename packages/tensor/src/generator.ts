import { seedKey } from '@nadir/random';
import { apply, applyAssign } from './dispatch.ts';
import { ShapeError, ValueError } from './errors.ts';
import { checkShape, contiguousStrides, formatShape, sizeOf, type Shape } from './shape.ts';
import { noteStorages, Storage } from './storage.ts';
import { Tensor } from './tensor.ts';

/** Whole numbers from 0 to 2^53 − 1, or a bigint below 2^64. */
export type Seed = number | bigint;

/** The seed that a generator starts from when none is given. */
const initialSeed = 0;

function seeded(op: string, seed: Seed): Int32Array {
  const isSeed =
    typeof seed === 'bigint' ? seed >= 0n && seed < 1n << 64n : Number.isSafeInteger(seed) && seed >= 0;
  if (!isSeed) {
    throw new ValueError(
      `${op}(): the seed must be a whole number from 0 to 2^53 - 1, or a bigint below 2^64, got ${String(seed)}.`,
    );
  }
  const [key0, key1] = seedKey(seed);
  return Int32Array.of(key0, key1, 0, 0);
}

function stateTensor(words: Int32Array): Tensor {
  return new Tensor(Storage.host(words, 'int32'), [4], contiguousStrides([4]), 0, null);
}

/**
 * A source of random numbers: Philox4x32-10 (Salmon et al., SC 2011) with a key from the seed and a 64-bit position.
 *
 * One seed gives the same bits on every platform and executor. The state is a tensor, so that a compiled step draws
 * new numbers at every call.
 *
 * @param seed default 0: Nadir is reproducible unless told otherwise
 * @throws ValueError for a seed that is negative, fractional or too large
 * @example
 * ```ts
 * import { Generator, rand } from '@nadir/tensor';
 * const generator = new Generator(7);
 * const before = generator.getState();
 * const x = rand([2], { generator });
 * generator.setState(before);
 * x.equal(rand([2], { generator })); // => true
 * ```
 */
export class Generator {
  /** int32 `[4]`: the key (two words), then the position of the next block (low, high). */
  readonly state: Tensor;

  constructor(seed: Seed = initialSeed) {
    this.state = stateTensor(seeded('Generator', seed));
  }

  /** Starts again from `seed`. Throws a ValueError for a seed that is negative, fractional or too large. */
  manualSeed(seed: Seed): this {
    applyAssign(this.state, stateTensor(seeded('manualSeed', seed)));
    return this;
  }

  /** A copy of the state, for {@link Generator.setState}. */
  getState(): Tensor {
    return apply('copy', [this.state], {});
  }

  /** Continues from a state of this or another generator. Throws a ShapeError unless it is int32 `[4]`. */
  setState(state: Tensor): this {
    if (state.dtype !== 'int32' || state.rank !== 1 || state.size !== 4) {
      throw new ShapeError(
        `setState(): needs the int32 [4] that getState() gave, got ${state.dtype} ${formatShape(state.shape)}.`,
      );
    }
    applyAssign(this.state, state);
    return this;
  }

  /**
   * The next random bits, 32 in every int32 element: element i is lane i mod 4 of block position + ⌊i / 4⌋. The
   * position moves on by ⌈size / 4⌉ blocks. Throws a ShapeError for sizes that are not whole numbers ≥ 0.
   */
  bits(shape: Shape): Tensor {
    checkShape('bits', shape);
    const bits = apply('randomBits', [this.state], { shape: [...shape] });
    const blocks = Math.ceil(sizeOf(shape) / 4);
    if (blocks > 0) applyAssign(this.state, apply('randomAdvance', [this.state], { blocks }));
    return bits;
  }
}

let shared: Generator | null = null;

/**
 * The generator of every random operation that is not given one; made at its first use, with seed 0.
 *
 * Other libraries draw a default seed from the clock. Here every run repeats until {@link manualSeed} says otherwise.
 *
 * @example
 * ```ts
 * import { defaultGenerator, rand } from '@nadir/tensor';
 * const state = defaultGenerator().getState();
 * const x = rand([2]);
 * defaultGenerator().setState(state);
 * rand([2]).equal(x); // => true
 * ```
 */
export function defaultGenerator(): Generator {
  // Made inside a recorded function it still outlives it: its state is no constant of the program.
  shared ??= noteStorages(null, () => new Generator());
  return shared;
}

/**
 * Starts the default generator again from `seed`, and returns it. For other numbers in every run: `manualSeed(Date.now())`.
 *
 * @param seed a whole number from 0 to 2^53 − 1, or a bigint below 2^64
 * @throws ValueError for another seed
 * @example
 * ```ts
 * import { manualSeed, rand } from '@nadir/tensor';
 * manualSeed(1);
 * const x = rand([3]);
 * manualSeed(1);
 * rand([3]).equal(x); // => true
 * ```
 */
export function manualSeed(seed: Seed): Generator {
  return defaultGenerator().manualSeed(seed);
}
