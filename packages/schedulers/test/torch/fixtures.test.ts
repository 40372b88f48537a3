import { describe, expect, it } from 'vitest';
import {
  caseTitle,
  GroupsOnly,
  makeScheduler,
  schedulerCases,
  schedulerNames,
  stepCase,
} from './scheduler-cases.ts';

function largestRelativeError(actual: readonly number[], expected: readonly number[]): number {
  return Math.max(
    ...actual.map((value, i) => Math.abs(value - expected[i]!) / Math.max(Math.abs(expected[i]!), 1e-6)),
  );
}

const titled = schedulerCases.map((each) => [caseTitle(each), each] as const);

describe('torch-shaped schedulers', () => {
  it.each(titled)('set the learning rates of torch: %s', (_title, each) => {
    const optimizer = new GroupsOnly(each);
    const scheduler = makeScheduler(optimizer, each);
    expect(each.expected.length).toBeGreaterThan(50);
    each.expected.forEach((expected, epoch) => {
      if (epoch > 0) stepCase(scheduler, each);
      expect(scheduler.lastEpoch).toBe(epoch);
      expect(scheduler.getLastLr()).toEqual(optimizer.lrs());
      expect(largestRelativeError(optimizer.lrs(), expected), `at epoch ${epoch}`).toBeLessThan(1e-10);
    });
  });

  const cycling = titled.filter(([, each]) => each.expectedMomentum !== undefined);
  it.each(cycling)('set the momenta of torch: %s', (_title, each) => {
    const optimizer = new GroupsOnly(each);
    const scheduler = makeScheduler(optimizer, each);
    each.expectedMomentum!.forEach((expected, epoch) => {
      if (epoch > 0) stepCase(scheduler, each);
      expect(largestRelativeError(optimizer.momenta(), expected), `at epoch ${epoch}`).toBeLessThan(1e-10);
    });
  });

  it('are all in the fixtures', () => {
    expect([...new Set(schedulerCases.map((each) => each.class))].toSorted()).toEqual(
      schedulerNames.toSorted(),
    );
  });
});
