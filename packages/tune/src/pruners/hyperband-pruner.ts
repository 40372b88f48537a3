import { StudyError, show } from '../errors.ts';
import { requireAtLeast } from './option-checks.ts';
import type { Pruner } from './pruner.ts';
import { failsAtRung, lastStepOfFirstComplete } from './successive-halving-pruner.ts';

/** Options of {@link hyperbandPruner}. */
export interface HyperbandPrunerOptions {
  /** The step of the lowest rung of the first bracket. Default 1. */
  readonly minResource?: number | undefined;
  /** The number of steps of a whole trial. Default `auto`: that of the first trial that completes. */
  readonly maxResource?: number | 'auto' | undefined;
  /** As in `successiveHalvingPruner`. Default 3. */
  readonly reductionFactor?: number | undefined;
  /** As in `successiveHalvingPruner`; not with `auto`. Default 0. */
  readonly bootstrapCount?: number | undefined;
}

/**
 * Successive halving in several brackets, each with its lowest rung one higher than the last one's, so that trials that
 * start slowly have a chance too. Trials are given to brackets by their numbers, evenly and in the proportions of the
 * paper, and compete within their bracket. Rules and proportions of Optuna's HyperbandPruner, which gives out brackets
 * by a hash.
 * Reference: Li et al., "Hyperband: a novel bandit-based approach to hyperparameter optimization" (2018).
 * Throws {@link StudyError} if an option is out of range.
 *
 * @example
 * ```ts
 * import { createStudy, hyperbandPruner, TrialPruned } from '@nadir/tune';
 *
 * const study = await createStudy({ pruner: hyperbandPruner({ maxResource: 9 }) });
 * await study.optimize(
 *   (trial) => {
 *     for (let epoch = 1; epoch <= 9; epoch++) {
 *       trial.report(trial.number + 1 / epoch, epoch);
 *       if (trial.shouldPrune()) throw new TrialPruned();
 *     }
 *     return trial.number;
 *   },
 *   { trials: 20 },
 * );
 * study.trials.some((trial) => trial.state === 'pruned'); // => true
 * ```
 */
export function hyperbandPruner({
  minResource = 1,
  maxResource = 'auto',
  reductionFactor = 3,
  bootstrapCount = 0,
}: HyperbandPrunerOptions = {}): Pruner {
  const caller = 'hyperbandPruner()';
  requireAtLeast(caller, 'minResource', minResource, 1);
  requireAtLeast(caller, 'reductionFactor', reductionFactor, 2);
  requireAtLeast(caller, 'bootstrapCount', bootstrapCount, 0);
  if (maxResource !== 'auto') requireAtLeast(caller, 'maxResource', maxResource, minResource);
  if (bootstrapCount > 0 && maxResource === 'auto') {
    throw new StudyError(`${caller}: maxResource with bootstrapCount, got ${show(maxResource)}.`);
  }
  return {
    name: 'hyperband',
    shouldPrune: (context) => {
      const most = maxResource === 'auto' ? wholeTrial(context.finishedTrials()) : maxResource;
      if (most === undefined) return false;
      const shares = bracketShares(most / minResource, reductionFactor);
      const bracket = bracketOf(context.trial.number, shares);
      const rivals = context.otherTrials().filter(({ number }) => bracketOf(number, shares) === bracket);
      const first = minResource * reductionFactor ** bracket;
      return failsAtRung(context, rivals, { first, reductionFactor, bootstrapCount });
    },
  };
}

function wholeTrial(finished: Parameters<typeof lastStepOfFirstComplete>[0]): number | undefined {
  const last = lastStepOfFirstComplete(finished);
  return last === undefined ? undefined : last + 1;
}

/** How many trials go to each bracket, relative to each other: bracket b has the lowest rung at step ηᵇ. */
export function bracketShares(resource: number, reductionFactor: number): readonly number[] {
  let count = 1;
  for (let power = reductionFactor; power <= resource; power *= reductionFactor) count += 1;
  return Array.from({ length: count }, (_, bracket) => {
    const left = count - 1 - bracket;
    return Math.ceil((count * reductionFactor ** left) / (left + 1));
  });
}

/** The bracket of a trial: by the bits of its number in reverse, which spread any run of numbers evenly. */
export function bracketOf(number: number, shares: readonly number[]): number {
  let unit = 0;
  let weight = 0.5;
  for (let rest = number; rest > 0; rest = Math.floor(rest / 2), weight /= 2) unit += (rest % 2) * weight;
  let left = unit * shares.reduce((a, b) => a + b, 0);
  for (const [bracket, share] of shares.entries()) {
    left -= share;
    if (left < 0) return bracket;
  }
  return shares.length - 1;
}
