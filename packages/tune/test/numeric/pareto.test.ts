import { PhiloxGenerator } from '@nadir/random';
import { describe, expect, it } from 'vitest';
import { crowdingDistances, dominates, nonDominatedRanks } from '../../src/numeric/pareto.ts';

describe('nonDominatedRanks', () => {
  it('peels off one front after another', () => {
    const random = new PhiloxGenerator({ seed: 2 });
    for (const objectives of [1, 2, 3]) {
      const rows = Array.from({ length: 80 }, () =>
        Array.from({ length: objectives }, () => random.integer(0, 10)),
      );
      const expected = new Int32Array(rows.length);
      let left = [...rows.keys()];
      for (let rank = 0; left.length > 0; rank++) {
        const front = left.filter((index) => !left.some((other) => dominates(rows[other]!, rows[index]!)));
        for (const index of front) expected[index] = rank;
        left = left.filter((index) => !front.includes(index));
      }
      expect(nonDominatedRanks(rows)).toEqual(expected);
    }
    expect(nonDominatedRanks([])).toEqual(new Int32Array(0));
  });
});

describe('crowdingDistances', () => {
  it('adds up the gaps between neighbours', () => {
    const front = [
      [0, 10],
      [1, 5],
      [4, 4],
      [10, 0],
    ];
    expect([...crowdingDistances(front)]).toEqual([
      Infinity,
      expect.closeTo(0.4 + 0.6),
      expect.closeTo(0.9 + 0.5),
      Infinity,
    ]);
    expect([...crowdingDistances([[1, 1]])]).toEqual([Infinity]);
    expect([...crowdingDistances([])]).toEqual([]);
  });
});
