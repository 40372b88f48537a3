import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { erf } from '../../src/eager/erf.ts';

const { pairs } = JSON.parse(readFileSync(new URL('../fixtures/erf.json', import.meta.url), 'utf8')) as {
  readonly pairs: readonly (readonly [number, number])[];
};

describe('erf', () => {
  it.each(pairs)('of ±%d is within one unit in the last place', (x, expected) => {
    expect(Math.abs(erf(x) - expected)).toBeLessThanOrEqual(2.3e-16 * expected);
    expect(erf(-x)).toBe(-erf(x));
  });

  it('keeps the sign of zero, the ends and NaN', () => {
    expect(erf(0)).toBe(0);
    expect(erf(-0)).toBe(-0);
    expect(erf(Infinity)).toBe(1);
    expect(erf(-Infinity)).toBe(-1);
    expect(erf(NaN)).toBeNaN();
  });
});
