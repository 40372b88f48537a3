import {
  categorical,
  createStudy,
  DistributionError,
  float,
  int,
  loadStudy,
  memoryStorage,
  StudyError,
} from '@nadir/tune';
import type { FrozenTrial, InferParams, Sampler, Suggester } from '@nadir/tune';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';

const space = {
  lr: float(1e-4, 1, { log: true }),
  depth: int(1, 4),
  optimizer: categorical(['sgd', 'adam']),
};

const conditional = (suggest: Suggester) => {
  const optimizer = suggest.suggestCategorical('optimizer', ['sgd', 'adam']);
  if (optimizer === 'adam') return { optimizer };
  return { optimizer, momentum: suggest.suggestFloat('momentum', 0, 0.9) };
};

describe('types', () => {
  it('follow from a declared space', async () => {
    expectTypeOf<InferParams<typeof space>>().toEqualTypeOf<{
      readonly lr: number;
      readonly depth: number;
      readonly optimizer: 'sgd' | 'adam';
    }>();
    const study = await createStudy({ space });
    const trial = await study.ask();
    expectTypeOf(trial.params.optimizer).toEqualTypeOf<'sgd' | 'adam'>();
    await study.tell(trial, 1);
    expectTypeOf(study.bestParams.lr).toEqualTypeOf<number>();
    expectTypeOf(study.trials).toEqualTypeOf<readonly FrozenTrial<InferParams<typeof space>>[]>();
    expect(study.bestParams).toEqual(trial.params);
  });

  it('follow from a conditional space', async () => {
    const study = await createStudy({ space: conditional, seed: 0 });
    await study.optimize(({ params }) => params.momentum ?? 0, { trials: 20 });
    expectTypeOf(study.bestParams.momentum).toEqualTypeOf<number | undefined>();
    for (const { params } of study.trials) expect('momentum' in params).toBe(params.optimizer === 'sgd');
  });

  it('follow from suggestions', async () => {
    const trial = await (await createStudy()).ask();
    expectTypeOf(trial.suggestCategorical('c', ['a', 1, null])).toEqualTypeOf<'a' | 1 | null>();
    expectTypeOf(trial.suggest(space).optimizer).toEqualTypeOf<'sgd' | 'adam'>();
    expect(trial.suggest(space)).toEqual({ ...trial.params, c: undefined });
  });
});

describe('createStudy', () => {
  it('draws and keeps a seed', async () => {
    const storage = memoryStorage();
    const study = await createStudy({ storage });
    expect(Number.isSafeInteger(study.seed)).toBe(true);
    expect((await loadStudy({ storage, name: 'study' })).seed).toBe(study.seed);
    expect((await createStudy()).seed).not.toBe((await createStudy()).seed);
  });

  it('refuses a taken name, and contradictions on resume', async () => {
    const storage = memoryStorage();
    await createStudy({ storage, name: 'a', direction: 'maximize', seed: 1 });
    await expect(createStudy({ storage, name: 'a' })).rejects.toThrow('a name that is not taken, got "a"');
    const resume = { storage, name: 'a', resume: true };
    await expect(createStudy({ ...resume, direction: 'minimize' })).rejects.toThrow('maximize, got minimize');
    await expect(createStudy({ ...resume, seed: 2 })).rejects.toThrow('"a", 1, got 2');
    expect((await createStudy({ ...resume, direction: 'maximize', seed: 1 })).direction).toBe('maximize');
    expect((await createStudy({ ...resume, name: 'b', seed: 4 })).seed).toBe(4);
  });

  it('checks its options', async () => {
    await expect(createStudy({ name: '' })).rejects.toThrow('a name that is not empty, got ""');
    await expect(createStudy({ seed: -1 })).rejects.toThrow('whole number >= 0, got -1');
    await expect(createStudy({ direction: 'up' as never })).rejects.toThrow(`'maximize', got "up"`);
    await expect(createStudy({ maxAttempts: 0 })).rejects.toThrow('whole number >= 1, got 0');
    await expect(loadStudy({ storage: memoryStorage(), name: 'x' })).rejects.toThrow('got "x". Known: none.');
  });

  it('runs interrupted trials again, first, and gives them up after maxAttempts', async () => {
    const storage = memoryStorage();
    const first = await createStudy({ storage, seed: 1, space });
    const params = (await first.ask()).params;
    const kill = async () => {
      const study = await createStudy({ storage, resume: true, space });
      const trial = await study.ask();
      return [trial.number, trial.attempt, trial.params];
    };
    expect(await kill()).toEqual([0, 2, params]);
    expect(await kill()).toEqual([0, 3, params]);
    expect((await kill()).slice(0, 2)).toEqual([1, 1]);
    const last = await loadStudy({ storage, name: 'study' });
    expect(last.trials.map((trial) => trial.state)).toEqual(['failed', 'running']);
    expect(last.trials[0]?.error?.message).toBe('The process ended 3 times while this trial was running.');
  });

  it('fails or keeps interrupted trials when asked to', async () => {
    const storage = memoryStorage();
    await (await createStudy({ storage })).ask();
    const kept = await createStudy({ storage, resume: true, interrupted: 'keep' });
    expect(kept.trials[0]?.state).toBe('running');
    expect((await kept.tell(0, 3)).value).toBe(3);
    await kept.ask();
    const failed = await createStudy({ storage, resume: true, interrupted: 'fail' });
    expect(failed.trials[1]?.error?.message).toContain('ended once');
  });
});

