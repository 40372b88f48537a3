import { describe, expect, it } from 'vitest';
import {
  ChainedScheduler,
  ConstantLR,
  CosineAnnealingLR,
  CyclicLR,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  MultiplicativeLR,
  MultiStepLR,
  OneCycleLR,
  PolynomialLR,
  ScheduleError,
  SequentialLR,
  StepLR,
} from '@nadir/schedulers';
import type { LRScheduler, ScheduledGroup, ScheduledOptimizer } from '@nadir/schedulers';

const over = (...lrs: number[]): { paramGroups: ScheduledGroup[] } => ({
  paramGroups: lrs.map((lr) => ({ lr })),
});

const path = (scheduler: LRScheduler, epochs: number): number[] =>
  Array.from({ length: epochs }, (_, epoch) => {
    if (epoch > 0) scheduler.step();
    return scheduler.getLastLr()[0]!;
  });

describe('LRScheduler', () => {
  it('takes initialLr for the base when there is one, and sets it when not', () => {
    const optimizer: { paramGroups: ScheduledGroup[] } = {
      paramGroups: [{ lr: 0.25, initialLr: 1 }, { lr: 2 }],
    };
    const scheduler = new ExponentialLR(optimizer, { gamma: 0.5 });
    expect(scheduler.baseLrs).toEqual([1, 2]);
    expect(optimizer.paramGroups).toEqual([
      { lr: 1, initialLr: 1 },
      { lr: 2, initialLr: 2 },
    ]);
  });

  it('hands out copies', () => {
    const scheduler = new ExponentialLR(over(1), { gamma: 0.5 });
    scheduler.getLastLr()[0] = 9;
    scheduler.baseLrs[0] = 9;
    scheduler.step();
    expect(scheduler.getLastLr()).toEqual([0.5]);
  });

  it('overwrites a learning rate that was set by hand at its next step', () => {
    const optimizer = over(1);
    const scheduler = new StepLR(optimizer, { stepSize: 10 });
    optimizer.paramGroups[0]!.lr = 7;
    scheduler.step();
    expect(optimizer.paramGroups[0]!.lr).toBe(1);
  });

  it('moves to any epoch', () => {
    const scheduler = new ExponentialLR(over(1), { gamma: 0.5 });
    scheduler.stepTo(3);
    expect([scheduler.lastEpoch, scheduler.getLastLr()]).toEqual([3, [0.125]]);
    scheduler.stepTo(1);
    expect(scheduler.getLastLr()).toEqual([0.5]);
    expect(() => scheduler.stepTo(-1)).toThrow(
      'ExponentialLR.stepTo(): epoch must be a non-negative integer, got -1.',
    );
  });

  it('moves back when its rule keeps a running product', () => {
    const scheduler = new MultiplicativeLR(over(1), { lrLambda: (epoch) => 1 / epoch });
    scheduler.stepTo(4);
    expect(scheduler.getLastLr()[0]).toBeCloseTo(1 / 24, 15);
    scheduler.stepTo(2);
    expect(scheduler.getLastLr()).toEqual([0.5]);
  });

  it('refuses groups that were added later', () => {
    const optimizer = over(1);
    const scheduler = new ExponentialLR(optimizer, { gamma: 0.5 });
    optimizer.paramGroups.push({ lr: 1 });
    expect(() => scheduler.step()).toThrow('must keep its 1 parameter groups, got 2.');
    expect(scheduler.lastEpoch).toBe(0);
  });

  it('refuses a learning rate that is none, and keeps its state', () => {
    const optimizer = over(1);
    const scheduler = new LambdaLR(optimizer, { lrLambda: (epoch) => 1 - epoch });
    scheduler.step();
    expect(() => scheduler.step()).toThrow(
      new ScheduleError(
        'LambdaLR(): a learning rate must be a non-negative finite number, got -1 at epoch 2.',
      ),
    );
    expect([scheduler.lastEpoch, optimizer.paramGroups[0]!.lr]).toEqual([1, 0]);
  });

  it('refuses the state of another scheduler, of other options or of other groups', () => {
    const state = new StepLR(over(1), { stepSize: 3 }).stateDict();
    expect(() => new ExponentialLR(over(1), { gamma: 0.5 }).loadStateDict(state)).toThrow(
      'ExponentialLR.loadStateDict(): a state of ExponentialLR is needed, got one of StepLR.',
    );
    expect(() => new StepLR(over(1), { stepSize: 4 }).loadStateDict(state)).toThrow(
      'StepLR.loadStateDict(): stepSize must be as saved, got 4 and 3. Hint: to go on with other options, construct the scheduler and call stepTo(epoch).',
    );
    expect(() => new StepLR(over(1, 2), { stepSize: 3 }).loadStateDict(state)).toThrow('got 2 and 1.');
    expect(() => new StepLR(over(1), { stepSize: 3 }).loadStateDict({ ...state, lastEpoch: -1 })).toThrow(
      'lastEpoch must be a non-negative integer, got -1.',
    );
  });
});

