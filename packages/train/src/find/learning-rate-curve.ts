import { PhiloxGenerator } from '@nadir/random';
import { ValueError } from '@nadir/tensor';
import { divergenceOf } from './divergence.ts';
import { applyRow, localRegression, type Smoother } from './local-regression.ts';

/** How a learning rate is read off a range test. */
export type LearningRateMethod = 'steep' | 'valley' | 'minimum';

/** A learning rate, and where it lies with a probability of 90 %. */
export interface LearningRateSuggestion {
  readonly lr: number;
  readonly low: number;
  readonly high: number;
}

/** What a range test shows. */
export interface LearningRateCurve {
  readonly lrs: readonly number[];
  readonly losses: readonly number[];
  /** The losses without their noise, up to where they diverge. */
  readonly smooth: readonly number[];
  readonly suggestions: Readonly<Record<LearningRateMethod, LearningRateSuggestion>>;
}

export interface LearningRateCurveOptions {
  /** Of the bootstrap. Default 0. */
  readonly seed?: number;
  /** Samples of the bootstrap. Default 300; 0: the intervals are points. */
  readonly samples?: number;
}

/** Standard deviation of the smoothing kernel, as a part of the tested range of log lr: 0.4 decades of 8. */
const bandwidthShare = 0.05;
const placesPerStep = 2;
/** Losses from here on, times the best, belong to the divergence and are not looked at. */
const divergedFactor = 2;
/** A descent begins where this part of it is done. */
const onset = 0.1;
/** Points below which there is no curve. */
const fewest = 10;

type Marks = Record<LearningRateMethod, number>;

/** Where the parabola through a least value and its neighbours has its vertex. */
function vertex(places: Float64Array, values: Float64Array, at: number): number {
  const [a = -Infinity, b, c = -Infinity] = [values[at - 1], values[at]!, values[at + 1]];
  // At the end of what was searched, the least value need not be a minimum.
  if (a < b || c < b || a - 2 * b + c === 0) return places[at]!;
  return places[at]! + ((places[1]! - places[0]!) * (a - c)) / (2 * (a - 2 * b + c));
}

function least(values: Float64Array): number {
  let at = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! < values[at]!) at = i;
  return at;
}

/** Log10 of the suggestions of a smooth curve. */
function marksOf(places: Float64Array, values: Float64Array, slopes: Float64Array): Marks {
  const bottom = least(values);
  const end = Math.max(1, bottom);
  const plateau = values.slice(0, Math.max(1, end >> 2)).sort();
  const top = plateau[plateau.length >> 1]!;
  const limit = top - onset * (top - values[bottom]!);
  let start = end - 1;
  while (start > 0 && values[start]! < limit) start--;
  const fall = values[start]! - values[Math.min(start + 1, values.length - 1)]!;
  const crossing = fall > 0 ? Math.min(1, Math.max(0, (values[start]! - limit) / fall)) : 0;
  const from = places[start]! + crossing * (places.length > 1 ? places[1]! - places[0]! : 0);
  const to = vertex(places, values, bottom);
  return {
    // Before the descent the slope is noise, and at the edge of the data most of all.
    steep: vertex(places, slopes, start + least(slopes.subarray(start, end))),
    valley: (from + to) / 2,
    minimum: to - 1,
  };
}

interface Scale {
  readonly to: (loss: number) => number;
  readonly from: (y: number) => number;
  /** Derivative of `from` at y. */
  readonly rate: (y: number) => number;
}

// The noise of a loss grows with it: its logarithm has even noise. A loss that can be negative is taken as it is.
const logarithmic: Scale = { to: Math.log, from: Math.exp, rate: Math.exp };
const plain: Scale = { to: (loss) => loss, from: (y) => y, rate: () => 1 };

function read(
  { places, value, slope }: Smoother,
  scale: Scale,
  ys: Float64Array,
): { values: Float64Array; marks: Marks } {
  const fitted = Float64Array.from(value, (row) => applyRow(row, ys));
  const values = fitted.map(scale.from);
  const slopes = Float64Array.from(slope, (row, i) => scale.rate(fitted[i]!) * applyRow(row, ys));
  return { values, marks: marksOf(places, values, slopes) };
}

function quantile(sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (at - low) * (sorted[high]! - sorted[low]!);
}

