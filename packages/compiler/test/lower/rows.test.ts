import { describe, expect, it } from 'vitest';
import { run, sample } from './run-numbers.ts';

function rowsOf(numbers: readonly number[], length: number): number[][] {
  return Array.from({ length: numbers.length / length }, (_, r) =>
    numbers.slice(r * length, (r + 1) * length),
  );
}

const softmaxOf = (row: readonly number[]): number[] => {
  const weights = row.map((x) => Math.exp(x - Math.max(...row)));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
};

/** Lengths with every number of elements behind the last whole vector, with and without several accumulators. */
const lengths = [1, 2, 3, 4, 5, 6, 7, 8, 61, 62, 63, 64, 259];

describe('row kernels', () => {
  for (const dtype of ['float32', 'float64'] as const) {
    it(`compute softmax in ${dtype} over rows of any length`, () => {
      for (const length of lengths) {
        const numbers = sample(5 * length);
        const [got] = run([5, length], dtype, numbers, (x) => {
          const weights = x.sub(x.amax(1, { keepDims: true })).exp();
          return [weights.div(weights.sum(1, { keepDims: true }))];
        });
        const want = rowsOf(numbers, length).flatMap(softmaxOf);
        got!.forEach((value, i) => expect(value).toBeCloseTo(want[i]!, 6));
      }
    });
  }

  it('fold whole numbers, and store by row and by element', () => {
    for (const length of lengths) {
      const numbers = sample(6 * length);
      const [over, sums, least] = run([6, length], 'int32', numbers, (x) => {
        const sum = x.sum(1, { keepDims: true });
        return [x.mul(2).sub(sum), sum, x.amin(1)];
      });
      const rows = rowsOf(numbers, length);
      const totals = rows.map((row) => row.reduce((a, b) => a + b, 0));
      expect(sums).toEqual(totals);
      expect(least).toEqual(rows.map((row) => Math.min(...row)));
      expect(over).toEqual(rows.flatMap((row, r) => row.map((x) => 2 * x - totals[r]!)));
    }
  });

  it('mask, and make masks', () => {
    for (const length of lengths) {
      const numbers = sample(4 * length);
      const [above, kept] = run([4, length], 'float32', numbers, (x) => {
        const mask = x.gt(x.mean(1, { keepDims: true }));
        return [mask, x.maskedFill(mask, -9).amax(1)];
      });
      const rows = rowsOf(numbers, length);
      const means = rows.map((row) => row.reduce((a, b) => a + b, 0) / length);
      expect(above).toEqual(rows.flatMap((row, r) => row.map((x) => Number(x > means[r]!))));
      expect(kept).toEqual(rows.map((row, r) => Math.max(...row.map((x) => (x > means[r]! ? -9 : x)))));
    }
  });

  it('run along rows of several axes, and read transposed operands', () => {
    const numbers = sample(3 * 2 * 5 * 7);
    const [centered, wide] = run([3, 2, 5, 7], 'float32', numbers, (x) => {
      const turned = x.permute([3, 1, 0, 2]).mul(1);
      return [
        x.sub(x.mean([0, 2, 3], { keepDims: true })),
        turned.sub(x.permute([3, 1, 0, 2]).sum([1, 3], { keepDims: true })).sum([1, 3]),
      ];
    });
    const at = (n: number, c: number, h: number, w: number): number =>
      numbers[((n * 2 + c) * 5 + h) * 7 + w]!;
    const all = (count: number): number[] => [...new Array(count).keys()];
    const meanOf = (c: number): number =>
      all(3)
        .flatMap((n) => all(35).map((i) => at(n, c, 0, i)))
        .reduce((a, b) => a + b, 0) / 105;
    const means = all(2).map(meanOf);
    centered!.forEach((value, i) =>
      expect(value).toBeCloseTo(numbers[i]! - means[Math.floor(i / 35) % 2]!, 5),
    );
    // Ten elements, from each of which their sum is taken: −9 times the sum.
    const want = all(7).flatMap((w) =>
      all(3).map(
        (n) =>
          -9 *
          all(2)
            .flatMap((c) => all(5).map((h) => at(n, c, h, w)))
            .reduce((a, b) => a + b, 0),
      ),
    );
    expect(wide).toEqual(want.map((value) => value + 0));
  });
});

describe('folds of many rows', () => {
  const columns = (numbers: readonly number[], count: number): number[][] =>
    Array.from({ length: count }, (_, c) => numbers.filter((__, i) => i % count === c));
  const total = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

  it('fold columns of any number, and rows that fill no block', () => {
    for (const count of [8, 9, 10, 11, 64, 67]) {
      const rows = Math.ceil(70_000 / count);
      const numbers = sample(rows * count);
      const [sums, most, least] = run([rows, count], 'float32', numbers, (x) => [
        x.sum(0),
        x.amax(0),
        x.amin(0),
      ]);
      const want = columns(numbers, count);
      expect(sums).toEqual(want.map(total));
      expect(most).toEqual(want.map((xs) => Math.max(...xs)));
      expect(least).toEqual(want.map((xs) => Math.min(...xs)));
    }
  });

  it('fold whole numbers, truths and doubles', () => {
    const [rows, count] = [4001, 18];
    const numbers = sample(rows * count);
    const want = columns(numbers, count);
    const [sums] = run([rows, count], 'int32', numbers, (x) => [x.sum(0)]);
    expect(sums).toEqual(want.map(total));
    const [doubles] = run([rows, count], 'float64', numbers, (x) => [x.sum(0)]);
    expect(doubles).toEqual(want.map(total));
    const [some, all] = run([rows, count], 'float32', numbers, (x) => [x.gt(3).any(0), x.gt(-5).all(0)]);
    expect(some).toEqual(want.map((xs) => Number(xs.some((value) => value > 3))));
    expect(all).toEqual(want.map(() => 1));
  });

  it('keep sums in double precision', () => {
    // 1 and many numbers that vanish against it in single precision.
    const numbers = Array.from({ length: 40_000 * 8 }, (_, i) => (i < 8 ? 1 : 2 ** -26));
    const [sums] = run([40_000, 8], 'float32', numbers, (x) => [x.sum(0)]);
    expect(sums).toEqual(new Array(8).fill(Math.fround(1 + 39_999 * 2 ** -26)));
  });

  it('fold what is read in another order, beside folds of each row', () => {
    const numbers = sample(40 * 60 * 24);
    const [down, across] = run([60, 40, 24], 'float32', numbers, (x) => {
      const turned = x.permute([1, 0, 2]);
      const centered = turned.sub(turned.mean(2, { keepDims: true }).round());
      return [centered.mul(centered).sum([0, 1]), centered.sum(2)];
    });
    const at = (i: number, j: number): number[] => numbers.slice((j * 40 + i) * 24, (j * 40 + i + 1) * 24);
    const round = (x: number): number => {
      const near = Math.round(x);
      return Math.abs(x - Math.trunc(x)) === 0.5 && near % 2 !== 0 ? near - 1 : near;
    };
    const rows = Array.from({ length: 40 * 60 }, (_, r) => at(Math.floor(r / 60), r % 60));
    const centered = rows.map((row) => row.map((x) => x - round(total(row) / 24)));
    expect(down).toEqual(columns(centered.flat(), 24).map((xs) => total(xs.map((x) => x * x))));
    expect(across).toEqual(centered.map(total));
  });
});