describe('suggestions', () => {
  it('repeat for the same range and refuse another', async () => {
    const trial = await (await createStudy()).ask();
    const x = trial.suggestFloat('x', 0, 1);
    expect(trial.suggestFloat('x', 0, 1)).toBe(x);
    expect(() => trial.suggestFloat('x', 0, 2)).toThrow(
      'suggestFloat("x"): one distribution for a name within a trial, got float(0, 2) after float(0, 1).',
    );
    expect(() => trial.suggestFloat('y', 2, 1)).toThrow(
      'suggestFloat("y"): low <= high, got low 2 and high 1.',
    );
    expect(() => trial.suggestFloat('', 0, 1)).toThrow('a non-empty name, got ""');
    expect(() => trial.suggestFloat('__proto__', 0, 1)).toThrow(StudyError);
  });

  it('may change their range between trials, but not their type', async () => {
    const study = await createStudy();
    (await study.ask()).suggestFloat('x', 0, 1);
    const trial = await study.ask();
    expect(trial.suggestFloat('x', 5, 6)).toBeGreaterThanOrEqual(5);
    const third = await study.ask();
    expect(() => third.suggestInt('x', 0, 1)).toThrow(
      'one type for a name throughout a study, got int in trial 2 after float in trial 0.',
    );
  });

  it('of a single value ask no sampler', async () => {
    const sampler: Sampler = {
      name: 'none',
      sampleParameter: () => {
        throw new Error('asked');
      },
    };
    const trial = await (await createStudy({ sampler })).ask();
    expect([trial.suggestInt('a', 2, 2), trial.suggestCategorical('b', ['x'])]).toEqual([2, 'x']);
  });

  it('take joint proposals that fit, and refuse a sampler out of range', async () => {
    const sampler: Sampler = {
      name: 'joint',
      sampleJoint: async () => ({ a: 0.25, b: 7 }),
      sampleParameter: () => 0.5,
    };
    const trial = await (await createStudy({ sampler })).ask();
    expect(trial.suggestFloat('a', 0, 1)).toBe(0.25);
    expect(trial.suggestFloat('b', 0, 1)).toBe(0.5);
    expect(() => trial.suggestFloat('c', 5, 6)).toThrow(
      '"joint" proposes values within float(5, 6), got 0.5',
    );
  });

  it('warn once of an adjusted range', async () => {
    const onWarning = vi.fn<(message: string) => void>();
    const study = await createStudy({ onWarning });
    for (let count = 0; count < 2; count++) (await study.ask()).suggestFloat('x', 0, 1, { step: 0.3 });
    expect(onWarning.mock.calls).toEqual([[expect.stringContaining('the range becomes [0, 0.9]')]]);
  });

  it('of a space function keep their names', async () => {
    const study = await createStudy();
    const trial = await study.ask();
    expect(() => trial.suggest((suggest) => ({ rate: suggest.suggestFloat('lr', 0.5, 0.5) }))).toThrow(
      'got rate = 0.5 and suggestions lr = 0.5',
    );
    expect(() => trial.suggest((() => 3) as never)).toThrow('an object of parameters, got 3');
  });
});

