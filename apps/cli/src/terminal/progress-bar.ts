import ansis from 'ansis';

/** A bar of `width` columns, filled by `share`: half a column is the finest step. */
export function progressBar(share: number, width: number): string {
  const halves = Math.round(Math.min(Math.max(share, 0), 1) * width * 2);
  const full = Math.floor(halves / 2);
  const half = halves % 2;
  const rest = width - full - half;
  return ansis.cyan('━'.repeat(full) + '╸'.repeat(half)) + ansis.dim('─'.repeat(rest));
}
