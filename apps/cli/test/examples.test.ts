import { exponentialDecay, stepDecay } from '@nadir/schedulers';
import { describe, expect, it } from 'vitest';
import { compareBatchSizes, tradeOff, truth } from '../examples/batch-sizes.ts';
import {
  exponentialDecayDescent,
  reachable as reachableExponentially,
} from '../examples/exponential-decay.ts';
import { gradientDescent } from '../examples/gradient-descent.ts';
import { learningRates, plotSchedules } from '../examples/schedules.ts';
import { reachable as reachableInSteps, stepDecayDescent } from '../examples/step-decay.ts';

const expectWithin = (value: number, expected: number, tolerance: number): void => {
  expect(Math.abs(value - expected)).toBeLessThanOrEqual(tolerance);
};

describe('the programs of the text', () => {
  it('finds θ by gradient descent as PyTorch does', () => {
    expectWithin(gradientDescent(), 1.9999970197677612, 1e-6);
  });

  it('finds θ with exponential decay, and stalls with a small γ', () => {
    expectWithin(exponentialDecayDescent(), 1.9999992, 1e-5);
    const stalled = exponentialDecayDescent(exponentialDecay({ gamma: 0.95 }));
    expectWithin(stalled, 1.971, 5e-4);
    expectWithin(stalled, reachableExponentially(0.95), 1e-5);
  });

  it('finds θ with step decay, and stalls with a small γ', () => {
    expectWithin(stepDecayDescent(), 1.9999988, 1e-5);
    const stalled = stepDecayDescent(stepDecay({ gamma: 0.1 }));
    expectWithin(stalled, 1.83, 5e-4);
    expectWithin(stalled, reachableInSteps(0.1), 1e-5);
  });

  it('fits a line at every batch size: more steps come closer', () => {
    const results = compareBatchSizes();
    expect(results.map(({ batchSize, steps }) => [batchSize, steps])).toEqual([
      [1, 2000],
      [8, 260],
      [32, 80],
      [100, 20],
    ]);
    for (const { batchSize, slope, intercept, loss } of results.slice(0, 3)) {
      expect(batchSize).toBeLessThan(100);
      expectWithin(slope, truth.slope, 0.05);
      expectWithin(intercept, truth.intercept, 0.05);
      expect(loss).toBeLessThan(0.015);
    }
    const full = results.at(-1)!;
    expect(full.loss).toBeGreaterThan(results[1]!.loss);
    expect(tradeOff(results)).toMatch(/Batch size \d+ is/);
  });

  it('draws the three strategies side by side', () => {
    const [fixed, exponential, step] = learningRates();
    expect(new Set(fixed!.values)).toEqual(new Set([0.1]));
    expect(exponential!.values[100]).toBeCloseTo(0.1 * 0.99 ** 100, 12);
    expect([99, 100, 200].map((at) => step!.values[at])).toEqual([0.1, 0.05, 0.025]);
    const svg = plotSchedules();
    expect(svg).toMatch(/^(<\?xml[^>]*>\s*)?<svg/);
    for (const name of ['fixed', 'exponential', 'step']) expect(svg).toContain(name);
  });
});