describe('ask and tell', () => {
  it('end a trial with a value, pruned or failed', async () => {
    const study = await createStudy({ direction: 'maximize' });
    for (const value of [1, 3, 3, 2]) await study.tell(await study.ask(), value);
    expect([study.bestTrial.number, study.bestValue]).toEqual([1, 3]);
    const pruned = await study.ask();
    pruned.report(9, 5);
    pruned.report(8, 1);
    expect(await study.tell(pruned, { state: 'pruned' })).toMatchObject({ state: 'pruned', value: 9 });
    const noisy = await study.ask();
    noisy.report(NaN, 0);
    expect((await study.tell(noisy, { state: 'pruned' })).value).toBeNull();
    const failed = await study.tell(await study.ask(), { state: 'failed', error: new TypeError('bad') });
    expect(failed.error).toMatchObject({ name: 'TypeError', message: 'bad' });
    expect(study.bestValue).toBe(3);
  });

  it('take infinite values but not NaN, undefined or text', async () => {
    const study = await createStudy();
    const tell = async (value: unknown): Promise<FrozenTrial> =>
      study.tell(await study.ask(), value as number);
    expect((await tell(Infinity)).state).toBe('complete');
    expect((await tell(NaN)).error?.message).toBe(
      'objective(): a number, got NaN. Return the value to minimize.',
    );
    expect((await tell(undefined)).error?.message).toContain('got undefined');
    expect((await tell('0.5')).error?.message).toContain('got "0.5"');
    await expect(tell({ state: 'done' })).rejects.toThrow('got {"state":"done"}');
  });

  it('refuse a second end, and what comes after the first', async () => {
    const study = await createStudy({ name: 's' });
    const trial = await study.ask();
    await study.tell(trial, 1);
    await expect(study.tell(trial, 2)).rejects.toThrow(
      'a running trial of study "s", got 0, which is complete.',
    );
    await expect(study.tell(7, 2)).rejects.toThrow('got 7, which does not exist.');
    expect(() => trial.suggestFloat('x', 0, 1)).toThrow('got trial 0, which has ended');
    expect(() => trial.report(1, 0)).toThrow(StudyError);
    expect(() => trial.setUserAttribute('a', 1)).toThrow(StudyError);
  });

  it('refuse a late tell of a trial that was taken over', async () => {
    const storage = memoryStorage();
    const zombie = await createStudy({ storage });
    const stale = await zombie.ask();
    const owner = await createStudy({ storage, resume: true });
    const trial = await owner.ask();
    await expect(zombie.tell(stale, 1)).rejects.toThrow(
      'trial 0 running in attempt 1, got running in attempt 2',
    );
    expect((await owner.tell(trial, 2)).value).toBe(2);
  });

  it('see what others write to the same storage', async () => {
    const storage = memoryStorage();
    const a = await createStudy({ storage });
    const b = await loadStudy({ storage, name: 'study' });
    await a.tell(await a.ask(), 1);
    expect((await b.ask()).number).toBe(1);
    expect(b.bestValue).toBe(1);
    await a.sync();
    expect(a.trials.length).toBe(2);
  });
});

