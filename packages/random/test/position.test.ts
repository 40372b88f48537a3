import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance } from '@nadir/random';

const word = fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.constantFrom(0, 1, 0xfffffffe, 0xffffffff));

describe('advance', () => {
  it('adds in 64 bits', () => {
    fc.assert(
      fc.property(fc.tuple(word, word), fc.maxSafeNat(), (position, blocks) => {
        const sum = (BigInt(position[0]) + (BigInt(position[1]) << 32n) + BigInt(blocks)) % (1n << 64n);
        expect(advance(position, blocks)).toEqual([Number(sum & 0xffffffffn), Number(sum >> 32n)]);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it('takes signed words as their unsigned equals', () => {
    expect(advance([-1, 0], 1)).toEqual([0, 1]);
  });

  it.each([-1, 0.5, Number.NaN, Infinity, 2 ** 53])('refuses %s blocks', (blocks) => {
    expect(() => advance([0, 0], blocks)).toThrow(
      new RangeError(`advance(): blocks must be a non-negative safe integer, got ${blocks}.`),
    );
  });
});
