import { PhiloxGenerator } from '@nadir/random';
import { describe, expect, it } from 'vitest';
import { SOBOL_DIMENSIONS, sobolAxis } from '../../src/numeric/sobol.ts';
import { scipyFixture } from '../scipy-fixture.ts';

const { sobol, scipy } = scipyFixture;

describe('sobolAxis', () => {
  it(`gives the points of SciPy ${scipy} in all its dimensions`, () => {
    expect(sobol.points[0]!.length).toBe(SOBOL_DIMENSIONS);
    for (let dimension = 0; dimension < SOBOL_DIMENSIONS; dimension++) {
      const axis = sobolAxis(dimension);
      expect(sobol.rows.map(axis)).toEqual(sobol.points.map((point) => point[dimension]));
    }
  });

  it('scrambled, keeps one point in each box of a net', () => {
    for (let seed = 0; seed < 5; seed++) {
      const random = new PhiloxGenerator({ seed });
      const axes = [0, 1].map((dimension) => sobolAxis(dimension, random.fork(dimension)));
      // The first two dimensions are a (0, m, 2)-net: every box of area 2^-8 holds one of 256 points.
      for (let split = 0; split <= 8; split++) {
        const boxes = new Set<number>();
        for (let index = 0; index < 256; index++) {
          const [x, y] = axes.map((axis) => axis(index)) as [number, number];
          boxes.add(Math.floor(x * 2 ** split) * 2 ** (8 - split) + Math.floor(y * 2 ** (8 - split)));
        }
        expect(boxes.size).toBe(256);
      }
    }
  });

  it('scrambled, is uniform over seeds at every index, and differs between them', () => {
    for (const index of [0, 1, 5]) {
      const values = Array.from({ length: 2000 }, (_, seed) =>
        sobolAxis(3, new PhiloxGenerator({ seed }))(index),
      );
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      // Six standard errors of a uniform mean.
      expect(Math.abs(mean - 0.5)).toBeLessThan((6 * Math.sqrt(1 / 12)) / Math.sqrt(2000));
      expect(new Set(values).size).toBe(2000);
    }
  });
});
