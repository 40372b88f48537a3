import { describe, expect, it } from 'vitest';
import { averageRanks, signedRankP } from '../../src/numeric/rank-tests.ts';
import { scipyFixture } from '../scipy-fixture.ts';

describe('signedRankP', () => {
  it(`gives the probabilities of SciPy ${scipyFixture.scipy}`, () => {
    for (const [differences, p] of scipyFixture.rankTests.signed) {
      expect([differences.length, Math.abs(signedRankP(differences) - p) < 1e-9]).toEqual([
        differences.length,
        true,
      ]);
    }
  });

  it('is exact with ties where SciPy is not', () => {
    // All twenty differences equal: only the choice of all signs positive reaches the sum.
    expect(signedRankP(new Array<number>(20).fill(1))).toBeCloseTo(2 ** -20, 15);
  });
});

describe('averageRanks', () => {
  it('shares ranks among equals', () => {
    expect([...averageRanks([3, 1, 3, 2, 3])]).toEqual([4, 1, 4, 2, 4]);
    expect([...averageRanks([])]).toEqual([]);
  });
});
