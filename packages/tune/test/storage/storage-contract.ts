import { createStudy, StaleTrialError, StorageError } from '@nadir/tune';
import type { FrozenTrial, ImportedTrial, NewTrial, StudyStorage, TrialChange, TrialRef } from '@nadir/tune';
import { describe, expect, it } from 'vitest';

const study = { name: 'digits', directions: ['minimize'], seed: 7, createdAt: 1000 } as const;
const fresh: NewTrial = {
  state: 'running',
  fixedParams: {},
  userAttributes: {},
  sampler: 'random',
  at: 2000,
};
const waiting: NewTrial = { ...fresh, state: 'waiting', sampler: null };
const distribution = { type: 'float', low: 0, high: 1, log: false, step: null } as const;
const complete = { state: 'complete', values: [0.5], error: null, at: 3000 } as const;

const refOf = ({ number, attempt }: FrozenTrial): TrialRef => ({ study: 'digits', number, attempt });

/**
 * What every storage must do. `open` makes an empty storage; `reopen` gives one over what was last opened, as another
 * process would find it after `close`, or the same one where nothing outlives the object.
 */
export function testStorage(
  name: string,
  open: () => Promise<StudyStorage>,
  reopen: (storage: StudyStorage) => Promise<StudyStorage>,
): void {
  const withStudy = async (): Promise<StudyStorage> => {
    const storage = await open();
    await storage.createStudy(study);
    return storage;
  };

  describe(`the storage ${name}`, () => {
    it('keeps studies apart, and by name', async () => {
      const storage = await withStudy();
      expect(await storage.loadStudy('other')).toBeUndefined();
      await storage.createStudy({ ...study, name: 'other', directions: ['maximize', 'minimize'] });
      await storage.createTrial('other', fresh);
      expect(await storage.loadTrials('digits', 0)).toEqual([]);
      await expect(storage.createStudy(study)).rejects.toThrow('a name that is not taken, got "digits"');
      const reopened = await reopen(storage);
      expect(await reopened.loadStudy('digits')).toEqual({ ...study, userAttributes: {}, revision: 0 });
      expect((await reopened.listStudies()).map((item) => item.name)).toEqual(['digits', 'other']);
      await reopened.deleteStudy('digits');
      expect((await reopened.listStudies()).map((item) => item.name)).toEqual(['other']);
      await expect(reopened.loadTrials('digits', 0)).rejects.toThrow(StorageError);
      await reopened.close();
    });

    it('numbers trials and counts revisions', async () => {
      const storage = await withStudy();
      const trials = await Promise.all([
        storage.createTrial('digits', fresh),
        storage.createTrial('digits', waiting),
        storage.createTrial('digits', fresh),
      ]);
      expect(trials.map(({ number, asked, attempt }) => [number, asked, attempt])).toEqual([
        [0, 1, 1],
        [1, null, 1],
        [2, 3, 1],
      ]);
      expect((await storage.finishTrial(refOf(trials[2]!), complete)).told).toBe(4);
      expect((await storage.loadTrials('digits', 2)).map((trial) => trial.number)).toEqual([2]);
      expect((await storage.loadStudy('digits'))?.revision).toBe(4);
      await storage.close();
    });

    it('brings back all that was written', async () => {
      const storage = await withStudy();
      const trial = await storage.createTrial('digits', {
        ...fresh,
        fixedParams: { batch: 32 },
        userAttributes: { from: ['a', 1] },
      });
      await storage.writeTrial(refOf(trial), [
        { type: 'proposal', params: { x: 0.25 }, parent: null },
        { type: 'param', name: 'x', value: 0.25, distribution },
        { type: 'report', step: 0, value: NaN },
        { type: 'report', step: 10, value: -Infinity },
        { type: 'constraint', name: 'memory', value: 1 },
        { type: 'constraint', name: 'memory', value: -0.5 },
        { type: 'constraint', name: 'time', value: Infinity },
        { type: 'attribute', key: 'text', value: 'ä\n"\u2028' },
      ]);
      await storage.finishTrial(refOf(trial), { ...complete, values: [-0] });
      await storage.setStudyAttribute('digits', 'note', { nested: [null, Infinity] });
      const reopened = await reopen(storage);
      expect(await reopened.loadTrials('digits', 0)).toStrictEqual([
        {
          number: 0,
          state: 'complete',
          attempt: 1,
          value: -0,
          values: [-0],
          params: { x: 0.25 },
          distributions: { x: distribution },
          fixedParams: { batch: 32 },
          proposal: { x: 0.25 },
          parent: null,
          intermediateValues: { 0: NaN, 10: -Infinity },
          constraints: { memory: -0.5, time: Infinity },
          userAttributes: { from: ['a', 1], text: 'ä\n"\u2028' },
          sampler: 'random',
          error: null,
          startedAt: 2000,
          finishedAt: 3000,
          asked: 1,
          proposed: 2,
          told: 3,
          revision: 3,
        },
      ]);
      expect((await reopened.loadStudy('digits'))?.userAttributes).toEqual({
        note: { nested: [null, Infinity] },
      });
      await reopened.close();
    });

    it('hands out waiting trials once, the lowest number first', async () => {
      const storage = await withStudy();
      for (let count = 0; count < 2; count++) await storage.createTrial('digits', waiting);
      const claim = (): Promise<FrozenTrial | undefined> =>
        storage.claimTrial('digits', { sampler: 'grid', at: 2500 });
      const claimed = await Promise.all([claim(), claim(), claim()]);
      expect(claimed.map((trial) => trial?.number)).toEqual([0, 1, undefined]);
      expect(claimed[0]).toMatchObject({ state: 'running', sampler: 'grid', startedAt: 2500, asked: 3 });
      await storage.close();
    });

    it('imports trials that have ended, each under one revision', async () => {
      const storage = await withStudy();
      await storage.createTrial('digits', fresh);
      const first: ImportedTrial = {
        state: 'complete',
        values: [1, -Infinity],
        params: { x: 0.25, c: null },
        distributions: { x: distribution, c: { type: 'categorical', choices: [null, 'a'] } },
        intermediateValues: { 3: NaN },
        constraints: { memory: -1 },
        userAttributes: { from: 'elsewhere' },
        sampler: 'tpe',
        error: null,
        startedAt: 10,
        finishedAt: 20,
      };
      const second: ImportedTrial = {
        ...first,
        state: 'failed',
        values: null,
        error: { name: 'RangeError', message: 'boom' },
      };
      const blank = { attempt: 1, fixedParams: {}, proposal: {}, parent: null, proposed: null } as const;
      const expected = [
        { ...first, ...blank, number: 1, value: 1, asked: 2, told: 2, revision: 2 },
        { ...second, ...blank, number: 2, value: null, asked: 3, told: 3, revision: 3 },
      ];
      expect(await storage.importTrials('digits', [first, second])).toStrictEqual(expected);
      expect(await storage.importTrials('digits', [])).toEqual([]);
      const reopened = await reopen(storage);
      expect(await reopened.loadTrials('digits', 1)).toStrictEqual(expected);
      expect((await reopened.createTrial('digits', fresh)).number).toBe(3);
      await expect(reopened.importTrials('nowhere', [first])).rejects.toThrow(StorageError);
      await reopened.close();
    });

    it('restores a study as it was in another storage', async () => {
      const source = await withStudy();
      const running = await source.createTrial('digits', { ...fresh, userAttributes: { kept: 1 } });
      const waits = await source.createTrial('digits', { ...waiting, fixedParams: { x: 0.5 } });
      const ended = await source.createTrial('digits', fresh);
      await source.requeueTrial(refOf(ended));
      await source.requeueTrial(refOf((await source.claimTrial('digits', { sampler: 'grid', at: 5 }))!));
      const again = (await source.claimTrial('digits', { sampler: 'grid', at: 6 }))!;
      await source.writeTrial(refOf(again), [
        { type: 'proposal', params: { x: 0.25 }, parent: 0 },
        { type: 'param', name: 'x', value: 0.25, distribution },
        { type: 'report', step: 3, value: NaN },
        { type: 'constraint', name: 'memory', value: -0 },
      ]);
      await source.finishTrial(refOf(again), { ...complete, values: [-Infinity] });
      await source.setStudyAttribute('digits', 'note', [NaN]);
      expect([running.number, waits.number]).toEqual([0, 1]);
      const record = (await source.loadStudy('digits'))!;
      const trials = await source.loadTrials('digits', 0);
      expect(await source.restoreStudy({ ...record, name: 'copy' }, trials)).toStrictEqual({
        ...record,
        name: 'copy',
      });
      await expect(source.restoreStudy(record, trials)).rejects.toThrow(
        'a name that is not taken, got "digits"',
      );
      await expect(source.restoreStudy({ ...record, name: 'gap' }, trials.slice(1))).rejects.toThrow(
        'number 0 is next in study "gap", got 1',
      );
      const reopened = await reopen(source);
      expect((await reopened.listStudies()).map(({ name }) => name)).toEqual(['digits', 'copy']);
      expect(await reopened.loadStudy('copy')).toStrictEqual({ ...record, name: 'copy' });
      expect(await reopened.loadTrials('copy', 0)).toStrictEqual(trials);
      expect((await reopened.createTrial('copy', fresh)).number).toBe(trials.length);
      const requeued = await reopened.requeueTrial({ study: 'copy', number: 0, attempt: 1 });
      expect(requeued).toMatchObject({
        attempt: 2,
        userAttributes: { kept: 1 },
        revision: record.revision + 2,
      });
      await reopened.close();
    });

    it('takes names and texts of every kind', async () => {
      const storage = await withStudy();
      const name = `it's "quoted" \\ {braces}, ünï & 字 $1 NULL`;
      const text = '\0 \ud800 \\u0000 {"$": 1}';
      await storage.createStudy({ ...study, name, seed: Number.MAX_SAFE_INTEGER, createdAt: 0.1 });
      const trial = await storage.createTrial(name, {
        ...fresh,
        fixedParams: { [name]: text },
        userAttributes: { [name]: text, '': null, NULL: 'NULL' },
      });
      await storage.writeTrial({ study: name, number: 0, attempt: trial.attempt }, [
        { type: 'param', name, value: text, distribution: { type: 'categorical', choices: [text, null] } },
        { type: 'report', step: Number.MAX_SAFE_INTEGER, value: Number.MIN_VALUE },
        { type: 'report', step: 0, value: Number.MAX_VALUE },
        { type: 'constraint', name, value: 0.1 + 0.2 },
        { type: 'attribute', key: text.slice(-4), value: { [text]: [text] } },
      ]);
      await storage.setStudyAttribute(name, name, text);
      const reopened = await reopen(storage);
      expect(await reopened.loadStudy(name)).toMatchObject({
        seed: Number.MAX_SAFE_INTEGER,
        createdAt: 0.1,
        userAttributes: { [name]: text },
      });
      expect((await reopened.loadTrials(name, 0))[0]).toMatchObject({
        fixedParams: { [name]: text },
        params: { [name]: text },
        distributions: { [name]: { type: 'categorical', choices: [text, null] } },
        intermediateValues: { [Number.MAX_SAFE_INTEGER]: Number.MIN_VALUE, 0: Number.MAX_VALUE },
        constraints: { [name]: 0.1 + 0.2 },
        userAttributes: { [name]: text, '': null, NULL: 'NULL', [text.slice(-4)]: { [text]: [text] } },
      });
      await reopened.close();
    });

    it('keeps the order of names', async () => {
      const storage = await withStudy();
      const trial = await storage.createTrial('digits', fresh);
      const param = (name: string): TrialChange => ({ type: 'param', name, value: 0.5, distribution });
      await storage.writeTrial(refOf(trial), [param('zeta'), param('b')]);
      await storage.writeTrial(refOf(trial), [param('alpha'), param('zeta')]);
      const reopened = await reopen(storage);
      expect(Object.keys((await reopened.loadTrials('digits', 0))[0]!.params)).toEqual([
        'zeta',
        'b',
        'alpha',
      ]);
      await reopened.close();
    });

    it('requeues with the next attempt: parameters stay, reports and attributes go', async () => {
      const storage = await withStudy();
      const trial = await storage.createTrial('digits', { ...fresh, userAttributes: { kept: 1 } });
      await storage.writeTrial(refOf(trial), [
        { type: 'param', name: 'x', value: 0.25, distribution },
        { type: 'proposal', params: { x: 0.25 }, parent: 0 },
        { type: 'report', step: 0, value: 1 },
        { type: 'constraint', name: 'memory', value: 1 },
        { type: 'attribute', key: 'gone', value: 1 },
      ]);
      expect(await storage.requeueTrial(refOf(trial))).toMatchObject({
        state: 'waiting',
        attempt: 2,
        params: { x: 0.25 },
        proposal: { x: 0.25 },
        parent: 0,
        intermediateValues: {},
        constraints: {},
        userAttributes: { kept: 1 },
        asked: 1,
        startedAt: null,
      });
      const again = await storage.claimTrial('digits', { sampler: 'random', at: 2600 });
      expect(again).toMatchObject({ number: 0, attempt: 2, asked: 1, state: 'running' });
      await storage.close();
    });

    it('fences every write by attempt and state', async () => {
      const storage = await withStudy();
      const first = await storage.createTrial('digits', fresh);
      await storage.requeueTrial(refOf(first));
      const second = (await storage.claimTrial('digits', { sampler: 'random', at: 2600 })) as FrozenTrial;
      const before = await storage.loadTrials('digits', 0);
      const refused = async (trial: FrozenTrial): Promise<void> => {
        const ref = refOf(trial);
        await expect(storage.writeTrial(ref, [{ type: 'report', step: 0, value: 1 }])).rejects.toThrow(
          StaleTrialError,
        );
        await expect(storage.finishTrial(ref, complete)).rejects.toThrow(StaleTrialError);
        await expect(storage.requeueTrial(ref)).rejects.toThrow(StaleTrialError);
      };
      await refused(first);
      expect(await storage.loadTrials('digits', 0)).toEqual(before);
      const finished = await storage.finishTrial(refOf(second), complete);
      await refused(second);
      expect(await storage.loadTrials('digits', 0)).toEqual([finished]);
      await storage.close();
    });

    it('hands out records that never change', async () => {
      const storage = await withStudy();
      const trial = await storage.createTrial('digits', fresh);
      const copy = structuredClone(trial);
      await storage.writeTrial(refOf(trial), [{ type: 'param', name: 'x', value: 0.25, distribution }]);
      await storage.finishTrial(refOf(trial), complete);
      expect(trial).toEqual(copy);
      await storage.close();
    });

    it('names studies and trials that it does not have', async () => {
      const storage = await withStudy();
      await expect(storage.createTrial('nowhere', fresh)).rejects.toThrow('got "nowhere". Known: "digits"');
      await expect(storage.setStudyAttribute('nowhere', 'a', 1)).rejects.toThrow(StorageError);
      await expect(storage.deleteStudy('nowhere')).rejects.toThrow(StorageError);
      await expect(storage.finishTrial({ study: 'digits', number: 3, attempt: 1 }, complete)).rejects.toThrow(
        'got 3 in study "digits" of 0 trials',
      );
      await storage.close();
    });

    it('carries a study from one session into the next', async () => {
      const storage = await open();
      const objective = (trial: { suggestFloat(name: string, low: number, high: number): number }): number =>
        trial.suggestFloat('x', -1, 1) ** 2;
      const first = await createStudy({ storage, seed: 1 });
      await first.optimize(objective, { trials: 5 });
      await first.enqueue({ x: 0 });
      const reopened = await reopen(storage);
      const second = await createStudy({ storage: reopened, resume: true });
      await second.optimize(objective, { trials: 5, concurrency: 2 });
      expect(second.trials.map((trial) => trial.state)).toEqual(Array.from({ length: 10 }, () => 'complete'));
      expect([second.bestValue, second.bestTrial.number, second.seed]).toEqual([0, 5, 1]);
      await reopened.close();
    });
  });
}
