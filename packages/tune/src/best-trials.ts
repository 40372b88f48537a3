import { StudyError } from './errors.ts';
import { isFeasible } from './frozen-trial.ts';
import type { Direction, FrozenTrial } from './frozen-trial.ts';
import { compareLexicographically, dominates } from './numeric/pareto.ts';

/** Values as losses: those to maximize with their sign turned. */
export function lossesOf(values: readonly number[], directions: readonly Direction[]): readonly number[] {
  return values.map((value, index) => (directions[index] === 'maximize' ? -value : value));
}

/**
 * The complete, feasible trials that no other one betters in one objective without being worse in another,
 * ascending by number. Trials with equal values are all kept.
 */
export function paretoFront<P>(
  trials: readonly FrozenTrial<P>[],
  directions: readonly Direction[],
): readonly FrozenTrial<P>[] {
  const rows = trials
    .filter((trial) => trial.state === 'complete' && trial.values !== null && isFeasible(trial))
    .map((trial) => ({ trial, losses: lossesOf(trial.values as readonly number[], directions) }))
    // A trial can only be dominated by one that sorts before it.
    .toSorted((a, b) => compareLexicographically(a.losses, b.losses));
  const front: typeof rows = [];
  for (const row of rows) {
    if (!front.some(({ losses }) => dominates(losses, row.losses))) front.push(row);
  }
  return front.map(({ trial }) => trial).toSorted((a, b) => a.number - b.number);
}

/**
 * The complete, feasible trial with the best value of a single objective, the earliest among equals.
 * Throws {@link StudyError} if there is none.
 */
export function bestOf(trials: readonly FrozenTrial[], direction: Direction): FrozenTrial {
  const best = findBest(trials, direction);
  if (best !== undefined) return best;
  const infeasible = trials.filter(({ state }) => state === 'complete').length;
  if (infeasible > 0) {
    throw new StudyError(
      `bestTrial: a complete trial that meets its constraints, got none among ${infeasible} complete ones.`,
    );
  }
  const failed = trials.findLast((trial) => trial.state === 'failed');
  const hint =
    failed === undefined
      ? 'Call optimize() first.'
      : `Trial ${failed.number} failed with ${failed.error?.name}: ${failed.error?.message}`;
  throw new StudyError(`bestTrial: a complete trial, got none among ${trials.length}. ${hint}`);
}

/** As {@link bestOf}; undefined if there is none. */
export function findBest(trials: readonly FrozenTrial[], direction: Direction): FrozenTrial | undefined {
  let best: FrozenTrial | undefined;
  for (const trial of trials) {
    if (trial.state !== 'complete' || trial.value === null || !isFeasible(trial)) continue;
    if (best === undefined || isBetter(trial.value, best.value as number, direction)) best = trial;
  }
  return best;
}

function isBetter(value: number, than: number, direction: Direction): boolean {
  return direction === 'maximize' ? value > than : value < than;
}
