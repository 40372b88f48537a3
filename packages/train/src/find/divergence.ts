/** Losses before which nothing is called a divergence. */
const fewest = 10;
/** Losses whose median stands for one of them. */
const window = 5;
/** Deviations of the noise that a divergence is above the best at least. */
const significance = 6;

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

/** Standard deviation of the noise of losses, from the differences of neighbours: a trend hardly counts. */
function noiseOf(losses: readonly number[]): number {
  const steps = losses.slice(1).map((loss, i) => Math.abs(loss - losses[i]!));
  return steps.length === 0 ? 0 : median(steps) / (0.6745 * Math.SQRT2);
}

/**
 * Index of the first loss that belongs to a divergence, or the number of losses: from there on the median of neighbours is
 * `factor` times the best and clearly above the noise. A loss that is not finite ends all.
 */
export function divergenceOf(losses: readonly number[], factor: number): number {
  const infinite = losses.findIndex((loss) => !Number.isFinite(loss));
  const count = infinite < 0 ? losses.length : infinite;
  const finite = losses.slice(0, count);
  const half = window >> 1;
  const typical = finite.map((_, i) => median(finite.slice(Math.max(0, i - half), i + half + 1)));
  const noise = noiseOf(finite.slice(0, Math.max(fewest, Math.floor(count / 2))));
  const [first] = typical;
  let best = Infinity;
  for (const [i, level] of typical.entries()) {
    best = Math.min(best, level);
    // Without a sign that can be trusted, the depth below the start stands for the best.
    const limit = best > 0 ? factor * best : best + factor * Math.abs(first! - best);
    if (i >= fewest && level > limit && level > best + significance * noise) return i;
  }
  return count;
}
