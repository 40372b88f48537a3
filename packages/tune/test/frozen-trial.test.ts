import { describe, expect, it } from 'vitest';
import { historyBefore, isFeasible, isFinished, lastStep } from '../src/frozen-trial.ts';
import type { FrozenTrial } from '../src/frozen-trial.ts';

const base: FrozenTrial = {
  number: 0,
  state: 'complete',
  attempt: 1,
  value: 1,
  values: [1],
  params: { x: 0.5, late: 1 },
  distributions: { x: { type: 'float', low: 0, high: 1, log: false, step: null } },
  fixedParams: {},
  proposal: { x: 0.5 },
  parent: 7,
  intermediateValues: { 0: 3 },
  constraints: { memory: 1 },
  userAttributes: { note: 'n' },
  sampler: 'random',
  error: null,
  startedAt: 10,
  finishedAt: 20,
  asked: 1,
  proposed: 2,
  told: 5,
  revision: 5,
};

const running = {
  state: 'running',
  value: null,
  values: null,
  distributions: {},
  intermediateValues: {},
  constraints: {},
  userAttributes: {},
  finishedAt: null,
  told: null,
};

describe('historyBefore', () => {
  it('shows what had ended as it is', () => {
    expect(historyBefore([base], 6)).toEqual([base]);
  });

  it('shows what ended later as running, with its proposal alone', () => {
    expect(historyBefore([base], 4)).toEqual([{ ...base, ...running, params: { x: 0.5 } }]);
  });

  it('hides a proposal that was written later, but not enqueued values', () => {
    const enqueued = { ...base, asked: 1, proposed: 4, fixedParams: { y: 2 } };
    expect(historyBefore([enqueued], 3)).toEqual([
      { ...enqueued, ...running, params: { y: 2 }, parent: null },
    ]);
  });

  it('leaves out what was asked for later, or waits', () => {
    expect(
      historyBefore(
        [
          { ...base, asked: 4 },
          { ...base, asked: null, state: 'waiting' },
        ],
        3,
      ),
    ).toEqual([]);
  });
});

describe('isFeasible', () => {
  it('holds where no constraint is above 0', () => {
    expect(isFeasible({ constraints: {} })).toBe(true);
    expect(isFeasible({ constraints: { a: -1, b: 0 } })).toBe(true);
    expect(isFeasible({ constraints: { a: -1, b: 1e-300 } })).toBe(false);
    expect(isFeasible({ constraints: { a: NaN } })).toBe(false);
  });
});

describe('isFinished', () => {
  it('holds for the three final states', () => {
    const states = ['waiting', 'running', 'complete', 'pruned', 'failed'] as const;
    expect(states.filter((state) => isFinished({ state }))).toEqual(['complete', 'pruned', 'failed']);
  });
});

describe('lastStep', () => {
  it('is the largest, not the latest', () => {
    expect([lastStep({}), lastStep({ 3: 1, 20: 1, 0: 1 })]).toEqual([undefined, 20]);
  });
});
