import {
  randomSampler,
  gridSampler,
  medianPruner,
  nopPruner,
  type Pruner,
  type Sampler,
  type Space,
} from '@nadir/tune';
import { UsageError } from './cli-error.ts';
import { budgetOf, type Experiment } from './experiment.ts';

/** Everything that a search depends on: what the run folder keeps, and a resume reads back. */
export interface SearchPlan {
  readonly seed: number;
  readonly trials: number;
  /** No trial starts after so many seconds. */
  readonly timeout?: number;
  readonly sampler: SamplerName;
  readonly pruner: PrunerName;
  /** Training items of a trial. */
  readonly trialItems: number;
  readonly evaluations: number;
  readonly startupTrials: number;
  readonly finalists: number;
  readonly seeds: number;
  /** Epochs of the winner's training; 0 trains none and leaves the test data alone. */
  readonly winnerEpochs: number;
}

/** The samplers that `--sampler` knows. */
export const samplerNames = ['random', 'grid'] as const;
/** The pruners that `--pruner` knows. */
export const prunerNames = ['median', 'none'] as const;

export type SamplerName = (typeof samplerNames)[number];
export type PrunerName = (typeof prunerNames)[number];

/** What the command line may say about a plan. */
export type PlanOptions = Partial<
  Pick<SearchPlan, 'trials' | 'timeout' | 'sampler' | 'pruner' | 'finalists' | 'seeds' | 'winnerEpochs'>
> & { readonly seed: number; readonly trialEpochs?: number };

/** The plan of a search over `trainSize` training items: the command line first, then the experiment's budget. */
export function planSearch(experiment: Experiment, trainSize: number, options: PlanOptions): SearchPlan {
  const budget = budgetOf(experiment);
  const { timeout } = options;
  return {
    seed: options.seed,
    trials: options.trials ?? budget.trials,
    ...(timeout === undefined ? {} : { timeout }),
    sampler: options.sampler ?? 'random',
    pruner: options.pruner ?? 'median',
    trialItems: Math.max(1, Math.round((options.trialEpochs ?? budget.trialEpochs) * trainSize)),
    evaluations: budget.evaluations,
    startupTrials: budget.startupTrials,
    finalists: options.finalists ?? budget.finalists,
    seeds: options.seeds ?? budget.seeds,
    winnerEpochs: options.winnerEpochs ?? 0,
  };
}

const samplers: { readonly [S in SamplerName]: (space: Space) => Sampler } = {
  random: () => randomSampler(),
  // Three values of a parameter without an end of them: low, middle, high.
  grid: (space) => gridSampler(space, { points: 3 }),
};

const pruners: { readonly [P in PrunerName]: (plan: SearchPlan) => Pruner } = {
  median: ({ startupTrials }) => medianPruner({ startupTrials, warmupSteps: 2 }),
  none: () => nopPruner(),
};

/** The sampler of a plan. Throws a UsageError for a space that it cannot search. */
export function samplerOf({ sampler }: SearchPlan, space: Space): Sampler {
  try {
    return samplers[sampler](space);
  } catch (error) {
    throw new UsageError(`The ${sampler} sampler cannot search this space: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** The pruner of a plan. */
export function prunerOf(plan: SearchPlan): Pruner {
  return pruners[plan.pruner](plan);
}
