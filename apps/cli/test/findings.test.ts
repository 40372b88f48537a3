import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { findingsOf, secondsTo } from '../src/findings.ts';
import type { StudyRecord, TrialRecord } from '../src/report/study-record.ts';
import { findingsText } from '../src/terminal/findings-text.ts';
import { widthOf } from '../src/terminal/table.ts';

function trial(
  number: number,
  optimizer: string,
  lr: number,
  metrics: readonly number[],
  outcome: TrialRecord['outcome'] = 'completed',
): TrialRecord {
  return {
    number,
    choices: { optimizer, lr, batchSize: 64 },
    outcome,
    metric: metrics.length === 0 ? null : Math.max(...metrics),
    seconds: metrics.length,
    losses: [],
    validation: metrics.map((metric, index) => ({
      step: index + 1,
      examples: (index + 1) * 1000,
      seconds: (index + 1) * 0.5,
      loss: 1 - metric,
      metric,
    })),
  };
}

const record: StudyRecord = {
  experiment: 'digits',
  metric: { name: 'accuracy', direction: 'maximize', target: 0.9 },
  seed: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  command: 'nadir tune digits',
  machine: { node: '24.0.0' },
  data: { train: 1000, validation: 100, test: 100 },
  seconds: 12,
  trials: [
    trial(0, 'sgd', 0.1, [0.8, 0.92]),
    trial(1, 'sgd', 0.2, [0.5], 'pruned'),
    trial(2, 'adam', 0.001, [0.9, 0.95]),
    trial(3, 'adam', 0.002, [0.85, 0.93]),
    trial(4, 'adam', 5, [], 'diverged'),
  ],
  finalists: [
    {
      trial: 2,
      choices: { optimizer: 'adam', lr: 0.001, batchSize: 64 },
      runs: [0.95, 0.94, 0.96].map((metric, index) => ({ seed: index + 2, metric, seconds: 1 })),
    },
    {
      trial: 3,
      choices: { optimizer: 'adam', lr: 0.002, batchSize: 64 },
      runs: [0.93, 0.92, 0.935].map((metric, index) => ({ seed: index + 2, metric, seconds: 1 })),
    },
  ],
  winner: null,
};

describe('findingsOf', () => {
  const { choices, certainty, target } = findingsOf(record);

  it('works out what each value cost in the metric, in stability and in speed', () => {
    expect(target).toBe(0.9);
    const [adam, sgd] = choices.find(({ choice }) => choice === 'optimizer')!.values;
    expect(adam).toMatchObject({
      label: 'adam',
      trials: 3,
      best: 0.95,
      cost: 0,
      pruned: 0,
      diverged: 1,
      reached: 2,
    });
    expect(adam!.secondsToTarget).toBe(0.75);
    expect(adam!.rate).toBe(2000);
    expect(sgd).toMatchObject({
      label: 'sgd',
      trials: 2,
      best: 0.92,
      pruned: 1,
      diverged: 0,
      reached: 1,
      spread: null,
    });
    expect(sgd!.cost).toBeCloseTo(0.03, 12);
  });

  it('leaves out a choice that was not varied', () => {
    expect(choices.map(({ choice }) => choice)).toEqual(['optimizer', 'lr']);
  });

  it('says how sure the result is', () => {
    expect(certainty.ranking.map(({ finalist }) => finalist.trial)).toEqual([2, 3]);
    expect(certainty.lead).toBeCloseTo(0.02, 12);
    expect(certainty.separated).toBe(true);
    const tie = findingsOf({
      ...record,
      finalists: [record.finalists[0]!, { ...record.finalists[1]!, runs: record.finalists[0]!.runs }],
    });
    expect(tie.certainty).toMatchObject({ lead: 0, separated: false });
  });

  it('groups many numbers by their decade', () => {
    const trials = Array.from({ length: 8 }, (_, index) => trial(index, 'sgd', 0.02 * (index + 1), [0.9]));
    const { choices: found } = findingsOf({ ...record, trials });
    expect(
      found.find(({ choice }) => choice === 'lr')!.values.map(({ label, trials: count }) => [label, count]),
    ).toEqual([
      ['0.01 – 0.1', 4],
      ['0.1 – 1', 4],
    ]);
  });

  it('handles a study without a completed trial', () => {
    const empty = findingsOf({ ...record, trials: [trial(0, 'sgd', 1, [], 'diverged')], finalists: [] });
    expect(empty.choices).toEqual([]);
    expect(empty.certainty).toEqual({ ranking: [], lead: null, separated: false });
    expect(findingsText({ ...record, finalists: [] }, empty, 80).join('\n')).toMatch(
      /No combination was trained again yet/,
    );
  });
});

describe('secondsTo', () => {
  it('is the time of the first evaluation at the target, in either direction', () => {
    expect(secondsTo(record.trials[0]!, 0.9, 'maximize')).toBe(1);
    expect(secondsTo(record.trials[0]!, 0.99, 'maximize')).toBeNull();
    expect(secondsTo(record.trials[0]!, 0.8, 'minimize')).toBe(0.5);
  });
});

describe('findingsText', () => {
  it.each([80, 120])('fits into %i columns', (width) => {
    const lines = findingsText(record, findingsOf(record), width).map((text) =>
      stripVTControlCharacters(text),
    );
    for (const text of lines) expect(widthOf(text)).toBeLessThanOrEqual(width);
    const all = lines.join('\n');
    expect(all).toContain('The best combination: adam, lr 0.001, batch 64');
    expect(all).toMatch(
      /every seed of it beats every seed of the runner-up; its median leads\s+by 2\.00 points/,
    );
    expect(all).toMatch(/sgd +2 +92\.00 % +3\.00/);
  });
});
