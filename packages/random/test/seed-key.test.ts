import { describe, expect, it } from 'vitest';
import { seedKey } from '@nadir/random';

describe('seedKey', () => {
  it('splits a seed into its low and high words', () => {
    expect(seedKey(0)).toEqual([0, 0]);
    expect(seedKey(0xffffffff)).toEqual([0xffffffff, 0]);
    expect(seedKey(2 ** 32)).toEqual([0, 1]);
    expect(seedKey(Number.MAX_SAFE_INTEGER)).toEqual([0xffffffff, 0x1fffff]);
    expect(seedKey((1n << 64n) - 1n)).toEqual([0xffffffff, 0xffffffff]);
  });

  it('gives a number and the equal bigint one key', () => {
    for (const seed of [0, 1, 2 ** 31, 2 ** 40 + 3, Number.MAX_SAFE_INTEGER]) {
      expect(seedKey(BigInt(seed))).toEqual(seedKey(seed));
    }
  });

  it.each([-1, 1.5, Number.NaN, Infinity, 2 ** 53])('refuses the number %s and names it', (seed) => {
    expect(() => seedKey(seed)).toThrow(RangeError);
    expect(() => seedKey(seed)).toThrow(`got ${seed}.`);
  });

  it.each([-1n, 1n << 64n])('refuses the bigint %s and names it', (seed) => {
    expect(() => seedKey(seed)).toThrow(new RangeError(`seedKey(): seed must be in [0, 2^64), got ${seed}.`));
  });

  it('refuses what is not a number', () => {
    expect(() => seedKey('1' as unknown as number)).toThrow(
      new TypeError('seedKey(): seed must be a number or a bigint, got string.'),
    );
  });
});
