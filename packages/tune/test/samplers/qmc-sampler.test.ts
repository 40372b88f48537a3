import { createStudy, float, qmcSampler } from '@nadir/tune';
import { describe, expect, it } from 'vitest';

describe('qmcSampler', () => {
  it('fills the space evenly, several parameters together', async () => {
    const space = { x: float(0, 1), y: float(1e-4, 1, { log: true }) };
    const study = await createStudy({ space, sampler: qmcSampler(), seed: 5 });
    await study.optimize(({ params }) => params.x, { trials: 257 });
    expect(study.trials[0]?.params.x).toBe(0.5);
    const boxes = study.trials.slice(1).map(({ params }) => {
      const y = 1 + Math.log10(params.y) / 4;
      return Math.floor(params.x * 16) * 16 + Math.floor(y * 16);
    });
    expect(new Set(boxes).size).toBe(256);
  });

  it('finds its dimensions from ended trials where no space is declared', async () => {
    const study = await createStudy({ sampler: qmcSampler(), seed: 5 });
    const objective = (trial: { suggestFloat(name: string, low: number, high: number): number }): number =>
      trial.suggestFloat('b', 0, 1) + trial.suggestFloat('a', 0, 1);
    await study.optimize(objective, { trials: 65 });
    const boxes = study.trials
      .slice(1)
      .map(
        ({ params }) => Math.floor((params['a'] as number) * 8) * 8 + Math.floor((params['b'] as number) * 8),
      );
    expect(new Set(boxes).size).toBe(64);
  });

  it('gives a parameter that appears later a dimension of its own', async () => {
    const study = await createStudy({ sampler: qmcSampler(), seed: 5 });
    await study.optimize(
      (trial) => {
        trial.suggestFloat('z', 0, 1);
        if (trial.number >= 64) trial.suggestFloat('a', 0, 1);
        return 0;
      },
      { trials: 130 },
    );
    const later = study.trials.slice(65).map(({ params }) => Math.floor((params['a'] as number) * 64));
    expect(new Set(later).size).toBeGreaterThan(62);
    const all = study.trials.slice(65, 129).map(({ params }) => Math.floor((params['z'] as number) * 64));
    expect(new Set(all).size).toBe(64);
  });
});
