import { describe, expect, it } from 'vitest';
import { run, sample } from './run-numbers.ts';

const total = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

describe('long folds to few results', () => {
  it('fold arrays of any length in blocks', () => {
    for (const count of [65_536, 65_537, 70_014, 131_083, 100_003]) {
      const numbers = sample(count);
      for (const dtype of ['float32', 'float64', 'int32'] as const) {
        const [sum, most, square] = run([count], dtype, numbers, (x) => [x.sum(), x.amax(), x.mul(x).sum()]);
        expect(sum).toEqual([total(numbers)]);
        expect(most).toEqual([4]);
        expect(square).toEqual([total(numbers.map((x) => x * x))]);
      }
    }
  });

  it('fold a few rows, and axes that do not run on', () => {
    const numbers = sample(3 * 211 * 301);
    const [rows, ends] = run([3, 211, 301], 'float32', numbers, (x) => [
      x.sum([1, 2]),
      x
        .permute([2, 0, 1])
        .mul(x.permute([2, 0, 1]).flip([0]))
        .sum(),
    ]);
    const planes = [0, 1, 2].map((p) => numbers.slice(p * 211 * 301, (p + 1) * 211 * 301));
    expect(rows).toEqual(planes.map(total));
    const flipped = numbers.map((x, i) => x * numbers[i - (i % 301) + 300 - (i % 301)]!);
    expect(ends).toEqual([total(flipped)]);
  });

  it('find the extremes, NaN above all', () => {
    const numbers = sample(90_001);
    numbers[77_777] = 1000;
    numbers[3] = -1000;
    expect(run([90_001], 'float32', numbers, (x) => [x.amax(), x.amin()])).toEqual([[1000], [-1000]]);
    numbers[50_000] = NaN;
    expect(run([90_001], 'float32', numbers, (x) => [x.amax(), x.amin()])).toEqual([[NaN], [NaN]]);
  });

  it('find whether any or all hold', () => {
    const numbers = sample(200_003);
    const [some, none, all] = run([200_003], 'float32', numbers, (x) => [
      x.gt(3).any(),
      x.gt(4).any(),
      x.le(4).all(),
    ]);
    expect([some, none, all]).toEqual([[1], [0], [1]]);
  });

  it('keep sums in double precision', () => {
    const numbers = Array.from({ length: 100_000 }, (_, i) => (i === 0 ? 1 : 2 ** -26));
    expect(run([100_000], 'float32', numbers, (x) => [x.sum()])).toEqual([
      [Math.fround(1 + 99_999 * 2 ** -26)],
    ]);
  });
});
