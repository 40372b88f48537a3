import { StudyError, show } from '../errors.ts';
import { lastStep } from '../frozen-trial.ts';
import type { FrozenTrial } from '../frozen-trial.ts';
import { requireAtLeast } from './option-checks.ts';
import type { Pruner, PrunerContext } from './pruner.ts';
import { arrivalOf, asLosses } from './rungs.ts';

/** Options of {@link successiveHalvingPruner}. */
export interface SuccessiveHalvingPrunerOptions {
  /** The step of the lowest rung. Default `auto`: a hundredth of the last step of the first trial that completes. */
  readonly minResource?: number | 'auto' | undefined;
  /** Of so many trials that reach a rung one goes on, and so many times as many steps lie below the next. Default 4. */
  readonly reductionFactor?: number | undefined;
  /** How many rungs to leave out at the bottom. Default 0. */
  readonly minEarlyStoppingRate?: number | undefined;
  /** Trials that must have reached a rung before one goes on from it; not with `auto`. Default 0. */
  readonly bootstrapCount?: number | undefined;
}

/**
 * Prunes a trial that reaches a rung unless it is among the best of those that did so far: rung k lies at step
 * `minResource · reductionFactor^(minEarlyStoppingRate + k)`, and one in `reductionFactor` goes on, the best one in any
 * case. No trial waits for others. Semantics of Optuna's SuccessiveHalvingPruner.
 * References: Jamieson and Talwalkar, "Non-stochastic best arm identification" (2016); Li et al., "A system for
 * massively parallel hyperparameter tuning" (2020). Throws {@link StudyError} if an option is out of range.
 *
 * @example
 * ```ts
 * import { createStudy, successiveHalvingPruner, TrialPruned } from '@nadir/tune';
 *
 * const study = await createStudy({ pruner: successiveHalvingPruner({ minResource: 1, reductionFactor: 2 }) });
 * await study.optimize(
 *   (trial) => {
 *     for (let epoch = 1; epoch <= 8; epoch++) {
 *       trial.report(trial.number + 1 / epoch, epoch);
 *       if (trial.shouldPrune()) throw new TrialPruned();
 *     }
 *     return trial.number;
 *   },
 *   { trials: 4 },
 * );
 * study.trials.map((trial) => trial.state).join(' ') === 'complete pruned pruned pruned'; // => true
 * ```
 */
export function successiveHalvingPruner(options: SuccessiveHalvingPrunerOptions = {}): Pruner {
  const { minResource = 'auto', reductionFactor = 4, minEarlyStoppingRate = 0, bootstrapCount = 0 } = options;
  const caller = 'successiveHalvingPruner()';
  if (minResource !== 'auto') requireAtLeast(caller, 'minResource', minResource, 1);
  requireAtLeast(caller, 'reductionFactor', reductionFactor, 2);
  requireAtLeast(caller, 'minEarlyStoppingRate', minEarlyStoppingRate, 0);
  requireAtLeast(caller, 'bootstrapCount', bootstrapCount, 0);
  if (bootstrapCount > 0 && minResource === 'auto') {
    throw new StudyError(`${caller}: minResource with bootstrapCount, got ${show(minResource)}.`);
  }
  return {
    name: 'successive-halving',
    shouldPrune: (context) => {
      const lowest = minResource === 'auto' ? lowestRung(context) : minResource;
      if (lowest === undefined) return false;
      const first = lowest * reductionFactor ** minEarlyStoppingRate;
      return failsAtRung(context, context.otherTrials(), { first, reductionFactor, bootstrapCount });
    },
  };
}

/** The rungs of one bracket. */
export interface Rungs {
  /** The step of the lowest one. */
  readonly first: number;
  readonly reductionFactor: number;
  readonly bootstrapCount: number;
}

/** Whether a trial is stopped at a rung that it reaches with its last report. */
export function failsAtRung(
  { trial, direction }: PrunerContext,
  others: readonly FrozenTrial[],
  { first, reductionFactor, bootstrapCount }: Rungs,
): boolean {
  const last = lastStep(trial.intermediateValues);
  if (last === undefined) return false;
  for (let resource = first; resource <= last; resource *= reductionFactor) {
    const arrival = arrivalOf(trial, others, resource, last);
    if (arrival === undefined) continue;
    const { value, others: losses } = asLosses(arrival, direction);
    if (Number.isNaN(value)) return true;
    const count = losses.length + 1;
    if (count <= bootstrapCount) return true;
    const places = Math.max(Math.floor(count / reductionFactor), 1);
    if (losses.filter((loss) => loss < value).length >= places) return true;
  }
  return false;
}

/** A hundredth of the last step of the trial that completed first, among those with reports. */
function lowestRung({ finishedTrials }: PrunerContext): number | undefined {
  const last = lastStepOfFirstComplete(finishedTrials());
  return last === undefined ? undefined : Math.max(Math.floor(last / 100), 1);
}

/** The last step of the trial that completed first, among those with reports. */
export function lastStepOfFirstComplete(finished: readonly FrozenTrial[]): number | undefined {
  const [first] = finished
    .filter(
      ({ state, intermediateValues }) => state === 'complete' && Object.keys(intermediateValues).length > 0,
    )
    .toSorted((a, b) => a.told! - b.told!);
  return first === undefined ? undefined : lastStep(first.intermediateValues);
}