describe('the traps of torch', () => {
  it('ConstantLR takes a factor of 0 and a length of 0', () => {
    expect(path(new ConstantLR(over(1), { factor: 0, totalIters: 2 }), 4)).toEqual([0, 0, 1, 1]);
    expect(path(new ConstantLR(over(1), { factor: 0.5, totalIters: 0 }), 2)).toEqual([1, 1]);
  });

  it('LinearLR starts from 0', () => {
    expect(path(new LinearLR(over(1), { startFactor: 0, totalIters: 4 }), 6)).toEqual([
      0, 0.25, 0.5, 0.75, 1, 1,
    ]);
  });

  it('OneCycleLR stays at its end', () => {
    const scheduler = new OneCycleLR(over(1), { maxLr: 1, totalSteps: 10, cycleMomentum: false });
    const lrs = path(scheduler, 15);
    expect(lrs[9]).toBeCloseTo(4e-6, 15);
    expect(new Set(lrs.slice(9)).size).toBe(1);
  });

  it('OneCycleLR with a rise of one step starts at the peak', () => {
    const scheduler = new OneCycleLR(over(1), {
      maxLr: 0.5,
      totalSteps: 10,
      pctStart: 0.1,
      cycleMomentum: false,
    });
    expect(scheduler.getLastLr()).toEqual([0.5]);
  });

  it('SequentialLR enters MultiplicativeLR from the base learning rate', () => {
    const optimizer = over(1);
    const schedulers = [
      new ConstantLR(optimizer, { factor: 0.125, totalIters: 9 }),
      new MultiplicativeLR(optimizer, { lrLambda: () => 0.5 }),
    ];
    expect(path(new SequentialLR(optimizer, { schedulers, milestones: [2] }), 5)).toEqual([
      0.125, 0.125, 1, 0.5, 0.25,
    ]);
  });

  it('the parts of SequentialLR do not depend on the order of their construction', () => {
    const optimizer = { paramGroups: [{ lr: 1, momentum: 0.9 }] };
    const cycle = new OneCycleLR(optimizer, { maxLr: 4, totalSteps: 4 });
    const decay = new ExponentialLR(optimizer, { gamma: 0.5 });
    const scheduler = new SequentialLR(optimizer, { schedulers: [decay, cycle], milestones: [2] });
    expect(scheduler.getLastLr()).toEqual([1]);
    scheduler.stepTo(2);
    expect(scheduler.getLastLr()).toEqual([0.16]);
    expect(optimizer.paramGroups[0]!.momentum).toBe(0.95);
  });

  it('ChainedScheduler decays what OneCycleLR sets, at every step', () => {
    const optimizer = { paramGroups: [{ lr: 1, betas: [0.9, 0.999] as const }] };
    const parts = (): [LRScheduler, LRScheduler] => [
      new OneCycleLR(optimizer, { maxLr: 4, totalSteps: 10 }),
      new ExponentialLR(optimizer, { gamma: 0.5 }),
    ];
    const alone = path(parts()[0], 5);
    expect(path(new ChainedScheduler(parts()), 5)).toEqual(alone.map((lr, epoch) => lr * 0.5 ** epoch));
    expect(optimizer.paramGroups[0]!.betas[1]).toBe(0.999);
  });

  it('CosineAnnealingLR rises after its end, as documented', () => {
    const lrs = path(new CosineAnnealingLR(over(1), { tMax: 2 }), 5);
    lrs.forEach((lr, epoch) => expect(lr).toBeCloseTo([1, 0.5, 0, 0.5, 1][epoch]!, 15));
  });
});

