import { ValueError } from '@nadir/tensor';

/** Squared norms of the gradients of one step. */
export interface GradientNorms {
  /** Items in a micro-batch. */
  readonly smallSize: number;
  /** Mean squared norm of the gradients of the micro-batches. */
  readonly small: number;
  /** Items in all micro-batches together. */
  readonly bigSize: number;
  /** Squared norm of the mean of those gradients. */
  readonly big: number;
}

/** The simple noise scale, in items. */
export interface NoiseScale {
  /** Ratio of the means; Infinity where no gradient can be told from the noise. */
  readonly value: number;
  /** Bounds of the 95 % interval; `high` is Infinity where the data give no upper one. */
  readonly low: number;
  readonly high: number;
  /** Trace of the covariance of an item's gradient. */
  readonly variance: number;
  /** Squared norm of the gradient without its noise. */
  readonly signal: number;
  readonly steps: number;
}

/** Quantile of Student's t at 97.5 %: Hill, "Algorithm 396: Student's t-quantiles", CACM 13 (1970), by its expansion. */
function studentQuantile(freedom: number): number {
  const z = 1.959963984540054;
  const [z3, z5, z7] = [z ** 3, z ** 5, z ** 7];
  return (
    z +
    (z3 + z) / (4 * freedom) +
    (5 * z5 + 16 * z3 + 3 * z) / (96 * freedom ** 2) +
    (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * freedom ** 3)
  );
}

/**
 * The simple noise scale B = tr Σ / |G|²: batches much smaller learn in proportion to their size, batches much larger learn hardly
 * more from it (McCandlish, Kaplan, Amodei et al., "An Empirical Model of Large-Batch Training", 2018, appendix A.1).
 *
 * Every step gives unbiased estimates of tr Σ and |G|² from its two batch sizes; the result is the ratio of their means, never
 * the mean of ratios. The 95 % interval is Fieller's for a ratio of means ("Some Problems in Interval Estimation", 1954), which is open where
 * the mean of |G|² cannot be told from zero.
 *
 * @throws ValueError for fewer than three steps, or sizes that do not differ
 * @example
 * ```ts
 * import { noiseScale } from '@nadir/train';
 * const steps = [1, 1.1, 0.9, 1.05, 0.95].map((x) => ({ smallSize: 4, small: 17 * x, bigSize: 32, big: 3 * x }));
 * noiseScale(steps).value.toFixed(0); // => 64
 * ```
 */
export function noiseScale(steps: readonly GradientNorms[]): NoiseScale {
  const count = steps.length;
  if (count < 3) throw new ValueError(`noiseScale(): at least 3 steps are required, got ${count}.`);
  const estimates = steps.map(({ smallSize, small, bigSize, big }) => {
    if (!(smallSize > 0 && bigSize > smallSize)) {
      throw new ValueError(
        `noiseScale(): a step needs two batch sizes, got ${smallSize} and ${bigSize}. Use two or more micro-batches.`,
      );
    }
    return {
      signal: (bigSize * big - smallSize * small) / (bigSize - smallSize),
      variance: (small - big) / (1 / smallSize - 1 / bigSize),
    };
  });
  const mean = (of: (estimate: (typeof estimates)[number]) => number): number =>
    estimates.reduce((sum, estimate) => sum + of(estimate), 0) / count;
  const [signal, variance] = [mean((e) => e.signal), mean((e) => e.variance)];
  // Squared standard errors of the means, and their covariance.
  const error = (product: (e: (typeof estimates)[number]) => number): number => mean(product) / (count - 1);
  const ss = error((e) => (e.signal - signal) ** 2);
  const vv = error((e) => (e.variance - variance) ** 2);
  const sv = error((e) => (e.signal - signal) * (e.variance - variance));
  const t2 = studentQuantile(count - 1) ** 2;
  // All ρ with (variance − ρ·signal)² ≤ t²·var(variance − ρ·signal): a·ρ² − 2b·ρ + c ≤ 0.
  const a = signal ** 2 - t2 * ss;
  const b = signal * variance - t2 * sv;
  const c = variance ** 2 - t2 * vv;
  const discriminant = b * b - a * c;
  const root = Math.sqrt(Math.max(0, discriminant));
  const isBounded = a > 0 && signal > 0;
  // (b − root) / a, written so that it holds for a = 0 too.
  const low = discriminant < 0 || b + root <= 0 ? 0 : Math.max(0, c / (b + root));
  return {
    value: signal > 0 ? variance / signal : Infinity,
    low,
    high: isBounded ? (b + root) / a : Infinity,
    variance,
    signal,
    steps: count,
  };
}
