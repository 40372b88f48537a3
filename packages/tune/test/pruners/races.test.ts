import {
  createStudy,
  medianPruner,
  patientPruner,
  successiveHalvingPruner,
  thresholdPruner,
  wilcoxonPruner,
} from '@nadir/tune';
import type { Pruner, Trial } from '@nadir/tune';
import { describe, expect, it } from 'vitest';
import { bracketOf, bracketShares } from '../../src/pruners/hyperband-pruner.ts';
import { optunaFixture } from '../optuna-fixture.ts';
import type { Race } from '../optuna-fixture.ts';

const makers: { readonly [P in Race['pruner']]: (options: never) => Pruner } = {
  'successive-halving': successiveHalvingPruner,
  threshold: thresholdPruner,
  wilcoxon: wilcoxonPruner,
  patient: ({ wraps, ...options }: { wraps: boolean; patience: number }) =>
    patientPruner(wraps ? medianPruner({ startupTrials: 2 }) : null, options),
};

describe(`pruners against Optuna ${optunaFixture.optuna}`, () => {
  it.each(optunaFixture.races.map((race, index) => [race.pruner, index, race] as const))(
    '%s, race %d',
    async (name, _index, { direction, options, events }) => {
      const study = await createStudy({ direction, pruner: makers[name](options as never) });
      const trials: Trial[] = [];
      const trialOf = async (number: number): Promise<Trial> => {
        while (trials.length <= number) trials.push(await study.ask());
        return trials[number]!;
      };
      for (const [place, event] of events.entries()) {
        const trial = await trialOf(event[1]);
        if (event[0] === 'report') {
          const [, , step, value, prune] = event;
          trial.report(value, step);
          expect([place, trial.shouldPrune()]).toEqual([place, prune]);
        } else {
          await study.tell(trial, event[0] === 'prune' ? { state: 'pruned' } : event[2]);
        }
      }
    },
  );
});

describe('brackets of Hyperband', () => {
  it(`have the shares of Optuna ${optunaFixture.optuna}`, () => {
    for (const [most, factor, shares] of optunaFixture.brackets) {
      expect([most, factor, bracketShares(most, factor)]).toEqual([most, factor, shares]);
    }
  });

  it('are filled evenly by any run of trials', () => {
    const shares = bracketShares(81, 3);
    const total = shares.reduce((a, b) => a + b);
    for (const start of [0, 100, 777]) {
      for (const [bracket, share] of shares.entries()) {
        const numbers = Array.from({ length: 128 }, (_, index) => start + index);
        const count = numbers.filter((number) => bracketOf(number, shares) === bracket).length;
        expect(Math.abs(count - (128 * share) / total)).toBeLessThan(4);
      }
    }
  });
});
