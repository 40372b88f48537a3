import { describe, expect, it } from 'vitest';
import { constant, defineSchedule, isSchedule, multiStep, ScheduleError } from '@nadir/schedulers';

describe('defineSchedule', () => {
  it('carries its name and a frozen copy of its configuration', () => {
    const milestones = [1, 2];
    const schedule = multiStep({ milestones });
    milestones.push(3);
    expect(schedule.config).toEqual({ milestones: [1, 2], gamma: 0.1 });
    expect(Object.isFrozen(schedule.config.milestones)).toBe(true);
    expect(schedule(3)).toBeCloseTo(0.01, 15);
  });

  it('refuses a factor that is no factor', () => {
    for (const factor of [-0.1, Number.NaN, Infinity]) {
      const schedule = defineSchedule('mine', {}, () => factor);
      expect(() => schedule(3)).toThrow(
        new ScheduleError(
          `mine(): the factor must be a non-negative finite number, got ${factor} at step 3.`,
        ),
      );
    }
  });

  it('prints as a call', () => {
    expect(String(defineSchedule('mine', {}, () => 1))).toBe('mine()');
    expect(String(defineSchedule('mine', { a: 'x', b: [1, 'y'], c: true }, () => 1))).toBe(
      "mine({ a: 'x', b: [1, 'y'], c: true })",
    );
  });
});

describe('isSchedule', () => {
  it('tells schedules from functions', () => {
    expect(isSchedule(constant())).toBe(true);
    expect(isSchedule(() => 1)).toBe(false);
    expect(isSchedule('constant')).toBe(false);
    expect(isSchedule(undefined)).toBe(false);
  });
});

describe('ScheduleError', () => {
  it('has a name of its own', () => {
    expect(new ScheduleError('x').name).toBe('ScheduleError');
    expect(new ScheduleError('x')).toBeInstanceOf(RangeError);
  });
});
