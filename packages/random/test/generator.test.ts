import { describe, expect, it } from 'vitest';
import { PhiloxGenerator, philoxFill, seedKey } from '@nadir/random';

const take = <T>(count: number, draw: () => T): T[] => Array.from({ length: count }, draw);

/** Pearson's statistic against equal expected counts. */
function chiSquare(counts: readonly number[], total: number): number {
  const expected = total / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Mean of the powers 1 to 4 of a sample. */
function moments(sample: readonly number[]): number[] {
  return [1, 2, 3, 4].map((power) => sample.reduce((sum, x) => sum + x ** power, 0) / sample.length);
}

describe('PhiloxGenerator words', () => {
  it('are those of philoxFill from block 0', () => {
    const words = new Uint32Array(21);
    philoxFill(words, ...seedKey(2n ** 40n + 9n), 0, 0);
    const generator = new PhiloxGenerator({ seed: 2n ** 40n + 9n });
    expect(take(21, () => generator.bits())).toEqual([...words]);
  });

  it('differ between seeds and between streams', () => {
    const firsts = [
      new PhiloxGenerator({ seed: 1 }),
      new PhiloxGenerator({ seed: 2 }),
      new PhiloxGenerator({ seed: 1, stream: 1 }),
      new PhiloxGenerator({ seed: 1, stream: 2 }),
    ].map((generator) => generator.bits());
    expect(new Set(firsts).size).toBe(firsts.length);
    expect(new PhiloxGenerator({ seed: 1, stream: 0 }).bits()).toBe(firsts[0]);
  });

  it.each([-1, 0.5, 2 ** 32, Number.NaN])('refuse stream %s', (stream) => {
    expect(() => new PhiloxGenerator({ seed: 1, stream })).toThrow(
      `PhiloxGenerator(): stream must be an integer in [0, 2^32), got ${stream}.`,
    );
  });
});

describe('PhiloxGenerator.uniform', () => {
  // A mean of n uniforms has standard deviation 1/√(12 n); the bounds are four of those.
  it.each(['uniform', 'uniform53'] as const)(
    '%s has the moments and the flat histogram of U(0, 1)',
    (method) => {
      const generator = new PhiloxGenerator({ seed: 11 });
      const sample = take(100_000, () => generator[method]());
      expect(sample.every((x) => x >= 0 && x < 1)).toBe(true);
      const [mean, second] = moments(sample);
      expect(Math.abs(mean! - 1 / 2)).toBeLessThan(4 / Math.sqrt(12 * sample.length));
      expect(Math.abs(second! - 1 / 3)).toBeLessThan(4 * Math.sqrt(4 / 45 / sample.length));
      const counts = Array<number>(100).fill(0);
      for (const x of sample) counts[Math.floor(x * 100)]! += 1;
      // The 0.1 % and 99.9 % points of chi-square with 99 degrees of freedom.
      expect(chiSquare(counts, sample.length)).toBeGreaterThan(60.9);
      expect(chiSquare(counts, sample.length)).toBeLessThan(148.3);
    },
  );

  it('shows no dependence between neighbours', () => {
    const generator = new PhiloxGenerator({ seed: 12 });
    const counts = Array<number>(64).fill(0);
    for (let i = 0; i < 64_000; i++) {
      counts[Math.floor(generator.uniform() * 8) * 8 + Math.floor(generator.uniform() * 8)]! += 1;
    }
    // 99.9 % point with 63 degrees of freedom.
    expect(chiSquare(counts, 64_000)).toBeLessThan(103.5);
  });

  it('uniform53 has bits below 2^-24', () => {
    const generator = new PhiloxGenerator({ seed: 1 });
    expect(take(8, () => generator.uniform53() * 2 ** 24).some((x) => !Number.isInteger(x))).toBe(true);
  });
});

describe('PhiloxGenerator.integer', () => {
  it('is even over a range that does not divide 2^32', () => {
    const generator = new PhiloxGenerator({ seed: 13 });
    const counts = Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[generator.integer(-3, 4) + 3]! += 1;
    // 99.9 % point with 6 degrees of freedom.
    expect(chiSquare(counts, 70_000)).toBeLessThan(22.5);
  });

  // With a bare modulo the lower half of a range of 3·2^30 would be hit twice as often.
  it.each([3 * 2 ** 30, 3 * 2 ** 51])('has no modulo bias over a range of %s', (range) => {
    const generator = new PhiloxGenerator({ seed: 14 });
    const counts = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) counts[Math.floor((generator.integer(0, range) / range) * 3)]! += 1;
    // 99.9 % point with 2 degrees of freedom.
    expect(chiSquare(counts, 30_000)).toBeLessThan(13.8);
  });

  it('reaches both ends and nothing else', () => {
    const generator = new PhiloxGenerator({ seed: 15 });
    expect(new Set(take(200, () => generator.integer(5, 8)))).toEqual(new Set([5, 6, 7]));
    expect(generator.integer(4, 5)).toBe(4);
    expect(Number.isSafeInteger(generator.integer(0, Number.MAX_SAFE_INTEGER))).toBe(true);
  });

  it.each([
    [1, 1],
    [2, 1],
    [0, 0.5],
    [Number.NaN, 1],
    [0, Infinity],
    [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ])('refuses [%s, %s)', (low, high) => {
    expect(() => new PhiloxGenerator({ seed: 1 }).integer(low, high)).toThrow(`got ${low} and ${high}.`);
  });
});

describe('PhiloxGenerator.normal', () => {
  it('has the moments of N(0, 1)', () => {
    const generator = new PhiloxGenerator({ seed: 16 });
    const sample = take(100_000, () => generator.normal());
    const expected = [0, 1, 0, 3];
    // Var(x^p) for p = 1 to 4 is 1, 2, 15, 96; the bounds are four standard deviations of the mean.
    const variance = [1, 2, 15, 96];
    moments(sample).forEach((moment, p) => {
      expect(Math.abs(moment - expected[p]!)).toBeLessThan(4 * Math.sqrt(variance[p]! / sample.length));
    });
  });

  it('falls into the quarters of the distribution evenly', () => {
    const generator = new PhiloxGenerator({ seed: 17 });
    const quartile = 0.6744897501960817;
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 40_000; i++) {
      const x = generator.normal();
      counts[x < -quartile ? 0 : x < 0 ? 1 : x < quartile ? 2 : 3]! += 1;
    }
    // 99.9 % point with 3 degrees of freedom.
    expect(chiSquare(counts, 40_000)).toBeLessThan(16.3);
  });
});

