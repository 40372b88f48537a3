import {
  categorical,
  createStudy,
  float,
  gridSampler,
  int,
  memoryStorage,
  SearchExhaustedError,
} from '@nadir/tune';
import type { Suggester } from '@nadir/tune';
import { describe, expect, it } from 'vitest';

const space = { x: int(1, 3), y: categorical(['a', 'b']) };

const conditional = (suggest: Suggester) => {
  const optimizer = suggest.suggestCategorical('optimizer', ['sgd', 'adam']);
  if (optimizer === 'adam') return { optimizer };
  return { optimizer, momentum: suggest.suggestFloat('momentum', 0, 0.9, { step: 0.45 }) };
};

describe('gridSampler', () => {
  it('tries every combination once, then stops the study', async () => {
    const study = await createStudy({ space, sampler: gridSampler(space) });
    const result = await study.optimize(({ params }) => params.x);
    expect(result).toEqual({ reason: 'exhausted', trials: 6 });
    expect(new Set(study.trials.map(({ params }) => `${params.x}${params.y}`)).size).toBe(6);
    await expect(study.ask()).rejects.toThrow(SearchExhaustedError);
    expect(study.trials.length).toBe(6);
  });

  it('goes through a list in order', async () => {
    const study = await createStudy({ space, sampler: gridSampler(space, { order: 'listed' }) });
    await study.optimize(({ params }) => params.x);
    expect(study.trials.map(({ params }) => `${params.x}${params.y}`).join(' ')).toBe('1a 1b 2a 2b 3a 3b');
  });

  it('walks the leaves of a conditional space', async () => {
    const study = await createStudy({
      space: conditional,
      sampler: gridSampler(conditional, { order: 'listed' }),
    });
    await study.optimize(() => 0);
    expect(study.trials.map(({ params }) => params)).toEqual([
      { optimizer: 'sgd', momentum: 0 },
      { optimizer: 'sgd', momentum: 0.45 },
      { optimizer: 'sgd', momentum: 0.9 },
      { optimizer: 'adam' },
    ]);
  });

  it('takes points for all parameters, or for one', async () => {
    const continuous = { lr: float(0.01, 1, { log: true }), width: int(1, 100) };
    const count = async (points: number | Record<string, number>): Promise<number> => {
      const study = await createStudy({ sampler: gridSampler(continuous, { points }), space: continuous });
      await study.optimize(() => 0);
      return study.trials.length;
    };
    expect(await count(3)).toBe(9);
    expect(await count({ lr: 2 })).toBe(200);
    expect(() => gridSampler(continuous)).toThrow('got "lr" from float(0.01, 1, log). Give it a step');
    expect(() => gridSampler(continuous, { points: 0 })).toThrow('points is a whole number >= 1, got 0');
  });

  it('refuses a grid without end', () => {
    expect(() => gridSampler({ a: int(1, 2000), b: int(1, 2000) })).toThrow('at most 1000000 points');
  });

  it('counts failed and pruned trials as tried, and requeued ones once', async () => {
    const storage = memoryStorage();
    const study = await createStudy({ space, sampler: gridSampler(space), storage, seed: 1 });
    await study.tell(await study.ask(), { state: 'failed' });
    await study.tell(await study.ask(), { state: 'pruned' });
    await study.ask();
    const resumed = await createStudy({ space, sampler: gridSampler(space), storage, resume: true });
    await resumed.optimize(({ params }) => params.x);
    expect(resumed.trials.map((trial) => trial.attempt)).toEqual([1, 1, 2, 1, 1, 1]);
    expect(new Set(resumed.trials.map(({ params }) => `${params.x}${params.y}`)).size).toBe(6);
  });

  it('gives parallel trials different points', async () => {
    const study = await createStudy({ space, sampler: gridSampler(space) });
    const result = await study.optimize(async ({ params }) => params.x, { concurrency: 4 });
    expect(result).toEqual({ reason: 'exhausted', trials: 6 });
    expect(new Set(study.trials.map(({ params }) => `${params.x}${params.y}`)).size).toBe(6);
  });

  it('spends no point on an enqueued trial, which must be whole', async () => {
    const study = await createStudy({ sampler: gridSampler(space) });
    await study.enqueue({ x: 2, y: 'a' });
    await study.enqueue({ x: 2 });
    const { trials } = await study.optimize((trial) => trial.suggest(space).x);
    expect(trials).toBe(8);
    expect(study.trials[1]?.error?.message).toContain('fixes every parameter, got trial 1 without "y"');
  });

  it('says when the objective suggests something else than the grid', async () => {
    const study = await createStudy({ sampler: gridSampler(space, { order: 'listed' }) });
    await study.optimize((trial) => trial.suggestFloat('z', 0, 1), { trials: 1 });
    await study.optimize((trial) => trial.suggestInt('x', 7, 9), { trials: 1 });
    expect(study.trials[0]?.error?.message).toContain('got "z". Known: x, y');
    expect(study.trials[1]?.error?.message).toContain('suggests "x" from int(7, 9), got 1');
  });
});
