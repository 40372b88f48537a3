import { PhiloxGenerator } from '@nadir/random';
import { categorical, float, int } from '@nadir/tune';
import type { Distribution, FrozenTrial, Params, ParamValue } from '@nadir/tune';
import { describe, expect, it } from 'vitest';
import { kernelsOf } from '../../../src/samplers/tpe/kernels.ts';
import { ParzenEstimator } from '../../../src/samplers/tpe/parzen-estimator.ts';
import { optunaFixture } from '../../optuna-fixture.ts';

const space: Readonly<Record<string, Distribution>> = {
  x: float(-5, 10),
  lr: float(1e-6, 1, { log: true }),
  step: float(0, 1, { step: 0.1 }),
  width: int(8, 64, { step: 8 }),
  layers: int(1, 4),
  batch: int(8, 1024, { log: true }),
  opt: categorical(['sgd', 'adam', 'lion']),
};

const trialsOf = (rows: readonly Params[]): readonly FrozenTrial[] =>
  rows.map((params) => ({ params }) as FrozenTrial);

const suggestionsOf = (params: Params) =>
  Object.entries(params).map(([name, value]) => ({
    name,
    distribution: space[name]!,
    value: value as ParamValue,
  }));

describe('ParzenEstimator', () => {
  it.each(optunaFixture.parzen.map((spec) => [spec.trials.length, spec] as const))(
    `compares densities as Optuna ${optunaFixture.optuna} does, %d trials`,
    (_count, { trials, split, points, scores }) => {
      const below = new ParzenEstimator(trialsOf(trials.slice(0, split)));
      const above = new ParzenEstimator(trialsOf(trials.slice(split)));
      for (const [index, point] of points.entries()) {
        const suggestions = suggestionsOf(point);
        const score = below.logDensity(suggestions) - above.logDensity(suggestions);
        // Optuna centres the kernel of a log integer at its logarithm, not in the middle of its cell.
        expect(Math.abs(score - scores[index]!)).toBeLessThan(1e-3);
      }
    },
  );

  it('takes the prior where a trial lacks a parameter', () => {
    const rows = [{ x: 1 }, { x: 2, lr: 0.1 }];
    const estimator = new ParzenEstimator(trialsOf(rows));
    const density = (params: Params): number => Math.exp(estimator.logDensity(suggestionsOf(params)));
    // Summed over all values of a parameter, a joint density is that of the others.
    let sum = 0;
    for (let unit = 0.0005; unit < 1; unit += 0.001)
      sum += density({ x: 3, lr: 10 ** (-6 + 6 * unit) }) / 1000;
    expect(sum).toBeCloseTo(density({ x: 3 }), 6);
  });
});

describe('kernels', () => {
  const cases: readonly (readonly [
    string,
    Distribution,
    readonly (ParamValue | undefined)[],
    readonly ParamValue[],
  ])[] = [
    ['an integer', int(1, 6), [2, 5, undefined, 5], [1, 2, 3, 4, 5, 6]],
    ['a log integer', int(1, 9, { log: true }), [1, 8], [1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['a grid', float(0, 0.5, { step: 0.25 }), [0.25], [0, 0.25, 0.5]],
    ['a choice', categorical(['a', 'b', 'c']), ['a', undefined, 'c'], ['a', 'b', 'c']],
  ];

  it.each(cases)('of %s draw each value as often as its probability says', (_name, range, values, all) => {
    const kernels = kernelsOf(range, values);
    for (let index = 0; index <= values.length; index++) {
      const random = new PhiloxGenerator({ seed: index });
      const counts = new Map<ParamValue, number>();
      for (let draw = 0; draw < 4000; draw++) {
        const value = kernels.sample(index, random);
        counts.set(value, (counts.get(value) ?? 0) + 1);
      }
      let total = 0;
      for (const value of all) {
        const sums = new Float64Array(values.length + 1);
        kernels.addLogDensities(value, sums);
        const probability = Math.exp(sums[index]!);
        total += probability;
        const share = (counts.get(value) ?? 0) / 4000;
        // Six standard errors.
        expect(Math.abs(share - probability)).toBeLessThan(
          6 * Math.sqrt((probability * (1 - probability)) / 4000),
        );
      }
      expect(total).toBeCloseTo(1, 5);
    }
  });

  it('of a real number draw where their density is', () => {
    const kernels = kernelsOf(float(0, 1), [0.02, 0.05, 0.9]);
    for (const index of [0, 1, 2, 3]) {
      const random = new PhiloxGenerator({ seed: index });
      const bins = new Float64Array(20);
      for (let draw = 0; draw < 8000; draw++) {
        bins[Math.floor((kernels.sample(index, random) as number) * 20)]! += 1 / 8000;
      }
      for (const [bin, share] of bins.entries()) {
        let probability = 0;
        for (let i = 0; i < 50; i++) {
          const sums = new Float64Array(4);
          kernels.addLogDensities((bin + (i + 0.5) / 50) / 20, sums);
          probability += Math.exp(sums[index]!) / 1000;
        }
        expect(Math.abs(share - probability)).toBeLessThan(
          6 * Math.sqrt((probability * (1 - probability)) / 8000) + 1e-4,
        );
      }
    }
  });
});
