import { ashaPruner, createStudy, hyperbandPruner, successiveHalvingPruner } from '@nadir/tune';
import type { Pruner, Study } from '@nadir/tune';
import { describe, expect, it } from 'vitest';

/** Reports the values of a trial at given steps until the pruner objects; returns the step at which it did. */
async function run(study: Study, reports: Readonly<Record<number, number>>): Promise<number | undefined> {
  const trial = await study.ask();
  for (const [step, value] of Object.entries(reports)) {
    trial.report(value, Number(step));
    if (trial.shouldPrune()) {
      await study.tell(trial, { state: 'pruned' });
      return Number(step);
    }
  }
  await study.tell(trial, Object.values(reports).at(-1)!);
  return undefined;
}

const flat = (value: number, steps: readonly number[]): Record<number, number> =>
  Object.fromEntries(steps.map((step) => [step, value]));

describe('ashaPruner', () => {
  it('cuts off at the quantile of those before, rung by rung', async () => {
    const study = await createStudy({
      pruner: ashaPruner({ gracePeriod: 2, reductionFactor: 2, maxResource: 8 }),
    });
    const steps = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    // Rungs at 2 and 4; 8 is the end. The cutoff is the median of the values recorded before.
    expect(await run(study, flat(4, steps))).toBeUndefined();
    expect(await run(study, flat(2, steps))).toBeUndefined();
    expect(await run(study, flat(3, steps))).toBeUndefined();
    expect(await run(study, flat(3.1, steps))).toBe(2);
    // At rung 2: 4, 2, 3, 3.1 with median 3.05; at rung 4: 4, 2, 3 with median 3.
    expect(await run(study, { ...flat(3.02, steps), 4: 3.04 })).toBe(4);
    expect(await run(study, { ...flat(1, steps), 2: Number.NaN })).toBe(2);
  });

  it('gives each bracket one rung less', async () => {
    const study = await createStudy({
      pruner: ashaPruner({ reductionFactor: 2, brackets: 2, maxResource: 100 }),
    });
    const stops: (number | undefined)[] = [];
    for (let trial = 0; trial < 8; trial++) stops.push(await run(study, flat(trial, [1, 2, 4])));
    // The brackets take turns: even trials are judged from step 1 on, odd ones from step 2 on.
    expect(stops).toEqual([undefined, undefined, 1, 2, 1, 2, 1, 2]);
  });
});

describe('successiveHalvingPruner', () => {
  it('finds its lowest rung from the trial that completes first', async () => {
    const study = await createStudy({ pruner: successiveHalvingPruner({ reductionFactor: 2 }) });
    expect(await run(study, flat(1, [50, 300]))).toBeUndefined();
    // A hundredth of 300 steps.
    expect(await run(study, flat(2, [1, 2, 3, 4]))).toBe(3);
    expect(await run(study, flat(0, [1, 2, 3, 4]))).toBeUndefined();
  });

  it('counts the reports of trials that still run', async () => {
    const study = await createStudy({ pruner: successiveHalvingPruner({ minResource: 1 }) });
    const running = await study.ask();
    running.report(1, 1);
    expect(running.shouldPrune()).toBe(false);
    expect(await run(study, flat(2, [1]))).toBe(1);
  });
});

describe('hyperbandPruner', () => {
  it('lets trials compete within their bracket', async () => {
    const pruner: Pruner = hyperbandPruner({ maxResource: 4, reductionFactor: 2 });
    const study = await createStudy({ pruner });
    const stops: (number | undefined)[] = [];
    for (let trial = 0; trial < 16; trial++) stops.push(await run(study, flat(trial, [1, 2, 4])));
    // Three brackets of shares 4, 3 and 3, with the lowest rung at 1, 2 and 4; the first in each has no rival.
    const counts = [undefined, 1, 2, 4].map((step) => stops.filter((stop) => stop === step).length);
    expect(counts).toEqual([3, 6, 4, 3]);
  });

  it('waits for a whole trial where it is not told how long one is', async () => {
    const study = await createStudy({ pruner: hyperbandPruner({ reductionFactor: 2 }) });
    const first = await study.ask();
    for (const step of [1, 2, 3]) first.report(9, step);
    expect(first.shouldPrune()).toBe(false);
    for (const trial of [1, 2])
      expect([trial, await run(study, flat(1, [1, 2, 3, 4]))]).toEqual([trial, undefined]);
    // Trial 2 is of the same bracket.
    first.report(9, 4);
    expect(first.shouldPrune()).toBe(true);
  });
});
