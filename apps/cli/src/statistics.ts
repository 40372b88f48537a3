/** The `share` quantile, by linear interpolation between order statistics; NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const low = sorted[Math.floor(position)] ?? NaN;
  const high = sorted[Math.ceil(position)] ?? NaN;
  return low === high ? low : low + (high - low) * (position - Math.floor(position));
}

/** The middle value; NaN of nothing. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The best value in a direction; null of nothing but NaN. */
export function bestOf(values: readonly number[], direction: 'minimize' | 'maximize'): number | null {
  const numbers = values.filter((value) => !Number.isNaN(value));
  if (numbers.length === 0) return null;
  return numbers.reduce((a, b) => (direction === 'maximize' ? Math.max(a, b) : Math.min(a, b)));
}
