import { expect, it } from 'vitest';
import { linearTicks, logTicks, missingTicks } from '../../src/report/ticks.ts';
import { groupByValue, parametersOf } from '../../src/report/parameter.ts';
import { spreadOut } from '../../src/report/figures/end-labels.ts';

it('finds neat values on linear axes', () => {
  expect(linearTicks(0, 2, 6)).toEqual([0, 0.5, 1, 1.5, 2]);
  expect(linearTicks(0.9736, 0.9778, 6)).toEqual([0.974, 0.975, 0.976, 0.977]);
  expect(linearTicks(3, 3, 6)).toEqual([3]);
});

it('finds neat values on logarithmic axes', () => {
  expect(logTicks(1e-4, 1, 6)).toEqual([1e-4, 1e-3, 1e-2, 0.1, 1]);
  expect(logTicks(0.05, 2.5, 6)).toEqual([0.1, 0.3, 1]);
  expect(logTicks(1e-30, 1, 6).length).toBeLessThanOrEqual(6);
  expect(logTicks(5, 5, 6)).toEqual([5]);
  expect(logTicks(1.01, 1.03, 6).length).toBeGreaterThanOrEqual(3);
});

it('finds neat shares below 100%', () => {
  expect(missingTicks(0.02, 1, 7)).toEqual([0.02, 0.05, 0.1, 0.2, 0.5, 1]);
});

it('pushes labels apart by at least a line, within the range', () => {
  expect(spreadOut([10, 12, 100], 200)).toEqual([10, 24, 100]);
  expect(spreadOut([200, 199], 200)).toEqual([207, 193]);
  expect(spreadOut([], 200)).toEqual([]);
});

it('groups many numbers into neat ranges that hold them all', () => {
  const trials = [1.6e-4, 3e-4, 2e-3, 5e-3, 7e-3, 0.03, 0.09, 0.6].map((lr) => ({ choices: { lr } }));
  const groups = groupByValue(parametersOf(trials)[0]!, trials);
  expect(groups.map(({ label, trials }) => [label, trials.length])).toEqual([
    ['1e-4 to 1e-3', 2],
    ['1e-3 to 1e-2', 3],
    ['1e-2 to 1e-1', 2],
    ['1e-1 to 1e0', 1],
  ]);
  for (const scale of [1, 1e-9, 1e9]) {
    const many = Array.from({ length: 40 }, (_, index) => ({
      choices: { hidden: scale * (17 + 3 * index) },
    }));
    const sizes = groupByValue(parametersOf(many)[0]!, many).map(({ trials }) => trials.length);
    expect(sizes.reduce((a, b) => a + b)).toBe(40);
    expect(sizes.length).toBeLessThanOrEqual(6);
  }
});
