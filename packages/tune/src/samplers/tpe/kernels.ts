import type { PhiloxGenerator } from '@nadir/random';
import { contains, fromUnit, toUnit, unitCell } from '../../distribution.ts';
import type {
  CategoricalDistribution,
  Distribution,
  FloatDistribution,
  IntDistribution,
  ParamValue,
} from '../../distribution.ts';
import { normalCdf, normalQuantile } from '../../numeric/normal.ts';

/** A density of one parameter around each of several observations, and a wide one, the prior, after the last. */
export interface Kernels {
  readonly distribution: Distribution;
  /** Draws a value from kernel `index`. */
  sample(index: number, generator: PhiloxGenerator): ParamValue;
  /** Adds to each entry the logarithm of that kernel's density, or probability, at a value. */
  addLogDensities(value: ParamValue, sums: Float64Array): void;
}

/**
 * Kernels around the values of a parameter; where an observation lacks it, or it is out of range, its kernel is the
 * prior. Widths and weights are those of Optuna's Parzen estimator.
 * Reference: Watanabe, "Tree-structured Parzen estimator: understanding its algorithm components" (2023).
 */
export function kernelsOf(distribution: Distribution, values: readonly (ParamValue | undefined)[]): Kernels {
  const known = values.map((value) =>
    value !== undefined && contains(distribution, value) ? value : undefined,
  );
  return distribution.type === 'categorical'
    ? categoricalKernels(distribution, known)
    : numericKernels(distribution, known as readonly (number | undefined)[]);
}

function categoricalKernels(
  distribution: CategoricalDistribution,
  values: readonly (ParamValue | undefined)[],
): Kernels {
  const { choices } = distribution;
  const observed = values.filter((value) => value !== undefined).length;
  const share = 1 / (observed + 1);
  const total = 1 + choices.length * share;
  const [logOther, logSame] = [Math.log(share / total), Math.log((share + 1) / total)];
  const logPrior = -Math.log(choices.length);
  const chosen = Int32Array.from([...values, undefined], (value) =>
    value === undefined ? -1 : choices.indexOf(value),
  );
  return {
    distribution,
    sample: (index, generator) => {
      const unit = generator.uniform53();
      const own = chosen[index] as number;
      // The choice itself takes the part of [0, 1) that the even shares of all choices leave.
      const even = own === -1 ? 1 : 1 - 1 / total;
      return unit < even ? (fromUnit(distribution, unit / even) as ParamValue) : (choices[own] as ParamValue);
    },
    addLogDensities: (value, sums) => {
      const own = choices.indexOf(value);
      for (let k = 0; k < sums.length; k++) {
        const choice = chosen[k] as number;
        sums[k]! += choice === -1 ? logPrior : choice === own ? logSame : logOther;
      }
    },
  };
}

/** Normal densities over the unit interval that a parameter is mapped to, cut off at its ends. */
function numericKernels(
  distribution: FloatDistribution | IntDistribution,
  values: readonly (number | undefined)[],
): Kernels {
  const size = values.length + 1;
  const means = new Float64Array(size).fill(0.5);
  const widths = new Float64Array(size).fill(1);
  const observed: number[] = [];
  for (const [index, value] of values.entries()) {
    if (value === undefined) continue;
    means[index] = toUnit(distribution, value);
    observed.push(index);
  }
  setWidths(means, widths, observed);

  // The probabilities below 0 and up to 1, and what turns the normal density into that of the kernel.
  const below = new Float64Array(size);
  const inside = new Float64Array(size);
  const logScales = new Float64Array(size);
  for (let k = 0; k < size; k++) {
    below[k] = normalCdf(-means[k]! / widths[k]!);
    inside[k] = normalCdf((1 - means[k]!) / widths[k]!) - below[k]!;
    logScales[k] = -Math.log(inside[k]! * widths[k]!) - 0.5 * Math.log(2 * Math.PI);
  }
  return {
    distribution,
    sample: (index, generator) => {
      const unit =
        means[index]! +
        widths[index]! * normalQuantile(below[index]! + generator.uniform53() * inside[index]!);
      return fromUnit(distribution, Math.min(Math.max(unit, 0), 1));
    },
    addLogDensities: (value, sums) => {
      const { from, to } = unitCell(distribution, value as number);
      const centre = (from + to) / 2;
      const cell = to - from;
      const logCell = cell === 0 ? 0 : Math.log(cell);
      for (let k = 0; k < size; k++) {
        const width = widths[k]!;
        if (cell > 0.25 * width) {
          const mass = normalCdf((to - means[k]!) / width) - normalCdf((from - means[k]!) / width);
          sums[k]! += Math.log(Math.max(mass, 1e-300) / inside[k]!);
          continue;
        }
        const z = (centre - means[k]!) / width;
        sums[k]! += logScales[k]! + logCell - 0.5 * z * z;
        // The integral over a narrow cell, by the first term of its series about the middle.
        if (cell > 0) sums[k]! += Math.log1p(((cell / width) ** 2 * (z * z - 1)) / 24);
      }
    },
  };
}

/**
 * A kernel reaches to the further of its two neighbours; those at the ends reach to their only neighbour. Not less than
 * a part of the range that shrinks with their number down to a hundredth.
 */
function setWidths(means: Float64Array, widths: Float64Array, observed: readonly number[]): void {
  const order = observed.toSorted((a, b) => means[a]! - means[b]! || a - b);
  const count = order.length;
  const least = 1 / Math.min(100, count + 2);
  const at = (place: number): number => (place < 0 ? 0 : place >= count ? 1 : means[order[place]!]!);
  for (const [place, index] of order.entries()) {
    const [left, right] = [at(place) - at(place - 1), at(place + 1) - at(place)];
    let width = Math.max(left, right);
    if (count >= 2 && place === 0) width = right;
    if (count >= 2 && place === count - 1) width = left;
    widths[index] = Math.min(Math.max(width, least), 1);
  }
}
