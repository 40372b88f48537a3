import { findBest } from '../best-trials.ts';
import { StudyError, show } from '../errors.ts';
import { signedRankP } from '../numeric/rank-tests.ts';
import { requireAtLeast } from './option-checks.ts';
import type { Pruner } from './pruner.ts';

/** Options of {@link wilcoxonPruner}. */
export interface WilcoxonPrunerOptions {
  /** The probability under which a trial as good as the best one would do so badly. Default 0.1. */
  readonly pThreshold?: number | undefined;
  /** Reports that both trials have, needed before anything is pruned; 2 at least. Default 2. */
  readonly startupSteps?: number | undefined;
}

/**
 * Prunes a trial that a signed-rank test finds worse than the best one, report by report: for an objective that is the
 * mean over many instances (folds, problems, questions), each reported under its own step, best in a shuffled order.
 * A trial with an infinite or NaN report is left alone, and so is one whose mean so far is no worse than the best
 * trial's. Semantics of Optuna's WilcoxonPruner, but for ties among 14 to 50 reports, where the test here is exact.
 * Throws {@link StudyError} if an option is out of range.
 *
 * @example
 * ```ts
 * import { createStudy, wilcoxonPruner } from '@nadir/tune';
 *
 * const study = await createStudy({ pruner: wilcoxonPruner() });
 * const decisions: boolean[] = [];
 * for (const loss of [1, 2]) {
 *   const trial = await study.ask();
 *   for (let fold = 0; fold < 4; fold++) trial.report(loss + fold, fold);
 *   decisions.push(trial.shouldPrune());
 *   await study.tell(trial, loss);
 * }
 * decisions[1]; // => true
 * ```
 */
export function wilcoxonPruner({ pThreshold = 0.1, startupSteps = 2 }: WilcoxonPrunerOptions = {}): Pruner {
  if (!(pThreshold >= 0 && pThreshold <= 1)) {
    throw new StudyError(`wilcoxonPruner(): pThreshold is a number from 0 to 1, got ${show(pThreshold)}.`);
  }
  requireAtLeast('wilcoxonPruner()', 'startupSteps', startupSteps, 0);
  return {
    name: 'wilcoxon',
    shouldPrune: ({ direction, trial, finishedTrials }) => {
      const best = findBest(finishedTrials(), direction);
      if (best === undefined) return false;
      const [own, others] = [trial.intermediateValues, best.intermediateValues];
      if (![...Object.values(own), ...Object.values(others)].every(Number.isFinite)) return false;
      const sign = direction === 'maximize' ? -1 : 1;
      const differences = Object.keys(own)
        .map(Number)
        .filter((step) => step in others)
        .map((step) => sign * (own[step]! - others[step]!));
      if (differences.length < Math.max(2, startupSteps)) return false;
      const isWorse = sign * (meanOf(Object.values(own)) - meanOf(Object.values(others))) > 0;
      return isWorse && signedRankP(differences) < pThreshold;
    },
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
