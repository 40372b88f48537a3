import { describe, expect, it } from 'vitest';
import { largestError } from './ulps.ts';

/** The largest errors of a sweep ten times as dense, rounded up. */
const bounds = {
  exp: 1.1,
  log: 1,
  tanh: 1.5,
  sigmoid: 2.5,
  sin: 2.2,
  cos: 2.2,
  erf: 1,
};

describe('errors over all of float32', () => {
  for (const [name, bound] of Object.entries(bounds)) {
    it(`${name} is within ${bound} ulp`, () => {
      const { ulps, at } = largestError(name);
      expect(ulps, `at ${at}`).toBeLessThanOrEqual(bound);
    });
  }
});
