import { lossesOf } from '../best-trials.ts';
import { isFeasible, lastStep } from '../frozen-trial.ts';
import type { Direction, FrozenTrial } from '../frozen-trial.ts';
import { crowdingDistances, nonDominatedRanks } from '../numeric/pareto.ts';

/** By how much a trial breaks its constraints, all together; Infinity where one is NaN. */
export function violationOf({ constraints }: Pick<FrozenTrial, 'constraints'>): number {
  let sum = 0;
  for (const value of Object.values(constraints)) {
    if (Number.isNaN(value)) return Infinity;
    sum += Math.max(value, 0);
  }
  return sum;
}

/**
 * Ended trials, the best first: complete ones by value (of several objectives: by front, and within a front the less
 * crowded first), then pruned ones, those that came furthest first, then those that break constraints, by how much,
 * then failed ones. Ties go to the earlier trial.
 */
export function rankTrials(
  trials: readonly FrozenTrial[],
  directions: readonly Direction[],
): readonly FrozenTrial[] {
  const complete: FrozenTrial[] = [];
  const pruned: FrozenTrial[] = [];
  const infeasible: FrozenTrial[] = [];
  const failed: FrozenTrial[] = [];
  for (const trial of trials) {
    if (trial.state === 'failed') failed.push(trial);
    else if (!isFeasible(trial)) infeasible.push(trial);
    else if (trial.state === 'complete') complete.push(trial);
    else if (trial.state === 'pruned') pruned.push(trial);
  }
  return [
    ...(directions.length === 1
      ? sortedBy(complete, (trial) => [lossesOf(trial.values!, directions)[0]!])
      : sortedByFront(complete, directions)),
    ...sortedBy(pruned, ({ intermediateValues, value }) => [
      -(lastStep(intermediateValues) ?? -1),
      value === null ? Infinity : lossesOf([value], directions)[0]!,
    ]),
    ...sortedBy(infeasible, (trial) => [violationOf(trial)]),
    ...failed,
  ];
}

function sortedByFront(
  trials: readonly FrozenTrial[],
  directions: readonly Direction[],
): readonly FrozenTrial[] {
  const losses = trials.map((trial) => lossesOf(trial.values!, directions));
  const ranks = nonDominatedRanks(losses);
  const crowding = new Float64Array(trials.length);
  for (let rank = 0; ranks.includes(rank); rank++) {
    const members = [...ranks.keys()].filter((index) => ranks[index] === rank);
    const distances = crowdingDistances(members.map((index) => losses[index]!));
    for (const [place, index] of members.entries()) crowding[index] = distances[place]!;
  }
  const keys = new Map(trials.map((trial, index) => [trial, [ranks[index]!, -crowding[index]!]]));
  return sortedBy(trials, (trial) => keys.get(trial)!);
}

function sortedBy(
  trials: readonly FrozenTrial[],
  keysOf: (trial: FrozenTrial) => readonly number[],
): readonly FrozenTrial[] {
  return trials
    .map((trial) => ({ trial, keys: keysOf(trial) }))
    .toSorted((a, b) => {
      for (const [i, key] of a.keys.entries()) {
        if (key !== b.keys[i]) return key < b.keys[i]! ? -1 : 1;
      }
      return a.trial.number - b.trial.number;
    })
    .map(({ trial }) => trial);
}
