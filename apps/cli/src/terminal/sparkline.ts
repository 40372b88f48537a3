const levels = '▁▂▃▄▅▆▇█';

/** A curve of at most `width` columns: means over equal stretches, from the lowest to the highest of them. */
export function sparkline(values: readonly number[], width: number): string {
  if (values.length === 0) return '';
  const columns = Math.min(width, values.length);
  const means = Array.from({ length: columns }, (_, column) => {
    const stretch = values.slice(
      Math.floor((column * values.length) / columns),
      Math.floor(((column + 1) * values.length) / columns),
    );
    return stretch.reduce((a, b) => a + b, 0) / stretch.length;
  });
  const low = Math.min(...means);
  const range = Math.max(...means) - low;
  return means
    .map(
      (mean) =>
        levels[
          range > 0 ? Math.min(levels.length - 1, Math.floor(((mean - low) / range) * levels.length)) : 0
        ]!,
    )
    .join('');
}
