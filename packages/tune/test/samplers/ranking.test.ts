import type { FrozenTrial } from '@nadir/tune';
import { describe, expect, it } from 'vitest';
import { rankTrials, violationOf } from '../../src/samplers/ranking.ts';

const base = { constraints: {}, intermediateValues: {}, value: null, values: null } as const;
let count = 0;
const trial = (fields: Partial<FrozenTrial>): FrozenTrial =>
  ({ ...base, number: count++, state: 'complete', ...fields }) as FrozenTrial;
const complete = (...values: number[]): FrozenTrial => trial({ value: values[0]!, values });

const order = (
  trials: readonly FrozenTrial[],
  ...directions: ('minimize' | 'maximize')[]
): readonly number[] => rankTrials(trials, directions).map((item) => trials.indexOf(item));

describe('rankTrials', () => {
  it('puts complete trials first, by value, then what was pruned late, infeasible, failed', () => {
    const trials = [
      trial({ state: 'failed' }),
      trial({ state: 'pruned', value: 0, intermediateValues: { 0: 0 } }),
      trial({ state: 'pruned', value: 5, intermediateValues: { 0: 0, 3: 5 } }),
      trial({ state: 'pruned', value: 4, intermediateValues: { 3: 4 } }),
      trial({ value: 1, values: [1], constraints: { a: 2 } }),
      trial({ value: 9, values: [9], constraints: { a: 0.5, b: 0.5, c: -8 } }),
      complete(3),
      complete(2),
      complete(3),
    ];
    expect(order(trials, 'minimize')).toEqual([7, 6, 8, 3, 2, 1, 5, 4, 0]);
    expect(order(trials, 'maximize')).toEqual([6, 8, 7, 2, 3, 1, 5, 4, 0]);
  });

  it('sorts several objectives by front, then the less crowded first', () => {
    const trials = [
      complete(0, 4),
      complete(1, 2),
      complete(1.1, 1.9),
      complete(4, 0),
      complete(4, 4),
      complete(2, 2.5),
    ];
    // Of the inner points of the first front, the gap around [1, 2] is 1.1/4 + 2.1/4, around [1.1, 1.9] 3/4 + 2/4.
    expect(order(trials, 'minimize', 'minimize')).toEqual([0, 3, 2, 1, 5, 4]);
  });
});

describe('violationOf', () => {
  it('sums what is above 0', () => {
    expect(violationOf({ constraints: { a: -3, b: 0, c: 1, d: 2 } })).toBe(3);
    expect(violationOf({ constraints: { a: Number.NaN } })).toBe(Infinity);
    expect(violationOf({ constraints: {} })).toBe(0);
  });
});
