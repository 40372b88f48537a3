import { fromUnit } from '../distribution.ts';
import type { Sampler } from './sampler.ts';

/** Options of {@link randomSampler}. */
export interface RandomSamplerOptions {
  /** A non-negative safe integer. Default: the study's seed. */
  readonly seed?: number | undefined;
}

/**
 * Samples every parameter independently from its distribution, keyed by (seed, trial number, parameter name):
 * neither the order of suggestions nor a resume changes a value.
 * Reference: Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization" (2012).
 *
 * @example
 * ```ts
 * import { createStudy, randomSampler } from '@nadir/tune';
 *
 * const study = await createStudy({ sampler: randomSampler({ seed: 1 }) });
 * const trial = await study.ask();
 * const x = trial.suggestFloat('x', 0, 1);
 * await study.tell(trial, x ** 2);
 * study.bestParams.x === x; // => true
 * ```
 */
export function randomSampler({ seed }: RandomSamplerOptions = {}): Sampler {
  return {
    name: 'random',
    seed,
    sampleParameter: (context, name, distribution) =>
      fromUnit(distribution, context.random('parameter', name).uniform53()),
  };
}
