import { describe, expect, it } from 'vitest';
import { ReduceLROnPlateau, ScheduleError } from '@nadir/schedulers';

const over = (...lrs: number[]): { paramGroups: { lr: number }[] } => ({
  paramGroups: lrs.map((lr) => ({ lr })),
});

describe('ReduceLROnPlateau', () => {
  it('reduces at bad epoch patience + 1', () => {
    const optimizer = over(1);
    const scheduler = new ReduceLROnPlateau(optimizer, { factor: 0.5, patience: 2 });
    const lrs = [3, 3, 3, 3, 3, 3, 3].map((metric) => {
      scheduler.step(metric);
      return optimizer.paramGroups[0]!.lr;
    });
    expect(lrs).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.25]);
  });

  it.each([
    ['min', [-1, -0.99999, -0.99998]],
    ['max', [-1, -1.00001, -1.00002]],
  ] as const)('does not take a worse negative metric for a better one (%s)', (mode, metrics) => {
    const optimizer = over(1);
    const scheduler = new ReduceLROnPlateau(optimizer, { mode, factor: 0.5, patience: 1 });
    for (const metric of metrics) scheduler.step(metric);
    expect(scheduler.getLastLr()).toEqual([0.5]);
  });

  it('counts NaN, and infinity on the wrong side, as bad', () => {
    const optimizer = over(1);
    const scheduler = new ReduceLROnPlateau(optimizer, { factor: 0.5, patience: 0 });
    scheduler.step(Number.NaN);
    scheduler.step(Infinity);
    expect(scheduler.getLastLr()).toEqual([0.25]);
    expect(scheduler.stateDict().best).toBeNull();
  });

  it('goes on from the learning rate that the group has', () => {
    const optimizer = over(1);
    const scheduler = new ReduceLROnPlateau(optimizer, { factor: 0.5, patience: 0 });
    optimizer.paramGroups[0]!.lr = 8;
    scheduler.step(1);
    scheduler.step(1);
    expect(scheduler.getLastLr()).toEqual([4]);
  });

  it('has a state that survives JSON before its first step', () => {
    const scheduler = new ReduceLROnPlateau(over(1, 2));
    const state = JSON.parse(JSON.stringify(scheduler.stateDict()));
    expect(state).toEqual(scheduler.stateDict());
    expect(() => new ReduceLROnPlateau(over(1, 2), { patience: 3 }).loadStateDict(state)).toThrow(
      'ReduceLROnPlateau.loadStateDict(): patience must be as saved, got 3 and 10.',
    );
  });

  it('refuses what it cannot use', () => {
    const optimizer = over(1);
    const scheduler = new ReduceLROnPlateau(optimizer);
    expect(() => scheduler.step()).toThrow(
      new ScheduleError(
        'ReduceLROnPlateau.step(): a metric is needed, got undefined. Hint: step(validationLoss.item()).',
      ),
    );
    optimizer.paramGroups.push({ lr: 1 });
    expect(() => scheduler.step(1)).toThrow('must keep its 1 parameter groups, got 2.');
    expect(() => new ReduceLROnPlateau(optimizer, { factor: 1 })).toThrow('factor must be below 1, got 1.');
    expect(() => new ReduceLROnPlateau(optimizer, { mode: 'low' as never })).toThrow(
      "one of 'min', 'max', got 'low'.",
    );
    expect(() => new ReduceLROnPlateau(optimizer, { minLr: [0] })).toThrow('minLr must have one value');
    expect(() => new ReduceLROnPlateau(optimizer, { patience: 1.5 })).toThrow('patience must be');
    expect(() => new ReduceLROnPlateau(optimizer, { eps: -1 })).toThrow('eps must be');
  });
});