describe('options', () => {
  const two = over(1, 2) as ScheduledOptimizer;
  const elsewhere = new ExponentialLR(over(1), { gamma: 1 });
  const refused: Record<string, () => unknown> = {
    'LambdaLR(): lrLambda must have one value for each parameter group, got 1 and 2 groups.': () =>
      new LambdaLR(two, { lrLambda: [() => 1] }),
    'MultiplicativeLR(): lrLambda must have one value': () => new MultiplicativeLR(two, { lrLambda: [] }),
    'StepLR(): stepSize must be a positive integer, got 0.': () => new StepLR(two, { stepSize: 0 }),
    'StepLR(): gamma must be': () => new StepLR(two, { stepSize: 1, gamma: -1 }),
    'MultiStepLR(): milestones[1] must be a non-negative integer, got 0.5.': () =>
      new MultiStepLR(two, { milestones: [1, 0.5] }),
    'ConstantLR(): factor must be in [0, 1], got 2.': () => new ConstantLR(two, { factor: 2 }),
    'LinearLR(): totalIters must be a positive integer, got 0.': () => new LinearLR(two, { totalIters: 0 }),
    'LinearLR(): endFactor must be in [0, 1], got 3.': () => new LinearLR(two, { endFactor: 3 }),
    'ExponentialLR(): gamma must be a non-negative finite number, got NaN.': () =>
      new ExponentialLR(two, { gamma: Number.NaN }),
    'PolynomialLR(): power must be a positive finite number, got -1.': () =>
      new PolynomialLR(two, { power: -1 }),
    'CosineAnnealingLR(): tMax must be a positive integer, got 0.': () =>
      new CosineAnnealingLR(two, { tMax: 0 }),
    'CyclicLR(): mode must be one of': () => new CyclicLR(two, { baseLr: 0, maxLr: 1, mode: 'up' as never }),
    'CyclicLR(): maxLr must have one value': () => new CyclicLR(two, { baseLr: 0, maxLr: [1] }),
    'CyclicLR(): cycleMomentum needs groups with momentum or betas, got none in group 0. Hint: pass cycleMomentum: false.':
      () => new CyclicLR(two, { baseLr: 0, maxLr: 1 }),
    'OneCycleLR(): totalSteps, or epochs and stepsPerEpoch, are needed, got epochs 3 and stepsPerEpoch undefined.':
      () => new OneCycleLR(two, { maxLr: 1, epochs: 3 }),
    'OneCycleLR(): pctStart must be in [0, 1], got 1.5.': () =>
      new OneCycleLR(two, { maxLr: 1, totalSteps: 3, pctStart: 1.5 }),
    'OneCycleLR(): maxLr must be a non-negative finite number, got -1.': () =>
      new OneCycleLR(two, { maxLr: [1, -1], totalSteps: 3 }),
    'SequentialLR(): at least one scheduler is needed, got none.': () =>
      new SequentialLR(two, { schedulers: [], milestones: [] }),
    'SequentialLR(): every part must be over the same optimizer, got another one at 0.': () =>
      new SequentialLR(two, { schedulers: [elsewhere], milestones: [] }),
    'SequentialLR(): milestones must be one fewer than schedulers, got 1 and 1.': () =>
      new SequentialLR(elsewhere.optimizer, { schedulers: [elsewhere], milestones: [1] }),
    'SequentialLR(): every part must be a function of the epoch, got another kind at 0.': () =>
      new SequentialLR(two, { schedulers: [{} as never], milestones: [] }),
    'ChainedScheduler(): at least one scheduler is needed, got none.': () => new ChainedScheduler([]),
  };
  it.each(Object.entries(refused))('%s', (message, make) => {
    expect(make).toThrow(ScheduleError);
    expect(make).toThrow(message);
  });
});
