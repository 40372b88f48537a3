import { normalCdf } from './normal.ts';

/** The ranks of numbers, from 1; equal ones share the mean of theirs. */
export function averageRanks(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, index) => index).toSorted(
    (a, b) => values[a]! - values[b]!,
  );
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end += 1;
    for (let place = start; place < end; place++) ranks[order[place]!] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/** How many pairs the exact distribution is computed for; beyond, the normal one is as good. */
const EXACT_PAIRS = 50;

/**
 * Wilcoxon's signed-rank test: the probability of differences that lie as far above 0 as these, or further, if they are
 * symmetric about 0. Zeros count half to either side. Exact, ties included, for up to 50 differences.
 * Reference: Wilcoxon, "Individual comparisons by ranking methods" (1945).
 */
export function signedRankP(differences: readonly number[]): number {
  const n = differences.length;
  const ranks = averageRanks(differences.map(Math.abs));
  let above = 0;
  for (const [index, difference] of differences.entries()) {
    if (difference > 0) above += ranks[index]!;
    else if (difference === 0) above += ranks[index]! / 2;
  }
  if (n <= EXACT_PAIRS) return exactSignedRankP(differences, ranks, above);
  let ties = 0;
  for (const count of tieCounts(ranks)) ties += count ** 3 - count;
  const deviation = Math.sqrt((n * (n + 1) * (2 * n + 1) - ties / 2) / 24);
  return 1 - normalCdf((above - (n * (n + 1)) / 4) / deviation);
}

/** Counts, over all 2ⁿ choices of signs, the sums of positive ranks that are as large. */
function exactSignedRankP(differences: readonly number[], ranks: Float64Array, above: number): number {
  // Twice and four times the ranks are whole: means of two ranks, and halves of those for zeros.
  let zeros = 0;
  let counts = new Float64Array(1).fill(1);
  for (const [index, difference] of differences.entries()) {
    const rank = Math.round(4 * ranks[index]!);
    if (difference === 0) {
      zeros += rank / 2;
      continue;
    }
    const next = new Float64Array(counts.length + rank);
    for (const [sum, count] of counts.entries()) {
      next[sum]! += count / 2;
      next[sum + rank]! += count / 2;
    }
    counts = next;
  }
  let p = 0;
  for (let sum = Math.round(4 * above - zeros); sum < counts.length; sum++) p += counts[sum]!;
  return Math.min(p, 1);
}

function tieCounts(ranks: Float64Array): Iterable<number> {
  const counts = new Map<number, number>();
  for (const rank of ranks) counts.set(rank, (counts.get(rank) ?? 0) + 1);
  return counts.values();
}
