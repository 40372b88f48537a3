/** Whether losses `a` are nowhere above losses `b`, and below them somewhere. */
export function dominates(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  let isBelow = false;
  for (let i = 0; i < a.length; i++) {
    if ((a[i] as number) > (b[i] as number)) return false;
    if ((a[i] as number) < (b[i] as number)) isBelow = true;
  }
  return isBelow;
}

/** The order of the first entry that differs. */
export function compareLexicographically(a: ArrayLike<number>, b: ArrayLike<number>): number {
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return (a[i] as number) < (b[i] as number) ? -1 : 1;
  }
  return 0;
}

/**
 * The front that each row of losses belongs to: 0 where no row dominates it, 1 where none does once front 0 is taken
 * away, and so on. O(rows² · objectives).
 * Reference: Zhang et al., "An efficient approach to non-dominated sorting" (2015), its sequential search.
 */
export function nonDominatedRanks(rows: readonly ArrayLike<number>[]): Int32Array {
  const ranks = new Int32Array(rows.length);
  const fronts: ArrayLike<number>[][] = [];
  // Sorted so, a row is dominated only by earlier ones.
  const order = [...rows.keys()].toSorted((a, b) => compareLexicographically(rows[a]!, rows[b]!));
  for (const index of order) {
    const row = rows[index]!;
    let rank = 0;
    while (rank < fronts.length && fronts[rank]!.some((other) => dominates(other, row))) rank += 1;
    (fronts[rank] ??= []).push(row);
    ranks[index] = rank;
  }
  return ranks;
}

/**
 * How far apart the neighbours of each row of one front lie, summed over objectives and relative to the front's extent;
 * Infinity at its ends.
 * Reference: Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II" (2002).
 */
export function crowdingDistances(front: readonly ArrayLike<number>[]): Float64Array {
  const distances = new Float64Array(front.length);
  const objectives = front[0]?.length ?? 0;
  for (let objective = 0; objective < objectives; objective++) {
    const at = (index: number): number => front[index]![objective] as number;
    const order = [...front.keys()].toSorted((a, b) => (at(a) < at(b) ? -1 : at(a) > at(b) ? 1 : a - b));
    const [first, last] = [order[0]!, order.at(-1)!];
    const extent = at(last) - at(first);
    distances[first] = Infinity;
    distances[last] = Infinity;
    // No extent, or an infinite one, tells nothing apart.
    if (!(extent > 0 && extent < Infinity)) continue;
    for (let i = 1; i < order.length - 1; i++) {
      distances[order[i]!]! += (at(order[i + 1]!) - at(order[i - 1]!)) / extent;
    }
  }
  return distances;
}
