import { describe, expect, it } from 'vitest';
import type { LRScheduler, LRSchedulerState } from '@nadir/schedulers';
import { caseTitle, GroupsOnly, makeScheduler, schedulerCases, stepCase } from './scheduler-cases.ts';
import type { AnyScheduler, SchedulerCase } from './scheduler-cases.ts';

const json = <T>(value: T): T => JSON.parse(JSON.stringify(value));

/** Every epoch of torch's traps is among them: jumps at 5, 7, 10, 20, 30, and the ends of the cycles. */
const splits = [0, 1, 4, 5, 6, 7, 10, 13, 20, 21, 29, 30, 35, 50, 58];

interface Saved {
  readonly scheduler: LRSchedulerState;
  readonly optimizer: ReturnType<GroupsOnly['stateDict']>;
}

/** The orders in which a run can be put together again. */
const orders: Record<string, (each: SchedulerCase, saved: Saved) => [GroupsOnly, AnyScheduler]> = {
  'construct, load optimizer, load scheduler': (each, saved) => {
    const optimizer = new GroupsOnly(each);
    const scheduler = makeScheduler(optimizer, each);
    optimizer.loadStateDict(saved.optimizer);
    (scheduler as LRScheduler).loadStateDict(saved.scheduler);
    return [optimizer, scheduler];
  },
  'construct, load scheduler, load optimizer': (each, saved) => {
    const optimizer = new GroupsOnly(each);
    const scheduler = makeScheduler(optimizer, each);
    (scheduler as LRScheduler).loadStateDict(saved.scheduler);
    optimizer.loadStateDict(saved.optimizer);
    return [optimizer, scheduler];
  },
  'load optimizer, construct, load scheduler': (each, saved) => {
    const optimizer = new GroupsOnly(each);
    optimizer.loadStateDict(saved.optimizer);
    const scheduler = makeScheduler(optimizer, each);
    (scheduler as LRScheduler).loadStateDict(saved.scheduler);
    return [optimizer, scheduler];
  },
  'construct, load scheduler alone': (each, saved) => {
    const optimizer = new GroupsOnly(each);
    const scheduler = makeScheduler(optimizer, each);
    (scheduler as LRScheduler).loadStateDict(saved.scheduler);
    return [optimizer, scheduler];
  },
};

describe.each(Object.entries(orders))('resume by: %s', (_order, restore) => {
  it.each(schedulerCases.map((each) => [caseTitle(each), each] as const))('%s', (_title, each) => {
    const optimizer = new GroupsOnly(each);
    const scheduler = makeScheduler(optimizer, each);
    const last = each.expected.length - 1;
    const path: number[][] = [];
    const saves: Saved[][] = [];
    for (let epoch = 0; epoch <= last; epoch++) {
      path.push([...optimizer.lrs(), ...optimizer.momenta()]);
      saves.push(
        [true, false].map((withInitialLr) =>
          json({
            scheduler: scheduler.stateDict() as LRSchedulerState,
            optimizer: optimizer.stateDict(withInitialLr),
          }),
        ),
      );
      stepCase(scheduler, each);
    }
    for (const split of splits) {
      for (const saved of saves[split]!) {
        const [resumed, resumedScheduler] = restore(each, saved);
        const rest: number[][] = [];
        for (let epoch = split; epoch <= last; epoch++) {
          rest.push([...resumed.lrs(), ...resumed.momenta()]);
          stepCase(resumedScheduler, each);
        }
        expect(rest, `after epoch ${split}`).toEqual(path.slice(split));
      }
    }
  });
});
