import { dot, link, text, type PlotOptions } from '@observablehq/plot';
import type { Figure, Frame } from '../drawing.ts';
import type { Evidence, MeasuredFinalist } from '../evidence.ts';
import { shorten } from '../markup.ts';
import { metricAxis } from '../metric-axis.ts';
import { formatSeconds } from '../number-format.ts';
import { seriesColor } from '../palette.ts';
import type { Choices } from '../study-record.ts';
import { bottomAxis } from './plot-axes.ts';
import { shortChoices } from './trial-marks.ts';

/** The metric of every fresh seed of the finalists. */
export function finalistSeeds(evidence: Evidence): Figure | null {
  const { finalists, metric } = evidence;
  const drawn = finalists.filter(({ runs }) => runs.length > 0);
  if (drawn.length === 0) return null;
  const parts = drawn.map(
    ({ trial, median, lost }) =>
      `trial ${trial} has the median ${metric.format(median)}${lost === 0 ? '' : ` (${lost} of its runs diverged)`}`,
  );
  return {
    name: 'finalists',
    title: 'Finalists with fresh seeds',
    caption: `Each dot is a training with a fresh seed; the tall tick is the median: ${parts.join(', ')}.`,
    legend: () => [],
    plot: (frame) => plotFinalists(evidence, drawn, frame),
  };
}

function plotFinalists(evidence: Evidence, drawn: readonly MeasuredFinalist[], frame: Frame): PlotOptions {
  const { palette, isCompact } = frame;
  const { metric } = evidence;
  const axis = metricAxis(
    evidence,
    drawn.flatMap(({ runs }) => runs.map((run) => run.metric)),
    { stretch: false },
  );
  const rows = drawn.map((finalist, index) => ({ ...finalist, index, color: seriesColor(palette, index) }));
  type Row = (typeof rows)[number];
  const measured = rows.filter((row) => Number.isFinite(row.median));
  const runs = rows.flatMap((row) => row.runs.map((run) => ({ ...run, index: row.index, color: row.color })));
  const characters = Math.floor((frame.width - 28) / 7.2);
  const labels = rows.map(({ trial, choices }) =>
    brokenInto(`trial ${trial}: ${shortChoices(differing(choices, drawn))}`, characters),
  );
  const lines = Math.max(...labels.map((label) => label.split('\n').length));
  // A row holds its words, and its dots 28 pixels below them. One unit of the vertical scale is a row.
  const rowHeight = 14 * lines + 44;
  const below = (index: number, pixels: number): number => index - 0.5 + (14 * lines + pixels) / rowHeight;
  return {
    height: rows.length * rowHeight + 46,
    marginLeft: 12,
    marginRight: 16,
    marginTop: 4,
    marginBottom: 42,
    x: { type: axis.type, domain: axis.domain },
    // Rows are bands, top to bottom; a row's words stand above its dots.
    y: { type: 'linear', axis: null, domain: [rows.length - 0.5, -0.5] },
    marks: [
      ...bottomAxis(frame, { ticks: axis.ticks(isCompact ? 4 : 6), format: axis.format, label: axis.label }),
      text(rows, {
        x: () => axis.domain[0],
        y: ({ index }: Row) => below(index, 4),
        lineAnchor: 'bottom',
        lineHeight: 14 / 12,
        text: ({ index }: Row) => labels[index]!,
        fill: 'color',
        fontWeight: 600,
        textAnchor: 'start',
      }),
      link(measured, {
        x1: ({ low }: Row) => axis.place(low),
        x2: ({ high }: Row) => axis.place(high),
        y: ({ index }: Row) => below(index, 22),
        stroke: 'color',
        strokeOpacity: 0.3,
        strokeWidth: 8,
        strokeLinecap: 'round',
      }),
      dot(runs, {
        x: ({ metric }: { readonly metric: number }) => axis.place(metric),
        y: ({ index }: { readonly index: number }) => below(index, 22),
        fill: 'color',
        fillOpacity: 0.85,
        stroke: palette.background,
        r: 5,
        title: (run: (typeof runs)[number]) =>
          `seed ${run.seed}: ${metric.format(run.metric)} in ${formatSeconds(run.seconds)}`,
      }),
      link(measured, {
        x: ({ median }: Row) => axis.place(median),
        y1: ({ index }: Row) => below(index, 12),
        y2: ({ index }: Row) => below(index, 32),
        stroke: palette.ink,
        strokeWidth: 2,
      }),
    ],
  };
}

/** The choices in which finalists differ; all of them where there is nothing to compare. */
function differing(choices: Choices, finalists: readonly MeasuredFinalist[]): Choices {
  const entries = Object.entries(choices).filter(([name, value]) =>
    finalists.some((other) => other.choices[name] !== value),
  );
  return entries.length === 0 ? choices : Object.fromEntries(entries);
}

/** Lines of at most so many characters, broken at the dots between choices. */
function brokenInto(text: string, characters: number): string {
  const lines: string[] = [];
  for (const part of text.split(' · ')) {
    const longer = lines.length === 0 ? part : `${lines.at(-1)!} · ${part}`;
    if (lines.length > 0 && longer.length <= characters) lines[lines.length - 1] = longer;
    else lines.push(shorten(part, characters));
  }
  return lines.join('\n');
}
