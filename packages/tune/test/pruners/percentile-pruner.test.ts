import { createStudy, medianPruner, percentilePruner } from '@nadir/tune';
import { describe, expect, it } from 'vitest';
import { optunaFixture } from '../optuna-fixture.ts';

describe(`median and percentile pruners against Optuna ${optunaFixture.optuna}`, () => {
  it.each(optunaFixture.pruners.map((spec, index) => [index, spec] as const))(
    'case %d',
    async (_index, spec) => {
      const study = await createStudy({
        direction: spec.direction,
        pruner:
          spec.pruner === 'median'
            ? medianPruner(spec.options)
            : percentilePruner(spec.percentile, spec.options),
      });
      for (const { state, reports } of spec.others) {
        const trial = await study.ask();
        for (const [step, value] of reports) trial.report(value, step);
        await study.tell(trial, state === 'complete' ? 0.5 : { state });
      }
      const trial = await study.ask();
      const decisions = spec.decisions.map(([step, value]) => {
        trial.report(value, step);
        return [step, value, trial.shouldPrune()];
      });
      expect(decisions).toEqual(spec.decisions);
    },
  );

  it('rank infinite reports', async () => {
    const study = await createStudy({ pruner: medianPruner({ startupTrials: 0 }) });
    for (const value of [1, 2, Infinity]) {
      const trial = await study.ask();
      trial.report(value, 0);
      await study.tell(trial, value);
    }
    const decide = async (value: number): Promise<boolean> => {
      const trial = await study.ask();
      trial.report(value, 0);
      return trial.shouldPrune();
    };
    expect(await Promise.all([1.9, 2, 2.1, Infinity, -Infinity].map(decide))).toEqual([
      false,
      false,
      true,
      true,
      false,
    ]);
  });

  it('are told both ways', () => {
    const decisions = optunaFixture.pruners.flatMap((spec) => spec.decisions.map(([, , prune]) => prune));
    expect(decisions.filter(Boolean).length).toBeGreaterThan(50);
    expect(decisions.filter((prune) => !prune).length).toBeGreaterThan(50);
  });
});
