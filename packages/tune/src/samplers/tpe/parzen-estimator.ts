import type { PhiloxGenerator } from '@nadir/random';
import { sameDistribution } from '../../distribution.ts';
import type { Distribution, ParamValue } from '../../distribution.ts';
import type { FrozenTrial } from '../../frozen-trial.ts';
import { kernelsOf } from './kernels.ts';
import type { Kernels } from './kernels.ts';

/** A parameter as it was proposed. */
export interface Suggestion {
  readonly name: string;
  readonly distribution: Distribution;
  readonly value: ParamValue;
}

/**
 * A density over sets of parameters: a mixture of one product of kernels around each trial, and the prior. A product
 * has a factor for each parameter that a set has; where the trial lacks that parameter, the factor is the prior's. So
 * trials of one branch of a conditional space tell about the others what they have in common.
 */
export class ParzenEstimator {
  readonly #trials: readonly FrozenTrial[];
  readonly #weights: Float64Array;
  readonly #kernels: Map<string, Kernels> = new Map();

  /** The trials are in the order in which they were asked for. */
  constructor(trials: readonly FrozenTrial[]) {
    this.#trials = trials;
    this.#weights = mixtureWeights(trials.length);
  }

  /** A component of the mixture, drawn by weight. */
  pick(generator: PhiloxGenerator): number {
    let rest = generator.uniform53();
    for (const [index, weight] of this.#weights.entries()) {
      rest -= weight;
      if (rest < 0) return index;
    }
    return this.#weights.length - 1;
  }

  /** A value of a parameter from one component. */
  sample(
    component: number,
    name: string,
    distribution: Distribution,
    generator: PhiloxGenerator,
  ): ParamValue {
    return this.#kernelsOf(name, distribution).sample(component, generator);
  }

  /** The logarithm of the density at a set of parameters. */
  logDensity(suggestions: readonly Suggestion[]): number {
    const sums = this.#weights.map(Math.log);
    for (const { name, distribution, value } of suggestions) {
      this.#kernelsOf(name, distribution).addLogDensities(value, sums);
    }
    const largest = sums.reduce((a, b) => Math.max(a, b));
    let total = 0;
    for (const sum of sums) total += Math.exp(sum - largest);
    return largest + Math.log(total);
  }

  #kernelsOf(name: string, distribution: Distribution): Kernels {
    const known = this.#kernels.get(name);
    if (known !== undefined && sameDistribution(known.distribution, distribution)) return known;
    const values = this.#trials.map(({ params }) => params[name]);
    const kernels = kernelsOf(distribution, values);
    this.#kernels.set(name, kernels);
    return kernels;
  }
}

/**
 * Equal weights up to 25 trials; of more, the 25 latest in full and the earlier ones on a ramp up to that. The prior
 * weighs as much as one trial.
 */
function mixtureWeights(count: number): Float64Array {
  const weights = new Float64Array(count + 1).fill(1);
  const ramp = count - 25;
  for (let i = 0; i < ramp; i++) {
    // From 1/count to 1 in so many steps; a ramp of one step is its start.
    weights[i] = ramp === 1 ? 1 / count : 1 / count + (i / (ramp - 1)) * (1 - 1 / count);
  }
  const total = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / total);
}
