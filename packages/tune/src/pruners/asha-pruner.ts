import { StudyError, show } from '../errors.ts';
import { lastStep } from '../frozen-trial.ts';
import { requireAtLeast } from './option-checks.ts';
import { percentileOf } from './percentile-pruner.ts';
import type { Pruner } from './pruner.ts';
import { arrivalOf, asLosses } from './rungs.ts';
import { bracketOf } from './hyperband-pruner.ts';

/** Options of {@link ashaPruner}. */
export interface AshaPrunerOptions {
  /** The step of the lowest rung. Default 1. */
  readonly gracePeriod?: number | undefined;
  /** No rung lies at this step or beyond. Default 100. */
  readonly maxResource?: number | undefined;
  /** One in so many trials goes on from a rung, and so many times as many steps lie below the next. Default 4. */
  readonly reductionFactor?: number | undefined;
  /** Trials are spread evenly over so many brackets; each leaves out one more rung at the bottom. Default 1. */
  readonly brackets?: number | undefined;
}

/**
 * Prunes a trial that reaches a rung with a report worse than the best `1 / reductionFactor` of those that reached it
 * before: asynchronous successive halving by the stopping rule, as in Ray Tune. Gentler on the first trials than
 * `successiveHalvingPruner`, as it interpolates between reports.
 * Reference: Li et al., "A system for massively parallel hyperparameter tuning" (2020).
 * Throws {@link StudyError} if an option is out of range.
 *
 * @example
 * ```ts
 * import { ashaPruner, createStudy } from '@nadir/tune';
 *
 * const study = await createStudy({ pruner: ashaPruner({ gracePeriod: 2, reductionFactor: 2 }) });
 * const decisions: boolean[] = [];
 * for (const loss of [1, 3, 1.5]) {
 *   const trial = await study.ask();
 *   trial.report(loss, 2);
 *   decisions.push(trial.shouldPrune());
 *   await study.tell(trial, loss);
 * }
 * // The first has nothing to be compared with; the third is better than the median of 1 and 3.
 * decisions.join() === 'false,true,false'; // => true
 * ```
 */
export function ashaPruner({
  gracePeriod = 1,
  maxResource = 100,
  reductionFactor = 4,
  brackets = 1,
}: AshaPrunerOptions = {}): Pruner {
  const caller = 'ashaPruner()';
  requireAtLeast(caller, 'gracePeriod', gracePeriod, 1);
  requireAtLeast(caller, 'reductionFactor', reductionFactor, 2);
  requireAtLeast(caller, 'brackets', brackets, 1);
  if (!(maxResource > gracePeriod)) {
    throw new StudyError(
      `${caller}: maxResource above gracePeriod, got ${show(maxResource)} and ${show(gracePeriod)}.`,
    );
  }
  const shares = Array.from({ length: brackets }, () => 1);
  return {
    name: 'asha',
    shouldPrune: ({ direction, trial, otherTrials }) => {
      const last = lastStep(trial.intermediateValues);
      if (last === undefined) return false;
      const bracket = bracketOf(trial.number, shares);
      const rivals = otherTrials().filter(({ number }) => bracketOf(number, shares) === bracket);
      const first = gracePeriod * reductionFactor ** bracket;
      for (let resource = first; resource < maxResource && resource <= last; resource *= reductionFactor) {
        const arrival = arrivalOf(trial, rivals, resource, last);
        if (arrival === undefined) continue;
        const { value, others } = asLosses(arrival, direction);
        if (Number.isNaN(value)) return true;
        if (others.length === 0) continue;
        const cutoff = percentileOf(
          others.toSorted((a, b) => a - b),
          100 / reductionFactor,
        );
        if (value > cutoff) return true;
      }
      return false;
    },
  };
}
