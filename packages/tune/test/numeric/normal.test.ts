import { describe, expect, it } from 'vitest';
import {
  erfc,
  erfcx,
  normalCdf,
  normalDensity,
  normalLogCdf,
  normalQuantile,
} from '../../src/numeric/normal.ts';
import { scipyFixture } from '../scipy-fixture.ts';

const { normal, scipy } = scipyFixture;

/** The relative error, or the absolute one where 0 is expected. */
function errorOf(actual: number, expected: number): number {
  if (Object.is(actual, expected)) return 0;
  return Math.abs(actual - expected) / (Math.abs(expected) || 1);
}

describe(`the normal distribution against SciPy ${scipy}`, () => {
  it('has its distribution function, in the tails too', () => {
    for (const [i, x] of normal.x.entries()) {
      expect([x, errorOf(normalCdf(x), normal.cdf[i]!) < 1e-13]).toEqual([x, true]);
      expect([x, errorOf(normalLogCdf(x), normal.logCdf[i]!) < 1e-13]).toEqual([x, true]);
    }
  });

  it('has its error functions', () => {
    for (const [i, x] of normal.x.entries()) {
      // Below 2.2e-308 doubles lose digits.
      if (normal.erfc[i]! > 1e-300) expect([x, errorOf(erfc(x), normal.erfc[i]!) < 1e-14]).toEqual([x, true]);
    }
    for (const [x, expected] of normal.erfcx) {
      expect([x, errorOf(erfcx(x), expected) < 1e-14]).toEqual([x, true]);
    }
  });

  it('has its quantiles', () => {
    for (const [i, p] of normal.p.entries()) {
      expect([p, Math.abs(normalQuantile(p) - normal.quantile[i]!) < 1e-13 * 37]).toEqual([p, true]);
    }
    expect([normalQuantile(0), normalQuantile(1), normalQuantile(-1), normalQuantile(2)]).toEqual([
      -Infinity,
      Infinity,
      NaN,
      NaN,
    ]);
  });

  it('has a density that is the derivative of its distribution', () => {
    for (const x of [-3, -0.5, 0, 1, 2.5]) {
      const slope = (normalCdf(x + 1e-5) - normalCdf(x - 1e-5)) / 2e-5;
      expect(Math.abs(normalDensity(x) - slope)).toBeLessThan(1e-10);
    }
  });
});
