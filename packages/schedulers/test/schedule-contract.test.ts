import { describe, expect, it } from 'vitest';
import { resolveSchedule, ScheduleError } from '@nadir/schedulers';
import { contracts } from './schedule-contract.ts';

const rows = Object.entries(contracts).flatMap(([name, { schedules }]) =>
  schedules.map((row) => [row.text, { name, ...row }] as const),
);
const refusals = Object.values(contracts).flatMap(({ refused }) =>
  refused.map(([make, message]) => [message, make] as const),
);

/** Every early step, fractions between them, and steps far beyond any end. */
const steps = [...Array(300).keys(), 0.5, 7.25, 1e4, 1e6, 1e9, Number.MAX_SAFE_INTEGER, 1e300];

describe('schedule contract', () => {
  it.each(rows)('%s has its closed-form values', (_text, { schedule, values }) => {
    for (const [step, factor] of values) expect(schedule(step), `at step ${step}`).toBeCloseTo(factor, 12);
  });

  it.each(rows)('%s is finite and non-negative everywhere', (_text, { schedule }) => {
    for (const step of steps) {
      expect(schedule(step), `at step ${step}`).toBeGreaterThanOrEqual(0);
      expect(schedule(step), `at step ${step}`).toBeLessThan(Infinity);
    }
  });

  it.each(rows.filter(([, { end }]) => end !== undefined))(
    '%s stays where it ends',
    (_text, { schedule, end }) => {
      const last = schedule(end!);
      for (const step of steps.filter((each) => each > end!)) expect(schedule(step)).toBe(last);
    },
  );

  it.each(rows)('%s remembers nothing between calls', (_text, { schedule }) => {
    const forward = steps.map((step) => schedule(step));
    const backward = steps.toReversed().map((step) => schedule(step));
    expect(backward.toReversed()).toEqual(forward);
  });

  it.each(rows)('%s describes itself, and is built again from its JSON', (text, { name, schedule }) => {
    expect(schedule.name).toBe(name);
    expect(String(schedule)).toBe(text);
    const again = resolveSchedule(JSON.parse(JSON.stringify(schedule)));
    expect(again.toJSON()).toEqual(schedule.toJSON());
    expect(String(again)).toBe(text);
    expect(steps.map((step) => again(step))).toEqual(steps.map((step) => schedule(step)));
  });

  it.each(rows)('%s cannot be changed', (_text, { schedule }) => {
    expect(Object.isFrozen(schedule.config)).toBe(true);
    expect(() => Object.assign(schedule, { config: {} })).toThrow(TypeError);
  });

  it.each(rows)('%s refuses a step that is not one', (_text, { schedule, name }) => {
    for (const step of [-1, Number.NaN, Infinity, '1' as never, undefined as never]) {
      expect(() => schedule(step)).toThrow(
        new ScheduleError(`${name}(): step must be a non-negative finite number, got ${step}.`),
      );
    }
  });

  it.each(refusals)('refuses what it cannot use: %s', (message, make) => {
    expect(make).toThrow(ScheduleError);
    expect(make).toThrow(message);
  });
});
