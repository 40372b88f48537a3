import { PhiloxGenerator } from '@nadir/random';
import { formatDistribution, gridValues, sameDistribution } from '../distribution.ts';
import type { Distribution, ParamValue } from '../distribution.ts';
import { StudyError, show } from '../errors.ts';
import { suggestSpace } from '../space.ts';
import type { Params, Space } from '../space.ts';
import { ChoosingSuggester } from './choosing-suggester.ts';
import type { Sampler, SamplerContext } from './sampler.ts';

const MAX_POINTS = 1_000_000;

/** Options of {@link gridSampler}. */
export interface GridSamplerOptions {
  /**
   * How many values to take of each numeric parameter, or of some by name: evenly spaced from low to high, in the
   * logarithm where `log` is set. Needed for floats without a step; whole numbers and stepped floats default to all.
   */
  readonly points?: number | Readonly<Record<string, number>> | undefined;
  /** `shuffled` (default), so that a budget smaller than the grid sees all of it thinly, or `listed`. */
  readonly order?: 'shuffled' | 'listed' | undefined;
  /** The seed of the shuffle: a non-negative safe integer. Default: the study's seed. */
  readonly seed?: number | undefined;
}

/**
 * Tries every combination of a declared space once, then ends the search. A conditional space gives the leaves of its
 * tree. Enqueued trials take no point of the grid and must fix all their parameters.
 * Throws {@link StudyError} for a parameter with no end of values, or a grid over a million points.
 *
 * @example
 * ```ts
 * import { categorical, createStudy, float, gridSampler } from '@nadir/tune';
 *
 * const space = { lr: float(0.01, 1, { log: true }), optimizer: categorical(['sgd', 'adam']) };
 * const study = await createStudy({ space, sampler: gridSampler(space, { points: 3, order: 'listed' }) });
 * const { reason } = await study.optimize(({ params }) => params.lr);
 * study.trials.length; // => 6
 * reason === 'exhausted'; // => true
 * study.bestParams.lr; // => 0.01
 * ```
 */
export function gridSampler(
  space: Space,
  { points, order = 'shuffled', seed }: GridSamplerOptions = {},
): Sampler {
  const grid = enumerate(space, points);
  let shuffle: { readonly seed: number; readonly order: Int32Array } | undefined;

  const pointAt = (index: number, shuffleSeed: number): Params => {
    if (order === 'listed') return grid[index] as Params;
    if (shuffle?.seed !== shuffleSeed) {
      shuffle = {
        seed: shuffleSeed,
        order: new PhiloxGenerator({ seed: shuffleSeed }).fork('grid').permutation(grid.length),
      };
    }
    return grid[shuffle.order[index] as number] as Params;
  };

  // A trial's place in the grid is its rank among the trials that this sampler was asked for: it needs no mark
  // of its own in the storage, and holds whatever has ended since.
  const rank = (context: SamplerContext): number => {
    let before = 0;
    for (const trial of context.history()) {
      if (trial.sampler === 'grid' && Object.keys(trial.fixedParams).length === 0) before += 1;
    }
    return before;
  };

  return {
    name: 'grid',
    seed,
    isExhausted: (context) => rank(context) >= grid.length,
    // Two workers may both find one point left; the later one repeats a point rather than fail.
    sampleJoint: (context) => (context.enqueued ? {} : pointAt(rank(context) % grid.length, context.seed)),
    sampleParameter: (context, name, distribution) => {
      if (context.enqueued) {
        throw new StudyError(
          `gridSampler(): an enqueued trial fixes every parameter, got trial ${context.trialNumber} without ${show(name)}.`,
        );
      }
      const point = pointAt(rank(context) % grid.length, context.seed);
      throw new StudyError(
        name in point
          ? `gridSampler(): the objective suggests ${show(name)} from ${formatDistribution(distribution)}, got ${show(point[name])} from the grid's space. Declare the same range in both.`
          : `gridSampler(): every parameter is in the grid's space, got ${show(name)}. Known: ${Object.keys(point).join(', ')}.`,
      );
    },
  };
}

/** All points of a space: a depth-first walk that re-runs the space with one more choice advanced each time. */
function enumerate(space: Space, points: GridSamplerOptions['points']): readonly Params[] {
  const path: { index: number; size: number }[] = [];
  const grid: Params[] = [];
  const known = new Map<
    string,
    { readonly distribution: Distribution; readonly values: readonly ParamValue[] }
  >();
  const valuesOnce = (name: string, distribution: Distribution): readonly ParamValue[] => {
    const entry = known.get(name);
    if (entry !== undefined && sameDistribution(entry.distribution, distribution)) return entry.values;
    const values = valuesOf(name, distribution, points);
    known.set(name, { distribution, values });
    return values;
  };
  if (typeof space === 'object') {
    requireSize(Object.entries(space).reduce((size, entry) => size * valuesOnce(...entry).length, 1));
  }
  do {
    let depth = 0;
    const params: Record<string, ParamValue> = {};
    const choose = (name: string, distribution: Distribution): ParamValue => {
      if (name in params) return params[name] as ParamValue;
      const values = valuesOnce(name, distribution);
      const node = (path[depth] ??= { index: 0, size: values.length });
      depth += 1;
      return (params[name] = values[node.index] as ParamValue);
    };
    suggestSpace('gridSampler()', space, new ChoosingSuggester(choose), () => params);
    grid.push(params);
    requireSize(grid.length);
    path.length = depth;
  } while (advance(path));
  return grid;
}

function requireSize(size: number): void {
  if (size <= MAX_POINTS) return;
  throw new StudyError(
    `gridSampler(): a grid of at most ${MAX_POINTS} points, got ${size} or more. Lower points, or use randomSampler().`,
  );
}

function advance(path: { index: number; size: number }[]): boolean {
  for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
    node.index += 1;
    if (node.index < node.size) return true;
    path.pop();
  }
  return false;
}

function valuesOf(
  name: string,
  distribution: Distribution,
  points: GridSamplerOptions['points'],
): readonly ParamValue[] {
  const count = typeof points === 'object' ? points[name] : points;
  if (count !== undefined && !(Number.isSafeInteger(count) && count >= 1)) {
    throw new StudyError(
      `gridSampler(): points is a whole number >= 1, got ${show(count)} for ${show(name)}.`,
    );
  }
  const values = gridValues(distribution, count);
  if (values === undefined) {
    throw new StudyError(
      `gridSampler(): parameters with an end of values, got ${show(name)} from ${formatDistribution(distribution)}. ` +
        'Give it a step, or the sampler points.',
    );
  }
  return values;
}
