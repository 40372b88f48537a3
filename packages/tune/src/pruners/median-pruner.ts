import { makePercentilePruner } from './percentile-pruner.ts';
import type { PercentilePrunerOptions } from './percentile-pruner.ts';
import type { Pruner } from './pruner.ts';

/**
 * Prunes a trial whose best report so far is worse than the median of the complete trials' reports at the same step:
 * the median stopping rule. The default of `createStudy`. Semantics of Optuna's MedianPruner.
 * Reference: Golovin et al., "Google Vizier" (2017), section 3.2.2. Throws `StudyError` if an option is out of range.
 *
 * @example
 * ```ts
 * import { createStudy, medianPruner, TrialPruned } from '@nadir/tune';
 *
 * const study = await createStudy({ pruner: medianPruner({ startupTrials: 2 }) });
 * await study.optimize(
 *   (trial) => {
 *     trial.report(trial.number, 0);
 *     if (trial.shouldPrune()) throw new TrialPruned();
 *     return trial.number;
 *   },
 *   { trials: 3 },
 * );
 * study.trials[2]?.state === 'pruned'; // => true
 * ```
 */
export function medianPruner(options: PercentilePrunerOptions = {}): Pruner {
  return makePercentilePruner('median', 'medianPruner()', 50, options);
}