describe('PhiloxGenerator.shuffle and permutation', () => {
  it('give every order of four items equally often', () => {
    const generator = new PhiloxGenerator({ seed: 18 });
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = generator.permutation(4).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    // 99.9 % point with 23 degrees of freedom.
    expect(chiSquare([...counts.values()], 24_000)).toBeLessThan(49.8);
  });

  it('shuffle arrays and typed arrays in place, alike', () => {
    const letters = ['a', 'b', 'c', 'd', 'e'];
    const shuffled = new PhiloxGenerator({ seed: 1 }).shuffle(letters);
    expect(shuffled).toBe(letters);
    expect(letters.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
    const floats = new PhiloxGenerator({ seed: 1 }).shuffle(Float64Array.of(0, 1, 2, 3, 4));
    expect([...floats].map((i) => 'abcde'[i])).toEqual(letters);
  });

  it('take nothing to shuffle nothing', () => {
    const generator = new PhiloxGenerator({ seed: 1 });
    generator.shuffle([]);
    generator.shuffle([1]);
    expect(generator.permutation(0).length).toBe(0);
    expect(generator.getState()).toEqual(new PhiloxGenerator({ seed: 1 }).getState());
  });

  it.each([-1, 1.5, 2 ** 31])('permutation refuses size %s', (size) => {
    expect(() => new PhiloxGenerator({ seed: 1 }).permutation(size)).toThrow(
      `PhiloxGenerator.permutation(): size must be an integer in [0, 2^31), got ${size}.`,
    );
  });
});

describe('PhiloxGenerator state', () => {
  it('resumes exactly from any lane, through JSON, in another generator', () => {
    const generator = new PhiloxGenerator({ seed: 19, stream: 3 });
    for (let drawn = 0; drawn < 9; drawn++) {
      const state = JSON.parse(JSON.stringify(generator.getState()));
      const copy = new PhiloxGenerator({ seed: 0 });
      copy.bits();
      copy.setState(state);
      const ahead = new PhiloxGenerator({ seed: 0 });
      ahead.setState(generator.getState());
      expect(take(10, () => copy.bits())).toEqual(take(10, () => ahead.bits()));
      generator.bits();
    }
  });

  it('is a snapshot', () => {
    const generator = new PhiloxGenerator({ seed: 19 });
    const state = generator.getState();
    const before = JSON.stringify(state);
    take(10, () => generator.bits());
    expect(JSON.stringify(state)).toBe(before);
  });

  it('is refused when it is not one', () => {
    const generator = new PhiloxGenerator({ seed: 19 });
    const state = generator.getState();
    expect(() => generator.setState({ ...state, algorithm: 'mt19937' as never })).toThrow("got 'mt19937'.");
    expect(() => generator.setState({ ...state, lane: 4 })).toThrow('lane an integer in [0, 3]');
    expect(() => generator.setState({ ...state, key: [1, -1] })).toThrow('pairs of integers');
    expect(() => generator.setState({ ...state, position: [1] as never })).toThrow('pairs of integers');
  });
});

describe('PhiloxGenerator.fork', () => {
  const root = new PhiloxGenerator({ seed: 20 });
  const first = (...labels: (string | number)[]): number => root.fork(...labels).bits();

  it('depends on seed, stream and labels, and on nothing drawn', () => {
    const before = first('trial', 3, 'lr');
    root.bits();
    expect(first('trial', 3, 'lr')).toBe(before);
    expect(new PhiloxGenerator({ seed: 21 }).fork('trial', 3, 'lr').bits()).not.toBe(before);
    expect(new PhiloxGenerator({ seed: 20, stream: 1 }).fork('trial', 3, 'lr').bits()).not.toBe(before);
  });

  it('composes: fork(a, b) is fork(a).fork(b)', () => {
    expect(root.fork('a').fork(2, 'b').getState()).toEqual(root.fork('a', 2, 'b').getState());
  });

  it('tells apart labels that look alike', () => {
    const labels: (string | number)[][] = [
      ['ab'],
      ['a', 'b'],
      ['b', 'a'],
      ['a'],
      ['a', ''],
      ['', 'a'],
      [''],
      ['', ''],
      [1],
      ['1'],
      [0],
      ['0'],
      [1, 0],
      [0, 1],
      [10],
      ['a\0'],
      ['abcdef'],
      ['abcdef\0'],
      ['abcdefg'],
      ['é'],
      ['e\u0301'],
      [0.1],
      [0.2],
      [-1],
      [2 ** 32],
      [2 ** 53],
    ];
    const states = labels.map((list) => JSON.stringify(root.fork(...list).getState()));
    states.push(JSON.stringify(root.getState()));
    expect(new Set(states).size).toBe(states.length);
    expect(first(-0)).toBe(first(0));
  });

  it('is stable between versions', () => {
    expect(root.fork('trial', 3, 'lr').getState().key).toMatchInlineSnapshot(`
      [
        3499494418,
        169942203,
      ]
    `);
  });

  it('gives independent uniforms for consecutive trials', () => {
    const counts = Array<number>(50).fill(0);
    for (let trial = 0; trial < 20_000; trial++) {
      counts[Math.floor(root.fork('trial', trial, 'lr').uniform53() * 50)]! += 1;
    }
    // 99.9 % point with 49 degrees of freedom.
    expect(chiSquare(counts, 20_000)).toBeLessThan(85.4);
  });

  it('refuses no label and labels that are not finite', () => {
    expect(() => root.fork()).toThrow('PhiloxGenerator.fork(): at least one label is needed, got none.');
    expect(() => root.fork(Number.NaN)).toThrow(
      'PhiloxGenerator.fork(): a numeric label must be finite, got NaN.',
    );
  });
});
