import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArrayDataset, randomSampler, randomSplit, stratifiedSplit, type Subset } from '@nadir/data';

/** All indices of the parts in ascending order. */
const sorted = (subsets: readonly Subset<number>[]): number[] =>
  subsets.flatMap(({ indices }) => Array.from(indices)).toSorted((a, b) => a - b);

const numbers = (size: number): ArrayDataset<number> => new ArrayDataset([...Array(size).keys()]);

describe('randomSplit', () => {
  it('parts the items without overlap, by counts or shares', () => {
    for (const parts of [
      [6, 3, 1],
      [0.6, 0.3, 0.1],
    ]) {
      const subsets = randomSplit(numbers(10), parts, { seed: 1 });
      expect(subsets.map(({ size }) => size)).toEqual([6, 3, 1]);
      const all = sorted(subsets);
      expect(all).toEqual([...Array(10).keys()]);
    }
    const [a, b] = [randomSplit(numbers(10), [5, 5]), randomSplit(numbers(10), [5, 5], { seed: 1 })];
    expect(a[0]!.indices).not.toEqual(b[0]!.indices);
    expect(() => randomSplit(numbers(10), [5, 4])).toThrow(
      'whole numbers that add up to 10 or shares that add up to 1, got [5, 4]',
    );
    expect(randomSplit(numbers(1), [1])[0]!.size).toBe(1);
  });
});

describe('stratifiedSplit', () => {
  it('keeps the share of every class to within one item', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(4), { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (labels, share) => {
          const part = Math.round(share * labels.length);
          const subsets = stratifiedSplit(numbers(labels.length), labels, [labels.length - part, part]);
          expect(subsets.map(({ size }) => size)).toEqual([labels.length - part, part]);
          for (const label of new Set(labels)) {
            const total = labels.filter((other) => other === label).length;
            const inside = [...subsets[1]!.indices].filter((index) => labels[index] === label).length;
            expect(Math.abs(inside - (total * part) / labels.length)).toBeLessThanOrEqual(1);
          }
          const all = sorted(subsets);
          expect(all).toEqual([...Array(labels.length).keys()]);
        },
      ),
      { numRuns: 200, seed: 3 },
    );
  });

  it('is not ordered by class', () => {
    const labels = Array.from({ length: 100 }, (_, i) => (i < 50 ? 0 : 1));
    const [part] = stratifiedSplit(numbers(100), labels, [80, 20]);
    const order = [...part!.indices].map((index) => labels[index]);
    expect(order).not.toEqual(order.toSorted());
    expect(() => stratifiedSplit(numbers(3), [0, 1], [2, 1])).toThrow(
      'needs a label per item, got 2 for 3 items',
    );
  });
});

describe('randomSampler', () => {
  it('draws with and without replacement', () => {
    expect([...randomSampler(5, { seed: 1 }).indices(3)].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(randomSampler(5, { count: 2 }).indices(0)).toHaveLength(2);
    const many = randomSampler(3, { count: 100, replacement: true }).indices(0);
    expect(new Set(many)).toEqual(new Set([0, 1, 2]));
    expect(() => randomSampler(5, { count: 6 })).toThrow('at most 5 without replacement, got 6');
  });
});
