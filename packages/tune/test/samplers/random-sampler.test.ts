import { createStudy, randomSampler } from '@nadir/tune';
import type { Params } from '@nadir/tune';
import { PhiloxGenerator } from '@nadir/random';
import { describe, expect, it } from 'vitest';

describe('randomSampler', () => {
  it('is keyed by seed, trial number and name', async () => {
    const study = await createStudy({ seed: 5 });
    await study.ask();
    const trial = await study.ask();
    trial.suggestFloat('other', 0, 1);
    expect(trial.suggestFloat('x', 0, 1)).toBe(
      new PhiloxGenerator({ seed: 5 }).fork('trial', 1, 'parameter', 'x').uniform53(),
    );
  });

  it('is uniform, log-uniform and fair to categories', async () => {
    const study = await createStudy({ seed: 1, sampler: randomSampler() });
    await study.optimize(
      (trial) => {
        trial.suggestFloat('x', 0, 1);
        trial.suggestFloat('lr', 1e-6, 1, { log: true });
        trial.suggestCategorical('c', ['a', 'b', 'c']);
        return 0;
      },
      { trials: 2000 },
    );
    const column = (name: string): unknown[] => study.trials.map((trial) => (trial.params as Params)[name]);
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    // Six standard errors: (1/√12)/√2000 = 0.0065 of the range.
    expect(Math.abs(mean(column('x') as number[]) - 0.5)).toBeLessThan(0.039);
    expect(Math.abs(mean(column('lr').map((lr) => Math.log10(lr as number))) + 3)).toBeLessThan(6 * 0.039);
    for (const choice of ['a', 'b', 'c']) {
      const share = column('c').filter((value) => value === choice).length / 2000;
      expect(Math.abs(share - 1 / 3)).toBeLessThan(6 * Math.sqrt(2 / 9 / 2000));
    }
  });

  it('does not repeat its points when it is seeded and resumed', async () => {
    const study = await createStudy({ sampler: randomSampler({ seed: 3 }) });
    const objective = (trial: {
      suggestFloat: (name: string, low: number, high: number) => number;
    }): number => trial.suggestFloat('x', 0, 1);
    await study.optimize(objective, { trials: 5 });
    await study.optimize(objective, { trials: 5 });
    expect(new Set(study.trials.map((trial) => trial.value)).size).toBe(10);
  });
});