describe('a sampler that throws', () => {
  it('fails the trial and rejects, whatever is caught', async () => {
    const sampler: Sampler = {
      name: 'broken',
      sampleJoint: () => {
        throw new Error('no proposal');
      },
      sampleParameter: () => 0,
    };
    const study = await createStudy({ sampler });
    await expect(study.ask()).rejects.toThrow('no proposal');
    await expect(study.optimize(() => 1, { trials: 2 })).rejects.toThrow('no proposal');
    expect(study.trials.map((trial) => trial.error?.message)).toEqual(['no proposal', 'no proposal']);
  });
});

describe('reports', () => {
  it('are numbers at whole steps, once each', async () => {
    const onWarning = vi.fn<(message: string) => void>();
    const trial = await (await createStudy({ onWarning })).ask();
    trial.report(1, 0);
    trial.report(2, 0);
    expect(trial.intermediateValues).toEqual({ 0: 1 });
    expect(onWarning).toHaveBeenCalledWith(expect.stringContaining('got 2 for step 0 of trial 0 after 1'));
    expect(() => trial.report(1, -1)).toThrow('a whole number >= 0 for the step, got -1');
    expect(() => trial.report(1, 0.5)).toThrow(StudyError);
    expect(() => trial.report('1' as never, 2)).toThrow('a number for the value, got "1" at step 2');
  });
});

describe('trials', () => {
  it('show running ones as they are', async () => {
    const study = await createStudy();
    const trial = await study.ask();
    trial.suggestInt('x', 1, 1);
    trial.report(0.5, 0);
    trial.setUserAttribute('k', [1]);
    const [frozen] = study.trials;
    expect(frozen).toMatchObject({
      state: 'running',
      params: { x: 1 },
      intermediateValues: { 0: 0.5 },
      userAttributes: { k: [1] },
    });
    trial.report(0.25, 1);
    expect(frozen?.intermediateValues).toEqual({ 0: 0.5 });
  });

  it('have no best one until one is complete', async () => {
    const study = await createStudy();
    expect(() => study.bestTrial).toThrow('a complete trial, got none among 0. Call optimize() first.');
    await study.tell(await study.ask(), { state: 'failed', error: new RangeError('boom') });
    expect(() => study.bestValue).toThrow('got none among 1. Trial 0 failed with RangeError: boom');
  });
});

describe('enqueue', () => {
  it('runs given parameters first and leaves the rest to the sampler', async () => {
    const study = await createStudy({ space, seed: 2 });
    await study.enqueue({ lr: 0.1 }, { userAttributes: { why: 'default' } });
    const trial = await study.ask();
    expect(trial.params).toMatchObject({ lr: 0.1 });
    expect(Object.keys(trial.params)).toEqual(['lr', 'depth', 'optimizer']);
    expect(trial.userAttributes).toEqual({ why: 'default' });
    expect((await study.ask()).params.lr).not.toBe(0.1);
  });

  it('refuses what a declared space does not hold', async () => {
    const study = await createStudy({ space });
    await expect(study.enqueue({ lr: 2 })).rejects.toThrow('within float(0.0001, 1, log), got 2 for "lr"');
    await expect(study.enqueue({ rate: 2 } as never)).rejects.toThrow(
      'got "rate". Known: lr, depth, optimizer',
    );
    await expect(study.enqueue({ lr: NaN })).rejects.toThrow(DistributionError);
  });

  it('fails the trial when the objective asks for another range', async () => {
    const study = await createStudy();
    await study.enqueue({ x: 5 });
    const result = await study.optimize((trial) => trial.suggestFloat('x', 0, 1), { trials: 2 });
    expect(result.trials).toBe(2);
    expect(study.trials[0]?.error?.message).toContain('within float(0, 1), got 5 in trial 0');
    expect(study.trials[1]?.state).toBe('complete');
  });
});

describe('user attributes', () => {
  it('are copies', async () => {
    const study = await createStudy();
    const list = [1];
    await study.setUserAttribute('list', list);
    list.push(2);
    expect(study.userAttributes).toEqual({ list: [1] });
    await expect(study.setUserAttribute('date', new Date() as never)).rejects.toThrow('got a Date at date');
  });
});
