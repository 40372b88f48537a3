import { describe, expect, it } from 'vitest';
import { exponentialDecay, resolveSchedule, shortScheduleNames } from '@nadir/schedulers';
import type { ShortScheduleName } from '@nadir/schedulers';

const shortForms: { readonly [N in ShortScheduleName]: string } = {
  constant: 'constant({ factor: 1 })',
  exponential: 'exponentialDecay({ gamma: 0.99, every: 1 })',
  step: 'stepDecay({ gamma: 0.5, stepSize: 1 })',
  linear: 'linear({ steps: 100, startFactor: 1, endFactor: 0 })',
  cosine: 'cosineDecay({ steps: 100, minFactor: 0 })',
  oneCycle:
    "oneCycle({ steps: 100, riseFraction: 0.3, divFactor: 25, finalDivFactor: 10000, anneal: 'cosine', threePhase: false })",
};

describe('resolveSchedule', () => {
  it.each(Object.entries(shortForms))('%s is %s', (name, text) => {
    expect(String(resolveSchedule(name as ShortScheduleName, { steps: 100 }))).toBe(text);
  });

  it('lists every short name', () => {
    expect(shortScheduleNames.toSorted()).toEqual(Object.keys(shortForms).toSorted());
  });

  it('gives the decays of the short forms: 0.99 a step, and 0.5 a step', () => {
    expect(resolveSchedule('exponential')(2)).toBeCloseTo(0.9801, 15);
    expect(resolveSchedule('step')(2)).toBe(0.25);
  });

  it('returns a schedule as it is', () => {
    const schedule = exponentialDecay();
    expect(resolveSchedule(schedule)).toBe(schedule);
  });

  it('wraps a plain function', () => {
    const schedule = resolveSchedule((step) => 1 / (1 + step));
    expect(schedule(3)).toBe(0.25);
    expect(schedule.toJSON()).toEqual({ name: 'custom', config: {} });
    expect(() => resolveSchedule(schedule.toJSON())).toThrow(
      "got 'custom'. Hint: a schedule of your own cannot be built from its description; pass the schedule itself.",
    );
  });

  it('says what is wrong', () => {
    expect(() => resolveSchedule('cosine')).toThrow(
      "resolveSchedule(): 'cosine' needs the number of steps of the run, got none. Hint: pass { steps }, or a schedule with its own.",
    );
    expect(() => resolveSchedule('cosin' as never)).toThrow("must be one of 'constant', 'exponential'");
    expect(() => resolveSchedule('toString' as never)).toThrow("got 'toString'");
    expect(() => resolveSchedule({ name: 'linear', config: { steps: 4, endfactor: 1 } })).toThrow(
      "resolveSchedule(): linear has the options steps, startFactor, endFactor, got 'endfactor'.",
    );
    expect(() => resolveSchedule({ name: 'linear', config: { steps: -4 } })).toThrow('steps must be');
    expect(() => resolveSchedule({ name: 'linear' } as never)).toThrow('got {"name":"linear"}');
    expect(() => resolveSchedule(null as never)).toThrow('got null');
  });
});
