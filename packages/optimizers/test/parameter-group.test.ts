import { parameter } from '@nadir/autograd';
import { OneCycleLR, ScheduleError, StepLR } from '@nadir/schedulers';
import { ones, ValueError } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { Adam, SGD } from '../src/index.ts';

describe('hyper-parameters of a group', () => {
  it('are numbers that the next step uses', () => {
    const w = parameter([1]);
    const optimizer = new SGD([w], { lr: 0.1, momentum: 0.5 });
    const [group] = optimizer.paramGroups;
    group.lr = 1;
    group.set('momentum', 0.25);
    expect([group.lr, group.get('lr'), group.momentum, group.get('momentum')]).toEqual([1, 1, 0.25, 0.25]);
    for (let i = 0; i < 2; i++) {
      w.grad = ones([1]);
      optimizer.step();
    }
    expect(w.item()).toBe(1 - 1 - 1.25);
  });

  it('are betas together', () => {
    const [group] = new Adam([parameter([1])]).paramGroups;
    expect(group.betas).toEqual([0.9, 0.999]);
    group.betas = [0.8, 0.99];
    expect([group.get('beta1'), group.get('beta2')]).toEqual([0.8, 0.99]);
    expect(group.momentum).toBeUndefined();
  });

  it('refuse a name that is not there, and say why', () => {
    const [group] = new SGD([parameter([1])], { weightDecay: 0.1 }).paramGroups;
    expect(() => group.set('momentum', 0.9)).toThrow(ValueError);
    expect(() => group.set('momentum', 0.9)).toThrow(
      'set(): there is no hyper-parameter momentum, there are lr, weightDecay. ' +
        'One that was 0 when the optimizer was built is not part of it.',
    );
    expect(() => group.get('toString' as 'lr')).toThrow('get(): there is no hyper-parameter toString');
  });

  it('refuse numbers that cannot be', () => {
    const [group] = new SGD([parameter([1])], { lr: 0.1, momentum: 0.9 }).paramGroups;
    expect(() => {
      group.lr = -1;
    }).toThrow('set(): lr must be a finite number of at least 0, got -1.');
    expect(() => {
      group.baseLr = NaN;
    }).toThrow('set(): lr must be a finite number of at least 0, got NaN.');
    expect(() => group.set('momentum', Infinity)).toThrow(
      'set(): momentum must be a finite number, got Infinity.',
    );
    expect([group.lr, group.baseLr, group.momentum]).toEqual([0.1, 0.1, 0.9]);
  });

  it('follow a new base learning rate by the schedule', () => {
    const optimizer = new SGD([parameter([1])], { lr: 1, lrSchedule: 'step' });
    const [group] = optimizer.paramGroups;
    optimizer.lrStep();
    group.baseLr = 4;
    expect(group.lr).toBe(2);
    optimizer.lrStep();
    expect(group.lr).toBe(1);
  });
});

describe('a group under a torch-shaped scheduler', () => {
  it('starts from the learning rate that it has at that time', () => {
    const optimizer = new SGD([parameter([1])], { lr: 0.1 });
    const [group] = optimizer.paramGroups;
    expect(group.initialLr).toBeUndefined();
    group.lr = 0.4;
    const scheduler = new StepLR(optimizer, { stepSize: 1, gamma: 0.5 });
    expect(group.initialLr).toBe(0.4);
    scheduler.step();
    expect(group.lr).toBe(0.2);
  });

  it('keeps where it started in the state of the optimizer', () => {
    const build = (): SGD => new SGD([parameter([1])], { lr: 0.1 });
    const [before, after] = [build(), build()];
    const scheduler = new StepLR(before, { stepSize: 1, gamma: 0.5 });
    scheduler.step();
    after.loadStateDict(before.stateDict());
    expect([after.paramGroups[0].lr, after.paramGroups[0].initialLr]).toEqual([0.05, 0.1]);
    new StepLR(after, { stepSize: 1, gamma: 0.5 }).stepTo(2);
    expect(after.paramGroups[0].lr).toBe(0.025);
  });

  it('has momentum to cycle where it was built with one', () => {
    const optimizer = new SGD([parameter([1])], { lr: 0.1 });
    expect(() => new OneCycleLR(optimizer, { maxLr: 1, totalSteps: 10 })).toThrow(ScheduleError);
    expect(() => new OneCycleLR(optimizer, { maxLr: 1, totalSteps: 10 })).toThrow(
      'cycleMomentum needs groups with momentum or betas, got none in group 0',
    );
    const cycled = new SGD([parameter([1])], { lr: 0.1, momentum: 0.9 });
    expect(new OneCycleLR(cycled, { maxLr: 1, totalSteps: 10 }).getLastLr()).toEqual([0.04]);
    expect(cycled.paramGroups[0].momentum).toBe(0.95);
  });
});
