/** How a value moves between two knots of a one-cycle policy. */
export type Anneal = 'cosine' | 'linear';

/**
 * The last step of each phase, as torch places them: the rise ends at p·T − 1, its mirrored fall (three phases only) at
 * 2·p·T − 2, and the cycle at T − 1.
 */
export function phaseEnds(steps: number, riseFraction: number, threePhase: boolean): readonly number[] {
  const rise = riseFraction * steps;
  return threePhase ? [rise - 1, 2 * rise - 2, steps - 1] : [rise - 1, steps - 1];
}

/**
 * The value at a step of a path through `knots`, one more of them than of phases. Holds the last knot after the end.
 *
 * A rise of no length (p·T = 1, where torch divides by zero) is at its end at once.
 */
export function phaseValue(
  step: number,
  ends: readonly number[],
  knots: readonly number[],
  anneal: Anneal,
): number {
  const at = Math.min(step, ends.at(-1)!);
  let phase = 0;
  while (phase < ends.length - 1 && at > ends[phase]!) phase++;
  const start = phase === 0 ? 0 : ends[phase - 1]!;
  const length = ends[phase]! - start;
  const progress = length === 0 ? 1 : (at - start) / length;
  const from = knots[phase]!;
  const to = knots[phase + 1]!;
  const blend = anneal === 'linear' ? progress : (1 - Math.cos(Math.PI * progress)) / 2;
  // Weights rather than from + (to − from)·blend: both ends are exact.
  return from * (1 - blend) + to * blend;
}
