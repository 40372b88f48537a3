import { StudyError, show } from '../errors.ts';
import { lastStep } from '../frozen-trial.ts';
import type { Direction, FrozenTrial } from '../frozen-trial.ts';
import { requireAtLeast } from './option-checks.ts';
import type { Pruner } from './pruner.ts';

/** Options of {@link percentilePruner} and `medianPruner`. Steps are what `trial.report` is given: whole numbers from 0. */
export interface PercentilePrunerOptions {
  /** Complete trials needed before any trial is pruned. Default 5. */
  readonly startupTrials?: number | undefined;
  /** Steps before this one are never pruned at. Default 0. */
  readonly warmupSteps?: number | undefined;
  /**
   * Decide at every so many steps, counted from `warmupSteps`. A step of the interval that is not reported is made up
   * for by the next report. Default 1.
   */
  readonly intervalSteps?: number | undefined;
  /** Complete trials with a report at the step needed to prune at it. Default 1. */
  readonly minTrials?: number | undefined;
}

/**
 * Prunes a trial whose best report so far is worse than the given percentile of the complete trials' reports at the
 * same step: 25 keeps the best quarter. A trial with nothing but NaN reports is pruned; the others' NaN reports are
 * left out. Semantics of Optuna's PercentilePruner, but for infinite reports, which count as what they are: in Optuna
 * a single one among the others' reports keeps every trial alive.
 * Throws {@link StudyError} if an option is out of range.
 *
 * @example
 * ```ts
 * import { createStudy, percentilePruner } from '@nadir/tune';
 *
 * const study = await createStudy({ pruner: percentilePruner(25, { startupTrials: 2 }) });
 * for (const loss of [1, 2]) {
 *   const trial = await study.ask();
 *   trial.report(loss, 0);
 *   await study.tell(trial, loss);
 * }
 * const trial = await study.ask();
 * trial.report(1.5, 0);
 * trial.shouldPrune(); // => true
 * ```
 */
export function percentilePruner(percentile: number, options: PercentilePrunerOptions = {}): Pruner {
  return makePercentilePruner('percentile', 'percentilePruner()', percentile, options);
}

export function makePercentilePruner(
  name: string,
  caller: string,
  percentile: number,
  { startupTrials = 5, warmupSteps = 0, intervalSteps = 1, minTrials = 1 }: PercentilePrunerOptions,
): Pruner {
  if (!(percentile >= 0 && percentile <= 100)) {
    throw new StudyError(`${caller}: a percentile from 0 to 100, got ${show(percentile)}.`);
  }
  requireAtLeast(caller, 'startupTrials', startupTrials, 0);
  requireAtLeast(caller, 'warmupSteps', warmupSteps, 0);
  requireAtLeast(caller, 'intervalSteps', intervalSteps, 1);
  requireAtLeast(caller, 'minTrials', minTrials, 1);

  return {
    name,
    shouldPrune: ({ direction, trial, finishedTrials }) => {
      const step = lastStep(trial.intermediateValues);
      if (step === undefined || step < warmupSteps) return false;
      if (!isDue(step, trial.intermediateValues, warmupSteps, intervalSteps)) return false;
      const complete = finishedTrials().filter(({ state }) => state === 'complete');
      if (complete.length === 0 || complete.length < startupTrials) return false;

      const best = bestReport(trial.intermediateValues, direction);
      if (best === undefined) return true;
      const threshold = reportPercentile(
        complete,
        step,
        direction === 'maximize' ? 100 - percentile : percentile,
        minTrials,
      );
      if (threshold === undefined) return false;
      return direction === 'maximize' ? best < threshold : best > threshold;
    },
  };
}

/** Whether no earlier report lies in the interval that `step` lies in. */
export function isDue(
  step: number,
  reports: Readonly<Record<number, number>>,
  warmupSteps: number,
  intervalSteps: number,
): boolean {
  const intervalStart = step - ((step - warmupSteps) % intervalSteps);
  return !Object.keys(reports).some((key) => Number(key) >= intervalStart && Number(key) < step);
}

/** The best report that is no NaN, if any. */
export function bestReport(
  reports: Readonly<Record<number, number>>,
  direction: Direction,
): number | undefined {
  const values = Object.values(reports).filter((value) => !Number.isNaN(value));
  if (values.length === 0) return undefined;
  return values.reduce((a, b) => (direction === 'maximize' ? Math.max(a, b) : Math.min(a, b)));
}

function reportPercentile(
  trials: readonly FrozenTrial[],
  step: number,
  percentile: number,
  minTrials: number,
): number | undefined {
  const reports: number[] = [];
  for (const { intermediateValues } of trials) {
    const value = intermediateValues[step];
    if (value !== undefined) reports.push(value);
  }
  // As in Optuna, NaN reports count towards minTrials although they take no part in the percentile.
  if (reports.length < minTrials) return undefined;
  const values = reports.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b);
  return values.length === 0 ? undefined : percentileOf(values, percentile);
}

/** Linear interpolation between the order statistics of sorted values, as `numpy.percentile`. */
export function percentileOf(sorted: readonly number[], percentile: number): number {
  const position = (sorted.length - 1) * (percentile / 100);
  const index = Math.floor(position);
  const low = sorted[index] as number;
  const high = sorted[Math.min(index + 1, sorted.length - 1)] as number;
  const part = position - index;
  // Infinite reports: ∞ − ∞ and ∞ · 0 are NaN, where the answer is plain.
  if (part === 0 || low === high) return low;
  return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part);
}
