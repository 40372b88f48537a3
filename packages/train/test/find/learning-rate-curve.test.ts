import { PhiloxGenerator } from '@nadir/random';
import { describe, expect, it } from 'vitest';
import { learningRateCurve, type LearningRateMethod } from '../../src/index.ts';

const methods: readonly LearningRateMethod[] = ['steep', 'valley', 'minimum'];
const lrs = Array.from({ length: 100 }, (_, i) => 10 ** (-8 + (8 * i) / 99));

/** A plateau, a descent around 1e-2, and a divergence behind 0.5, with noise of 5 %. */
function losses(seed: number | null): number[] {
  const random = new PhiloxGenerator({ seed: seed ?? 0 });
  return lrs.map((lr) => {
    const x = Math.log10(lr);
    const clean = 2.3 - 1.7 / (1 + Math.exp(-3 * (x + 2))) + 60 * Math.max(0, x + 0.3) ** 2;
    return clean * (1 + (seed === null ? 0 : 0.05 * random.normal()));
  });
}

describe('learningRateCurve over 500 noisy curves', () => {
  const truth = learningRateCurve(lrs, losses(null), { samples: 0 }).suggestions;
  const curves = Array.from({ length: 500 }, (_, seed) => learningRateCurve(lrs, losses(seed), { seed })).map(
    (curve) => curve.suggestions,
  );

  it('finds the steepest place within a factor of three in the median', () => {
    const sorted = curves.map(({ steep }) => steep.lr).sort((a, b) => a - b);
    const median = (sorted[249]! + sorted[250]!) / 2;
    expect(median).toBeGreaterThan(1e-2 / 3);
    expect(median).toBeLessThan(3e-2);
  });

  for (const method of methods) {
    it(`${method}: never suggests a useless learning rate`, () => {
      expect(Math.min(...curves.map((curve) => curve[method].lr))).toBeGreaterThan(1e-6);
    });

    it(`${method}: covers the suggestion of the curve without noise in 85 to 95 of 100`, () => {
      const covered = curves.filter(
        ({ [method]: { low, high } }) => low <= truth[method].lr && truth[method].lr <= high,
      );
      expect(covered.length / 500).toBeGreaterThanOrEqual(0.85);
      expect(covered.length / 500).toBeLessThanOrEqual(0.95);
    });
  }
});

describe('learningRateCurve', () => {
  it('gives the same from the same seed', () => {
    expect(learningRateCurve(lrs, losses(3), { seed: 5 })).toEqual(
      learningRateCurve(lrs, losses(3), { seed: 5 }),
    );
  });

  it('reads losses that are negative', () => {
    const shifted = losses(null).map((loss) => loss - 5);
    const { steep } = learningRateCurve(lrs, shifted).suggestions;
    expect(Math.abs(Math.log10(steep.lr) + 2)).toBeLessThan(0.5);
  });

  it('stops at a loss that is not finite', () => {
    const broken = losses(null).map((loss, i) => (i > 90 ? Infinity : loss));
    const { smooth, suggestions } = learningRateCurve(lrs, broken);
    expect(smooth).toHaveLength(91);
    expect(suggestions.steep.lr).toBeGreaterThan(1e-3);
  });

  it('says what is missing', () => {
    expect(() => learningRateCurve(lrs, [NaN, ...losses(null).slice(1)])).toThrow('got 0 of 100');
    expect(() => learningRateCurve([1, 1], [1, 2])).toThrow('positive, growing');
  });
});
