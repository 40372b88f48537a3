import { StudyError, show } from '../errors.ts';
import { isFinished } from '../frozen-trial.ts';
import type { FrozenTrial } from '../frozen-trial.ts';
import type { Params } from '../space.ts';
import { sobolSearch } from './qmc-sampler.ts';
import { rankTrials } from './ranking.ts';
import type { Sampler, SamplerContext } from './sampler.ts';
import { spaceTree } from './space-tree.ts';
import type { SpaceTree } from './space-tree.ts';
import { ParzenEstimator } from './tpe/parzen-estimator.ts';
import type { Suggestion } from './tpe/parzen-estimator.ts';

/** Options of {@link tpeSampler}. */
export interface TpeSamplerOptions {
  /** Trials that must have ended before the first proposal; until then a Sobol sequence is followed. Default 10. */
  readonly startupTrials?: number | undefined;
  /** How many candidates to draw for each proposal. Default 24. */
  readonly candidates?: number | undefined;
  /** How many of so many ended trials count as good. Default a tenth, rounded up, at most 25. */
  readonly gamma?: ((ended: number) => number) | undefined;
  /** A non-negative safe integer. Default: the study's seed. */
  readonly seed?: number | undefined;
}

/**
 * The tree-structured Parzen estimator: draws candidates where good trials were and proposes the one that is likeliest
 * among good trials relative to all others. All parameters are proposed together, those of a conditional space along
 * its branches; trials that run count among the others, so that parallel workers spread out, and so do failed ones.
 * Takes several objectives and constraints. Cost grows linearly with the number of trials.
 * References: Bergstra et al., "Algorithms for hyper-parameter optimization" (2011); Watanabe (2023). Defaults of
 * Optuna 5. Throws {@link StudyError} if an option is out of range.
 *
 * @example
 * ```ts
 * import { createStudy, float, tpeSampler } from '@nadir/tune';
 *
 * const study = await createStudy({ space: { x: float(-10, 10) }, sampler: tpeSampler(), seed: 1 });
 * await study.optimize(({ params }) => (params.x - 2) ** 2, { trials: 60 });
 * study.bestValue < 0.01; // => true
 * ```
 */
export function tpeSampler({
  startupTrials = 10,
  candidates = 24,
  gamma = (ended) => Math.min(Math.ceil(0.1 * ended), 25),
  seed,
}: TpeSamplerOptions = {}): Sampler {
  requireCount('startupTrials', startupTrials, 0);
  requireCount('candidates', candidates, 1);
  const startup = sobolSearch();

  const propose = (
    context: SamplerContext,
    tree: SpaceTree,
    label: string,
    relevant: (trial: FrozenTrial) => boolean,
  ): Params | undefined => {
    const history = context.history().filter(relevant);
    const ranked = rankTrials(history.filter(isFinished), context.directions);
    if (ranked.length < startupTrials) return undefined;
    const useful = ranked.filter(({ state }) => state !== 'failed').length;
    const good = new Set(ranked.slice(0, Math.min(gamma(useful), useful)));
    const below = new ParzenEstimator(history.filter((trial) => good.has(trial)));
    const above = new ParzenEstimator(history.filter((trial) => !good.has(trial)));

    const generators = new Map<string, ReturnType<SamplerContext['random']>>();
    const random = (name: string): ReturnType<SamplerContext['random']> => {
      const known = generators.get(name) ?? context.random('tpe', label, name);
      generators.set(name, known);
      return known;
    };
    const picks = context.random('tpe', label);
    let best: Params | undefined;
    let bestScore = -Infinity;
    for (let candidate = 0; candidate < candidates; candidate++) {
      const component = below.pick(picks);
      const suggestions: Suggestion[] = [];
      const params = tree.walk((name, distribution) => {
        const fixed = context.fixedParams[name];
        const value = fixed === undefined ? below.sample(component, name, distribution, random(name)) : fixed;
        suggestions.push({ name, distribution, value });
        return value;
      });
      const score = wasTried(history, suggestions)
        ? -Infinity
        : below.logDensity(suggestions) - above.logDensity(suggestions);
      if (best === undefined || score > bestScore) {
        best = params;
        bestScore = score;
      }
    }
    return best;
  };

  return {
    name: 'tpe',
    seed,
    sampleJoint: (context) => propose(context, spaceTree(context), '', () => true) ?? {},
    sampleParameter: (context, name, distribution) => {
      const tree: SpaceTree = { walk: (choose) => ({ [name]: choose(name, distribution) }) };
      const params = propose(context, tree, name, (trial) => trial.params[name] !== undefined);
      return params?.[name] ?? startup(context, name, distribution);
    },
  };
}

/** Whether a trial has had exactly these values. */
function wasTried(trials: readonly FrozenTrial[], suggestions: readonly Suggestion[]): boolean {
  return trials.some(({ params }) => suggestions.every(({ name, value }) => params[name] === value));
}

function requireCount(option: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new StudyError(`tpeSampler(): ${option} is a whole number >= ${least}, got ${show(value)}.`);
  }
}