/**
 * Reads learning rates off the losses of a range test: one loss for each of some learning rates that grow by a constant factor.
 *
 * The curve of log loss over log lr is smoothed by local quadratic regression (standard deviation 1/20 of the tested range). `steep`
 * is where the loss falls fastest per decade, `minimum` a tenth of where it is least, `valley` the middle, in log lr, between the
 * beginning of the descent and its end. Each comes with a 90 % interval by a bootstrap of the residuals (Davison and
 * Hinkley, "Bootstrap Methods and their Application", 1997, §7.6), from the same seed the same.
 *
 * @throws ValueError for fewer than ten losses before the divergence, or for learning rates that are not positive and growing
 * @example
 * ```ts
 * import { learningRateCurve } from '@nadir/train';
 * const lrs = Array.from({ length: 100 }, (_, i) => 10 ** (-8 + (8 * i) / 99));
 * const losses = lrs.map((lr) => 2.3 - 1.7 / (1 + Math.exp(-3 * (Math.log10(lr) + 2))));
 * const { steep } = learningRateCurve(lrs, losses).suggestions;
 * steep.lr > 0.005 && steep.lr < 0.02; // => true
 * ```
 */
export function learningRateCurve(
  lrs: readonly number[],
  losses: readonly number[],
  { seed = 0, samples = 300 }: LearningRateCurveOptions = {},
): LearningRateCurve {
  if (lrs.length !== losses.length || lrs.some((lr, i) => !(lr > 0) || (i > 0 && lr <= lrs[i - 1]!))) {
    throw new ValueError(
      `learningRateCurve(): learning rates must be positive, growing and as many as losses, got ${lrs.length} and ${losses.length} losses.`,
    );
  }
  const count = divergenceOf(losses, divergedFactor);
  if (count < fewest) {
    throw new ValueError(
      `learningRateCurve(): at least ${fewest} losses before the divergence are required, got ${count} of ${losses.length}. ` +
        'Begin at a smaller learning rate, or take more steps.',
    );
  }
  const xs = Float64Array.from(lrs.slice(0, count), Math.log10);
  const range = Math.log10(lrs.at(-1)!) - xs[0]!;
  const smoother = localRegression(xs, bandwidthShare * range, placesPerStep);
  const scale = losses.slice(0, count).every((loss) => loss > 0) ? logarithmic : plain;
  const ys = Float64Array.from(losses.slice(0, count), scale.to);
  const { values, marks } = read(smoother, scale, ys);
  const fitted = Float64Array.from({ length: count }, (_, i) =>
    applyRow(smoother.value[i * placesPerStep]!, ys),
  );
  const spread = bootstrap(
    smoother,
    scale,
    ys,
    fitted,
    least(values),
    new PhiloxGenerator({ seed }),
    samples,
  );
  const suggestions = {} as Record<LearningRateMethod, LearningRateSuggestion>;
  for (const method of ['steep', 'valley', 'minimum'] as const) {
    const [lr, marked] = [10 ** marks[method], spread[method].sort()];
    const [low, high] =
      samples === 0 ? [lr, lr] : [10 ** quantile(marked, 0.05), 10 ** quantile(marked, 0.95)];
    suggestions[method] = { lr, low, high };
  }
  return { lrs, losses, smooth: Array.from(fitted, scale.from), suggestions };
}

/** The marks of curves whose noise is drawn anew from the residuals before the bottom; behind it the curve bends too fast. */
function bootstrap(
  smoother: Smoother,
  scale: Scale,
  ys: Float64Array,
  fitted: Float64Array,
  bottom: number,
  random: PhiloxGenerator,
  samples: number,
): Record<LearningRateMethod, Float64Array> {
  const used = Math.max(Math.floor(bottom / placesPerStep), Math.min(20, ys.length));
  // A fit follows its own data: dividing by √(1 − leverage) gives the residuals the size of the noise.
  const residuals = ys.subarray(0, used).map((y, i) => {
    const leverage = smoother.value[i * placesPerStep]![i]!;
    return (y - fitted[i]!) / Math.sqrt(Math.max(1 - leverage, 0.05));
  });
  const mean = residuals.reduce((sum, r) => sum + r, 0) / used;
  const spread = {
    steep: new Float64Array(samples),
    valley: new Float64Array(samples),
    minimum: new Float64Array(samples),
  };
  for (let sample = 0; sample < samples; sample++) {
    const drawn = fitted.map((y) => y + residuals[random.integer(0, used)]! - mean);
    const { marks } = read(smoother, scale, drawn);
    for (const method of ['steep', 'valley', 'minimum'] as const) spread[method][sample] = marks[method];
  }
  return spread;
}
