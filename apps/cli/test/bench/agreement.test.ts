import { describe, expect, it } from 'vitest';
import { lossDifference, lossTolerance, referenceOf } from '../../src/bench/agreement.ts';
import type { Measurement, SystemName } from '../../src/bench/system.ts';

const of = (system: SystemName): Measurement => ({
  workload: 'A',
  system,
  threads: 1,
  medianMs: 1,
  minMs: 1,
  maxMs: 1,
  runs: 1,
  loss: 1,
  peakGflops: 1,
  firstMs: 1,
});

describe('lossDifference()', () => {
  it('is relative to the reference', () => {
    expect(lossDifference(2.002, 2)).toBeCloseTo(1e-3, 12);
    expect(lossDifference(-2.002, -2)).toBeCloseTo(1e-3, 12);
    expect(lossDifference(4, 2)).toBe(1);
  });

  it('is 0 of equal losses, and beyond every tolerance where only one is 0 or a number', () => {
    expect(lossDifference(0, 0)).toBe(0);
    expect(lossDifference(NaN, NaN)).toBe(0);
    expect(lossDifference(1e-3, 0)).toBeGreaterThan(lossTolerance);
    expect(lossDifference(NaN, 2)).toBeNaN();
    expect(lossDifference(2, NaN)).toBeNaN();
  });
});

describe('referenceOf()', () => {
  it('takes torch, else eager, else the first', () => {
    const rows = (['nadir-wasm', 'nadir-eager', 'jax-js', 'torch'] as const).map((system) => of(system));
    expect(referenceOf(rows)!.system).toBe('torch');
    expect(referenceOf(rows.slice(0, 3))!.system).toBe('nadir-eager');
    expect(referenceOf(rows.slice(2, 3))!.system).toBe('jax-js');
    expect(referenceOf([])).toBeUndefined();
  });
});
