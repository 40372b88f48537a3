import { createStudy, memoryStorage, StudyError } from '@nadir/tune';
import type { Direction, Study } from '@nadir/tune';
import { PhiloxGenerator } from '@nadir/random';
import { describe, expect, it } from 'vitest';

async function studyOf(
  directions: readonly Direction[],
  rows: readonly (readonly number[])[],
): Promise<Study> {
  const study = await createStudy({ directions });
  await study.optimize(({ number }) => rows[number]!, { trials: rows.length });
  return study;
}

describe('bestTrials', () => {
  it('are those that no other one betters', async () => {
    const rows = [
      [1, 5],
      [2, 2],
      [3, 3],
      [2, 2],
      [5, 1],
      [1, 6],
    ] as const;
    const front = (await studyOf(['minimize', 'minimize'], rows)).bestTrials;
    expect(front.map((trial) => trial.number)).toEqual([0, 1, 3, 4]);
    const upside = (await studyOf(['minimize', 'maximize'], rows)).bestTrials;
    expect(upside.map((trial) => trial.number)).toEqual([5]);
  });

  it('are what the definition gives, over three objectives', async () => {
    const random = new PhiloxGenerator({ seed: 4 });
    // Few levels, so that ties are common.
    const rows = Array.from({ length: 120 }, () => [0, 1, 2].map(() => random.integer(0, 6)));
    const front = (await studyOf(['minimize', 'minimize', 'minimize'], rows)).bestTrials;
    const isBeaten = (row: readonly number[]): boolean =>
      rows.some((other) => other.every((x, i) => x <= row[i]!) && other.some((x, i) => x < row[i]!));
    const expected = [...rows.keys()].filter((index) => !isBeaten(rows[index]!));
    expect(front.map((trial) => trial.number)).toEqual(expected);
  });

  it('of one objective are the best and its equals', async () => {
    const study = await studyOf(['maximize'], [[1], [3], [2], [3]]);
    expect(study.bestTrials.map((trial) => trial.number)).toEqual([1, 3]);
    expect(study.bestTrial.number).toBe(1);
  });

  it('leave out what failed, and what breaks a constraint', async () => {
    const study = await createStudy({ directions: ['minimize', 'minimize'] });
    await study.optimize(
      (trial) => {
        if (trial.number === 0) throw new Error('boom');
        trial.setConstraint('budget', trial.number === 1 ? 0.1 : -0.1);
        return [trial.number, -trial.number];
      },
      { trials: 4 },
    );
    expect(study.bestTrials.map((trial) => trial.number)).toEqual([2, 3]);
  });
});

describe('several objectives', () => {
  it('take one value each', async () => {
    const study = await createStudy({ directions: ['minimize', 'maximize'] });
    expect(study.directions).toEqual(['minimize', 'maximize']);
    const told = await study.tell(await study.ask(), [0.5, 2]);
    expect([told.state, told.value, told.values]).toEqual(['complete', 0.5, [0.5, 2]]);
    for (const wrong of [1, [1], [1, NaN], [1, 2, 3]]) {
      const failed = await study.tell(await study.ask(), wrong);
      expect(failed.error?.message).toMatch(
        /^objective\(\): 2 values, got .* one value for each direction\.$/,
      );
    }
    expect((await study.tell(await study.ask(), { state: 'pruned' })).state).toBe('pruned');
  });

  it('have no single best trial, and are not pruned', async () => {
    const study = await createStudy({ directions: ['minimize', 'maximize'] });
    expect(() => study.bestTrial).toThrow('one objective, got 2. See bestTrials');
    const trial = await study.ask();
    expect(() => trial.shouldPrune()).toThrow('shouldPrune(): a study with one objective, got 2');
  });

  it('are checked at the start and on resume', async () => {
    const storage = memoryStorage();
    await createStudy({ storage, directions: ['minimize', 'maximize'] });
    const resume = { storage, resume: true } as const;
    expect((await createStudy(resume)).directions.length).toBe(2);
    await expect(createStudy({ ...resume, direction: 'minimize' })).rejects.toThrow(
      '"study", minimize, maximize, got minimize.',
    );
    await expect(createStudy({ directions: [] })).rejects.toThrow('at least one direction, got none');
    await expect(createStudy({ directions: ['up' as never] })).rejects.toThrow(`'maximize', got "up"`);
    await expect(createStudy({ direction: 'minimize', directions: ['minimize'] })).rejects.toThrow(
      'direction or directions',
    );
  });
});

describe('constraints', () => {
  it('are kept by name, the last one given', async () => {
    const study = await createStudy();
    const trial = await study.ask();
    trial.setConstraint('memory', 3);
    trial.setConstraint('memory', -3);
    expect(trial.constraints).toEqual({ memory: -3 });
    expect(trial.freeze().constraints).toEqual({ memory: -3 });
    expect(() => trial.setConstraint('', 1)).toThrow(StudyError);
    expect(() => trial.setConstraint('memory', '1' as never)).toThrow('a number, got "1" for "memory"');
    expect((await study.tell(trial, 1)).constraints).toEqual({ memory: -3 });
    expect(() => trial.setConstraint('memory', 1)).toThrow('which has ended');
  });

  it('keep a trial from being the best', async () => {
    const study = await createStudy();
    await study.optimize(
      (trial) => {
        trial.setConstraint('slow', 1 - trial.number);
        return trial.number;
      },
      { trials: 1 },
    );
    expect(() => study.bestTrial).toThrow('meets its constraints, got none among 1 complete');
    await study.optimize((trial) => trial.number, { trials: 2 });
    expect(study.bestTrial.number).toBe(1);
  });
});

describe('a warm start', () => {
  it('knows the ended trials of an earlier study', async () => {
    const earlier = await createStudy({ seed: 1 });
    await earlier.optimize((trial) => trial.suggestFloat('x', 0, 1), { trials: 3 });
    await earlier.tell(await earlier.ask(), { state: 'failed' });
    await earlier.ask();
    const storage = memoryStorage();
    const options = { storage, warmStart: earlier.trials, resume: true } as const;
    const study = await createStudy(options);
    expect(study.trials.map((trial) => [trial.number, trial.state, trial.value, trial.params])).toEqual(
      earlier.trials.slice(0, 4).map((trial) => [trial.number, trial.state, trial.value, trial.params]),
    );
    expect(study.bestValue).toBe(earlier.bestValue);
    expect((await study.ask()).number).toBe(4);
    // Resumed, it takes them over no second time.
    expect((await createStudy(options)).trials.length).toBe(5);
  });

  it('refuses trials of another number of objectives', async () => {
    const earlier = await studyOf(['minimize', 'minimize'], [[1, 2]]);
    await expect(createStudy({ warmStart: earlier.trials })).rejects.toThrow(
      'importTrials(): trials with one value, got 2 in trial 0.',
    );
  });
});
