import { PhiloxGenerator } from '@nadir/random';
import { describe, expect, it } from 'vitest';
import { noiseScale, type GradientNorms, type NoiseScale } from '../../src/index.ts';

const dimensions = 24;

/** Norms of gradients of a true gradient of length 1 with noise of trace `trueScale` an item. */
function measured(seed: number, trueScale: number, steps: number, micro: number, size: number): NoiseScale {
  const random = new PhiloxGenerator({ seed });
  const deviation = Math.sqrt(trueScale / dimensions / size);
  const records = Array.from({ length: steps }, (): GradientNorms => {
    const mean = new Float64Array(dimensions);
    let small = 0;
    for (let m = 0; m < micro; m++) {
      for (let d = 0; d < dimensions; d++) {
        const g = 1 / Math.sqrt(dimensions) + deviation * random.normal();
        small += (g * g) / micro;
        mean[d]! += g / micro;
      }
    }
    const big = mean.reduce((sum, g) => sum + g * g, 0);
    return { smallSize: size, small, bigSize: micro * size, big };
  });
  return noiseScale(records);
}

const runs = 500;

describe('noiseScale', () => {
  it('64 from 100 steps of 8 micro-batches: bounded, and covered in 92 to 98 of 100', () => {
    const found = Array.from({ length: runs }, (_, seed) => measured(seed, 64, 100, 8, 8));
    expect(found.filter(({ high }) => high === Infinity)).toHaveLength(0);
    const covered = found.filter(({ low, high }) => low <= 64 && 64 <= high).length / runs;
    expect(covered).toBeGreaterThanOrEqual(0.92);
    expect(covered).toBeLessThanOrEqual(0.98);
    const ratios = found.map(({ low, high }) => high / low).sort((a, b) => a - b);
    expect(ratios[runs / 2]!).toBeLessThanOrEqual(3);
    const values = found.map(({ value }) => value).sort((a, b) => a - b);
    expect(Math.abs(values[runs / 2]! / 64 - 1)).toBeLessThan(0.02);
  });

  it('1,000 from 30 steps of 8 micro-batches of 4: may be open above, and says at least how much', () => {
    const found = Array.from({ length: runs }, (_, seed) => measured(seed, 1000, 30, 8, 4));
    const open = found.filter(({ high }) => high === Infinity);
    expect(open.length).toBeGreaterThan(runs / 10);
    // With so little data the lower bound still says that the scale is far beyond the 32 items of a step.
    const lows = open.map(({ low }) => low).sort((a, b) => a - b);
    expect(lows[Math.floor(lows.length * 0.05)]!).toBeGreaterThan(100);
    const covered = found.filter(({ low, high }) => low <= 1000 && 1000 <= high).length / runs;
    expect(covered).toBeGreaterThanOrEqual(0.92);
    expect(covered).toBeLessThanOrEqual(0.98);
  });

  it('is a ratio of means: exact without noise in the norms', () => {
    const record = { smallSize: 2, small: 1 + 30 / 2, bigSize: 10, big: 1 + 30 / 10 };
    const { value, low, high, variance, signal } = noiseScale([record, record, record, record]);
    expect([variance, signal]).toEqual([expect.closeTo(30, 10), expect.closeTo(1, 10)]);
    for (const x of [value, low, high]) expect(x).toBeCloseTo(30, 6);
  });

  it('says what it needs', () => {
    const record = { smallSize: 4, small: 1, bigSize: 4, big: 1 };
    expect(() => noiseScale([record, record])).toThrow('got 2');
    expect(() => noiseScale([record, record, record])).toThrow('got 4 and 4');
  });
});
