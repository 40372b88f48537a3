import ansis from 'ansis';

/** Eighths of a cell, from nothing to all of it. */
const eighths = ' ▁▂▃▄▅▆▇█';

/** What a curve is drawn from. */
export interface CurveOptions {
  /** Positions between 0 and 1, ascending. */
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  readonly width: number;
  readonly height: number;
  /** Columns from and to these positions stand out. */
  readonly band: readonly [from: number, to: number];
  /** One of them, marked below. */
  readonly mark: number;
}

/** A curve as filled columns, its scale at the left; `label` names the mark below it. */
export function drawCurve({ xs, ys, width, height, band, mark }: CurveOptions, label: string): string[] {
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const scale = (y: number): string => Number(y.toPrecision(3)).toString();
  const margin = Math.max(scale(low).length, scale(high).length);
  const columns = Math.max(10, width - margin - 3);
  const levels = Array.from({ length: columns }, (_, column) => {
    const x = column / (columns - 1);
    if (x > xs.at(-1)!) return null;
    const after = Math.max(
      1,
      xs.findIndex((other) => other >= x),
    );
    const [x0, x1] = [xs[after - 1]!, xs[after]!];
    const y = ys[after - 1]! + ((ys[after]! - ys[after - 1]!) * (x - x0)) / (x1 - x0);
    return high > low ? (y - low) / (high - low) : 0;
  });
  const inBand = (column: number): boolean =>
    column >= Math.round(band[0] * (columns - 1)) && column <= Math.round(band[1] * (columns - 1));
  const lines: string[] = [];
  for (let row = height - 1; row >= 0; row--) {
    const axis = row === height - 1 ? scale(high) : row === 0 ? scale(low) : '';
    let line = `  ${ansis.dim(axis.padStart(margin))} `;
    levels.forEach((level, column) => {
      const filled = level === null ? 0 : Math.round((level * (height - 1) + 1) * 8) - row * 8;
      const cell = eighths[Math.max(0, Math.min(8, filled))]!;
      line += inBand(column) ? ansis.cyan(cell) : ansis.dim(cell);
    });
    lines.push(line.trimEnd());
  }
  const at = Math.round(mark * (columns - 1));
  const text = at + label.length + 2 <= columns ? `↑ ${label}` : `${label} ↑`;
  const start = text.startsWith('↑') ? at : Math.max(0, at - label.length - 1);
  lines.push(ansis.cyan(`${' '.repeat(margin + 3 + start)}${text}`));
  return lines;
}
