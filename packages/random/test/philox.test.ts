import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance, philox4x32, philoxFill, uniformFromBits } from '@nadir/random';
import type { PhiloxCounter, PhiloxKey } from '@nadir/random';
import { referenceBlock } from './philox-reference.ts';

// The philox4x32-10 lines of Random123's tests/kat_vectors: counter, key, answer.
const knownAnswers = [
  '00000000 00000000 00000000 00000000 00000000 00000000 6627e8d5 e169c58d bc57ac4c 9b00dbd8',
  'ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 408f276d 41c83b0e a20bc7c6 6d5451fd',
  '243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1',
];

const word = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.constantFrom(0, 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff),
);
const key = fc.tuple(word, word);

describe('philox4x32', () => {
  it.each(knownAnswers)('gives the known answer of %s', (line) => {
    const words = line.split(' ').map((text) => Number.parseInt(text, 16));
    const block = philox4x32(
      words.slice(0, 4) as unknown as PhiloxCounter,
      words.slice(4, 6) as unknown as PhiloxKey,
    );
    expect([...block]).toEqual(words.slice(6));
  });

  it('equals the definition in exact arithmetic', () => {
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), key, (counter, k) => {
        expect([...philox4x32(counter, k)]).toEqual(referenceBlock(counter, k));
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it('takes signed words as their unsigned equals', () => {
    expect(philox4x32([-1, -1, -1, -1], [-1, -1])).toEqual(
      philox4x32([0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff]),
    );
  });

  it('writes into out and returns it', () => {
    const out = new Uint32Array(4);
    expect(philox4x32([0, 0, 0, 0], [0, 0], out)).toBe(out);
    expect(out[0]).toBe(0x6627e8d5);
  });

  it('refuses an out that is too short', () => {
    expect(() => philox4x32([0, 0, 0, 0], [0, 0], new Uint32Array(3))).toThrow(
      'philox4x32(): out must hold at least 4 words, got 3.',
    );
  });
});

describe('philoxFill', () => {
  it('writes lane i mod 4 of block position + floor(i / 4), for every length', () => {
    fc.assert(
      fc.property(key, fc.tuple(word, word), fc.nat({ max: 37 }), (k, position, length) => {
        const out = new Uint32Array(length);
        philoxFill(out, k[0], k[1], position[0], position[1]);
        const expected = Array.from({ length }, (_, i) => {
          const [low, high] = advance(position, Math.floor(i / 4));
          return referenceBlock([low, high, 0, 0], k)[i % 4]!;
        });
        expect([...out]).toEqual(expected);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('carries into the high word of the position, and wraps at 2^64', () => {
    const out = new Uint32Array(8);
    philoxFill(out, 5, 6, 0xffffffff, 7);
    expect([...out.subarray(4)]).toEqual(referenceBlock([0, 8, 0, 0], [5, 6]));
    philoxFill(out, 5, 6, 0xffffffff, 0xffffffff);
    expect([...out.subarray(4)]).toEqual(referenceBlock([0, 0, 0, 0], [5, 6]));
  });

  it('writes the same bits into signed and unsigned arrays', () => {
    const signed = new Int32Array(103);
    const unsigned = new Uint32Array(103);
    philoxFill(signed, 1, 2, 3, 4);
    philoxFill(unsigned, 1, 2, 3, 4);
    expect(new Uint32Array(signed.buffer)).toEqual(unsigned);
  });

  it('continues where the last draw ended', () => {
    const whole = new Uint32Array(24);
    philoxFill(whole, 1, 2, 0, 0);
    const rest = new Uint32Array(16);
    philoxFill(rest, 1, 2, 2, 0);
    expect(rest).toEqual(whole.subarray(8));
  });
});

describe('uniformFromBits', () => {
  it('covers [0, 1) in steps of 2^-24', () => {
    expect(uniformFromBits(0xff)).toBe(0);
    expect(uniformFromBits(0x100)).toBe(2 ** -24);
    expect(uniformFromBits(-1)).toBe(1 - 2 ** -24);
    expect(uniformFromBits(0xffffffff)).toBe(1 - 2 ** -24);
  });

  it('is exact in float32', () => {
    for (const bits of philox4x32([1, 0, 0, 0], [2, 3])) {
      expect(Math.fround(uniformFromBits(bits))).toBe(uniformFromBits(bits));
    }
  });
});
