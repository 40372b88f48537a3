import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countSteps, stepValue } from '../src/decimal.ts';

describe('countSteps', () => {
  it.each([
    [0, 0.3, 0.1, 3, true],
    [0.1, 0.3, 0.1, 2, true],
    [0, 1, 0.3, 3, false],
    [-0.5, 0.55, 0.25, 4, false],
    [1e-3, 2e-3, 1e-4, 10, true],
    [0, 1e21, 1e20, 10, true],
    [5e-324, 1, 0.5, 1, false],
    [2, 2, 0.1, 0, true],
  ])('from %d to %d by %d is %d', (low, high, step, count, exact) => {
    expect(countSteps(low, high, step)).toEqual({ count, exact });
  });
});

describe('stepValue', () => {
  it('reads as one would write it', () => {
    expect([0, 1, 2, 3].map((index) => stepValue(0, 0.1, index))).toEqual([0, 0.1, 0.2, 0.3]);
    expect(stepValue(-0.5, 0.25, 3)).toBe(0.25);
    expect(stepValue(1e-7, 1e-8, 7)).toBe(1.7e-7);
  });

  it('is within a rounding of the floating-point sum', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-6, max: 1e3, noNaN: true }),
        fc.nat(1000),
        (low, step, index) => {
          const expected = low + step * index;
          expect(Math.abs(stepValue(low, step, index) - expected)).toBeLessThanOrEqual(
            4 * Number.EPSILON * (Math.abs(low) + step * index),
          );
        },
      ),
    );
  });
});
