import { PhiloxGenerator } from '@nadir/random';
import { fromUnit } from '../distribution.ts';
import type { Distribution, ParamValue } from '../distribution.ts';
import { SOBOL_DIMENSIONS, sobolAxis } from '../numeric/sobol.ts';
import type { SobolAxis } from '../numeric/sobol.ts';
import type { Sampler, SamplerContext } from './sampler.ts';

/** Options of {@link qmcSampler}. */
export interface QmcSamplerOptions {
  /** A non-negative safe integer: the key of the scrambling. Default: the study's seed. */
  readonly seed?: number | undefined;
}

/**
 * Samples a scrambled Sobol sequence: random search without its gaps and clusters. Trial 0 is the middle of every range,
 * with the first of all choices; every later trial takes the next point by its number, so that parallel workers share
 * one sequence and no two trials a point. Without a declared space the parameters get their dimensions as ended trials
 * show them, and are sampled at random before; so are those beyond 161.
 * References: Sobol (1967); Owen (1995); Joe and Kuo (2008).
 *
 * @example
 * ```ts
 * import { createStudy, float, qmcSampler } from '@nadir/tune';
 *
 * const study = await createStudy({ space: { x: float(0, 1) }, sampler: qmcSampler(), seed: 1 });
 * await study.optimize(({ params }) => params.x, { trials: 65 });
 * study.trials[0]?.params.x; // => 0.5
 * // Of the points after the middle, one lies in each 64th of the range.
 * new Set(study.trials.slice(1).map((trial) => Math.floor(trial.params.x * 64))).size; // => 64
 * ```
 */
export function qmcSampler({ seed }: QmcSamplerOptions = {}): Sampler {
  return { name: 'qmc', seed, sampleParameter: sobolSearch() };
}

/** Gives each parameter of a trial its coordinate of a scrambled Sobol sequence. */
export function sobolSearch(): (
  context: SamplerContext,
  name: string,
  distribution: Distribution,
) => ParamValue {
  const axes = new Map<string, SobolAxis>();
  const axisOf = (seed: number, name: string, dimension: number): SobolAxis => {
    const key = `${seed} ${dimension} ${name}`;
    const known = axes.get(key);
    if (known !== undefined) return known;
    const axis = sobolAxis(dimension, new PhiloxGenerator({ seed }).fork('sobol', name));
    axes.set(key, axis);
    return axis;
  };
  return (context, name, distribution) => {
    if (context.trialNumber === 0) return middleOf(distribution);
    const dimension = namesOf(context).indexOf(name);
    if (dimension === -1 || dimension >= SOBOL_DIMENSIONS) {
      return fromUnit(distribution, context.random('parameter', name).uniform53());
    }
    return fromUnit(distribution, axisOf(context.seed, name, dimension)(context.trialNumber - 1));
  };
}

function middleOf(distribution: Distribution): ParamValue {
  return distribution.type === 'categorical'
    ? (distribution.choices[0] as ParamValue)
    : fromUnit(distribution, 0.5);
}

/** The parameters in an order that more trials only add to. */
function namesOf({ space, history }: SamplerContext): readonly string[] {
  if (typeof space === 'object') return Object.keys(space).toSorted();
  const names = new Set<string>();
  for (const { distributions } of history().toSorted((a, b) => (a.told ?? 0) - (b.told ?? 0))) {
    for (const name of Object.keys(distributions).toSorted()) names.add(name);
  }
  return [...names];
}
