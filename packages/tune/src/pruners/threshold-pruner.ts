import { StudyError, show } from '../errors.ts';
import { lastStep } from '../frozen-trial.ts';
import { requireAtLeast } from './option-checks.ts';
import { isDue } from './percentile-pruner.ts';
import type { PercentilePrunerOptions } from './percentile-pruner.ts';
import type { Pruner } from './pruner.ts';

/** Options of {@link thresholdPruner}. */
export interface ThresholdPrunerOptions extends Pick<
  PercentilePrunerOptions,
  'warmupSteps' | 'intervalSteps'
> {
  /** Reports below it are pruned. */
  readonly lower?: number | undefined;
  /** Reports above it are pruned. */
  readonly upper?: number | undefined;
}

/**
 * Prunes a trial whose last report is out of bounds, or NaN: what has diverged. Semantics of Optuna's ThresholdPruner.
 * Throws {@link StudyError} without a bound, or if an option is out of range.
 *
 * @example
 * ```ts
 * import { createStudy, thresholdPruner } from '@nadir/tune';
 *
 * const study = await createStudy({ pruner: thresholdPruner({ upper: 10 }) });
 * const trial = await study.ask();
 * trial.report(1e9, 0);
 * trial.shouldPrune(); // => true
 * ```
 */
export function thresholdPruner({
  lower = -Infinity,
  upper = Infinity,
  warmupSteps = 0,
  intervalSteps = 1,
}: ThresholdPrunerOptions): Pruner {
  const caller = 'thresholdPruner()';
  if (!(lower <= upper) || (lower === -Infinity && upper === Infinity)) {
    throw new StudyError(`${caller}: lower or upper, lower <= upper, got ${show(lower)} and ${show(upper)}.`);
  }
  requireAtLeast(caller, 'warmupSteps', warmupSteps, 0);
  requireAtLeast(caller, 'intervalSteps', intervalSteps, 1);
  return {
    name: 'threshold',
    shouldPrune: ({ trial: { intermediateValues } }) => {
      const step = lastStep(intermediateValues);
      if (step === undefined || step < warmupSteps) return false;
      if (!isDue(step, intermediateValues, warmupSteps, intervalSteps)) return false;
      const last = intermediateValues[step]!;
      return !(last >= lower && last <= upper);
    },
  };
}
