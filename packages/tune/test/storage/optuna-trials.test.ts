import { readFileSync } from 'node:fs';
import { createStudy, optunaTrials, StorageError } from '@nadir/tune';
import type { ImportedTrial } from '@nadir/tune';
import { describe, expect, it } from 'vitest';

interface OptunaTrial {
  readonly state: 'COMPLETE' | 'PRUNED' | 'FAIL' | 'WAITING';
  readonly values: readonly string[] | null;
  readonly params: Readonly<Record<string, number | string | boolean>>;
  readonly attributes: Readonly<Record<string, string>>;
  readonly started: number | null;
}

interface Frame {
  readonly csv: string;
  readonly indexed: string;
  readonly columns: string;
  readonly records: string;
  readonly trials: readonly OptunaTrial[];
}

const { single, multiple } = JSON.parse(
  readFileSync(new URL('../fixtures/optuna-trials.json', import.meta.url), 'utf8'),
) as { readonly single: Frame; readonly multiple: Frame };

const states = { COMPLETE: 'complete', PRUNED: 'pruned', FAIL: 'failed', WAITING: 'waiting' } as const;
const numberOf = (text: string): number => (text === 'inf' ? Infinity : Number(text));

function expected({ trials }: Frame): readonly Partial<ImportedTrial>[] {
  return trials
    .filter(({ state }) => state !== 'WAITING')
    .map(({ state, values, params, attributes }) => ({
      state: states[state] as ImportedTrial['state'],
      values: values?.map(numberOf) ?? null,
      params,
      userAttributes: attributes,
    }));
}

describe('optunaTrials', () => {
  it.each(['csv', 'indexed'] as const)('reads the trials of a data frame to the last digit: %s', (form) => {
    for (const frame of [single, multiple]) {
      const trials = optunaTrials(frame[form]);
      expect(
        trials.map(({ state, values, params, userAttributes }) => ({
          state,
          values,
          params,
          userAttributes,
        })),
      ).toEqual(expected(frame));
      expect(trials.length).toBeGreaterThan(2);
    }
  });

  it.each(['columns', 'records'] as const)('reads to_json, which rounds to ten digits: %s', (form) => {
    const trials = optunaTrials(single[form]);
    const truth = expected(single);
    expect(trials.length).toBe(truth.length);
    for (const [index, trial] of trials.entries()) {
      const { values, params } = truth[index]!;
      if (values?.[0] === Infinity) {
        expect(trial).toMatchObject({
          state: 'failed',
          values: null,
          error: { message: 'Its value is missing.' },
        });
      } else {
        expect([trial.state, trial.values === null]).toEqual([truth[index]!.state, values === null]);
        if (values !== null) expect(trial.values![0]).toBeCloseTo(values![0]!, 9);
      }
      expect(Object.keys(trial.params).toSorted()).toEqual(Object.keys(params!).toSorted());
      expect(trial.params['lr']).toBeCloseTo(params!['lr'] as number, 9);
      expect([trial.params['batch'], trial.params['nesterov']]).toEqual([
        params!['batch'],
        params!['nesterov'],
      ]);
      expect(trial.startedAt).toBe(Math.floor(single.trials[index]!.started!));
    }
  });

  it('infers the smallest distributions', () => {
    const [first] = optunaTrials(single.csv);
    expect(first!.distributions).toEqual({
      batch: { type: 'int', low: 18, high: 124, log: false, step: 1 },
      lr: { type: 'float', low: 0.0002637307779092464, high: 0.04257625486011382, log: false, step: null },
      nesterov: { type: 'categorical', choices: [true, false] },
      optimizer: { type: 'categorical', choices: ['the "other", one', 'sgd'] },
    });
  });

  it('feeds a study', async () => {
    const study = await createStudy({ directions: ['minimize', 'maximize'] });
    await study.importTrials(optunaTrials(multiple.csv));
    expect(study.trials.map(({ values }) => values)).toEqual(
      multiple.trials.map(({ values }) => values!.map(Number)),
    );
  });

  it('refuses what is no data frame of trials', () => {
    expect(() => optunaTrials('a,b\n1,2\n')).toThrow(
      'the column state, as trials_dataframe() gives it, got a, b',
    );
    expect(() => optunaTrials('[{')).toThrow(StorageError);
    expect(optunaTrials('')).toEqual([]);
    expect(optunaTrials('[]')).toEqual([]);
  });
});
