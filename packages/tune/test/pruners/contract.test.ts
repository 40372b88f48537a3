import {
  ashaPruner,
  createStudy,
  hyperbandPruner,
  medianPruner,
  nopPruner,
  patientPruner,
  percentilePruner,
  StudyError,
  successiveHalvingPruner,
  thresholdPruner,
  TrialPruned,
  wilcoxonPruner,
} from '@nadir/tune';
import type { Direction, Pruner, Trial } from '@nadir/tune';
import { describe, expect, it } from 'vitest';

interface Row {
  readonly name: string;
  readonly make: () => Pruner;
  /** Whether it can prune at all. */
  readonly prunes: boolean;
}

// One row a pruner. The tests below hold for every one of them.
const rows: readonly Row[] = [
  { name: 'nop', make: nopPruner, prunes: false },
  { name: 'median', make: medianPruner, prunes: true },
  { name: 'percentile', make: () => percentilePruner(25), prunes: true },
  { name: 'successive-halving', make: () => successiveHalvingPruner({ reductionFactor: 2 }), prunes: true },
  { name: 'asha', make: () => ashaPruner({ reductionFactor: 2 }), prunes: true },
  { name: 'hyperband', make: () => hyperbandPruner({ reductionFactor: 2, maxResource: 4 }), prunes: true },
  { name: 'threshold', make: () => thresholdPruner({ lower: -12, upper: 12 }), prunes: true },
  { name: 'patient median', make: () => patientPruner(medianPruner(), { patience: 0 }), prunes: false },
  { name: 'wilcoxon', make: () => wilcoxonPruner({ pThreshold: 0.3 }), prunes: true },
];

/** Trials end at the values 1, 2, 3, …; reports fall towards them. */
const objective = (sign: number) => (trial: Trial) => {
  for (let step = 0; step < 4; step++) {
    trial.report(sign * (trial.number + 4 - step), step);
    if (trial.shouldPrune()) throw new TrialPruned();
  }
  return sign * (trial.number + 1);
};

async function states(pruner: Pruner, direction: Direction, sign: number): Promise<string> {
  const study = await createStudy({ pruner, direction, seed: 0 });
  await study.optimize(objective(sign), { trials: 12 });
  return study.trials.map((trial) => trial.state[0]).join('');
}

describe.each(rows)('the pruner $name', ({ name, make, prunes }) => {
  it('has its name', () => {
    expect(make().name).toBe(name);
  });

  it('leaves a trial without reports alone', async () => {
    const study = await createStudy({ pruner: make() });
    await study.optimize(() => 1, { trials: 20 });
    expect((await study.ask()).shouldPrune()).toBe(false);
  });

  it('leaves the best trial alone, in either direction', async () => {
    // Bounds know nothing of the others.
    const trials = name === 'threshold' ? 8 : 12;
    expect((await states(make(), 'minimize', -1)).slice(0, trials)).toBe('c'.repeat(trials));
    expect((await states(make(), 'maximize', 1)).slice(0, trials)).toBe('c'.repeat(trials));
  });

  it('treats the two directions alike', async () => {
    const minimized = await states(make(), 'minimize', 1);
    expect(await states(make(), 'maximize', -1)).toBe(minimized);
    expect(minimized.includes('p')).toBe(prunes);
  });

  it('decides the same when it is asked again', async () => {
    const study = await createStudy({ pruner: make() });
    await study.optimize(objective(1), { trials: 8 });
    const trial = await study.ask();
    const decisions: boolean[] = [];
    for (let step = 0; step < 4; step++) {
      trial.report(100 + step, step);
      decisions.push(trial.shouldPrune());
      expect(trial.shouldPrune()).toBe(decisions[step]);
    }
    expect(decisions.includes(true)).toBe(name !== 'nop');
  });
});

describe('options of pruners', () => {
  it('are checked', () => {
    expect(() => percentilePruner(101)).toThrow('percentilePruner(): a percentile from 0 to 100, got 101');
    expect(() => percentilePruner(NaN)).toThrow(StudyError);
    expect(() => medianPruner({ intervalSteps: 0 })).toThrow('intervalSteps is a whole number >= 1, got 0');
    expect(() => medianPruner({ startupTrials: -1 })).toThrow('startupTrials is a whole number >= 0, got -1');
    expect(() => medianPruner({ warmupSteps: 0.5 })).toThrow('warmupSteps is a whole number >= 0, got 0.5');
    expect(() => medianPruner({ minTrials: 0 })).toThrow('minTrials is a whole number >= 1, got 0');
    expect(() => successiveHalvingPruner({ reductionFactor: 1 })).toThrow(
      'successiveHalvingPruner(): reductionFactor is a whole number >= 2, got 1',
    );
    expect(() => successiveHalvingPruner({ bootstrapCount: 2 })).toThrow('minResource with bootstrapCount');
    expect(() => hyperbandPruner({ bootstrapCount: 2 })).toThrow('maxResource with bootstrapCount');
    expect(() => hyperbandPruner({ minResource: 9, maxResource: 3 })).toThrow('whole number >= 9, got 3');
    expect(() => ashaPruner({ gracePeriod: 5, maxResource: 5 })).toThrow('above gracePeriod, got 5 and 5');
    expect(() => thresholdPruner({})).toThrow('lower or upper, lower <= upper, got -Infinity and Infinity');
    expect(() => thresholdPruner({ lower: 2, upper: 1 })).toThrow(StudyError);
    expect(() => patientPruner(null, { patience: 1, minDelta: -1 })).toThrow('minDelta is a number >= 0');
    expect(() => wilcoxonPruner({ pThreshold: 2 })).toThrow('pThreshold is a number from 0 to 1, got 2');
  });
});
