import { dot, line, type PlotOptions } from '@observablehq/plot';
import type { Figure, Frame, LegendEntry } from '../drawing.ts';
import type { Evidence, MeasuredTrial } from '../evidence.ts';
import { capitalized } from '../number-format.ts';
import { metricAxis } from '../metric-axis.ts';
import { seriesColor, type Palette } from '../palette.ts';
import { endLabels, endMargin } from './end-labels.ts';
import { bottomAxis, leftAxis, margins } from './plot-axes.ts';
import { progressAxis } from './progress-axis.ts';
import { trialTitle } from './trial-marks.ts';

/** The metric on validation data during every trial: the best in colour, pruned ones faint. */
export function learningCurves(evidence: Evidence): Figure | null {
  const { trials, metric } = evidence;
  const drawn = trials.filter(({ validation }) => validation.length > 0);
  if (drawn.length === 0) return null;
  const leaders = leadersOf(evidence, drawn);
  const early = drawn.filter(({ outcome }) => outcome !== 'completed').length;
  return {
    name: 'learning-curves',
    title: `${capitalized(metric.name)} while training`,
    caption:
      `${capitalized(metric.name)} on validation data at every evaluation.` +
      (leaders.length === 0
        ? ''
        : ` In colour: ${leaders.map(({ number }) => `trial ${number}`).join(' and ')}.`) +
      (early === 0
        ? ''
        : ` Faint and dashed: ${early === 1 ? 'the one trial that was' : `the ${early} trials that were`} ended early.`),
    legend: (palette) => learningLegend(leaders, drawn, palette),
    plot: (frame) => plotCurves(evidence, drawn, leaders, frame),
  };
}

function leadersOf({ finalists, best }: Evidence, drawn: readonly MeasuredTrial[]): readonly MeasuredTrial[] {
  const numbers = finalists.length > 0 ? finalists.slice(0, 4).map(({ trial }) => trial) : [best?.number];
  return numbers.flatMap((number) => drawn.filter((trial) => trial.number === number));
}

function learningLegend(
  leaders: readonly MeasuredTrial[],
  drawn: readonly MeasuredTrial[],
  palette: Palette,
): readonly LegendEntry[] {
  const others = drawn.filter((trial) => !leaders.includes(trial));
  const has = (isCompleted: boolean): boolean =>
    others.some(({ outcome }) => (outcome === 'completed') === isCompleted);
  return [
    ...leaders.map(({ number }, index) => ({
      label: `trial ${number}`,
      color: seriesColor(palette, index),
      sign: 'line' as const,
    })),
    ...(has(true) ? [{ label: 'other completed trials', color: palette.muted, sign: 'line' as const }] : []),
    ...(has(false) ? [{ label: 'ended early', color: palette.faint, sign: 'dash' as const }] : []),
  ];
}

function plotCurves(
  evidence: Evidence,
  drawn: readonly MeasuredTrial[],
  leaders: readonly MeasuredTrial[],
  frame: Frame,
): PlotOptions {
  const { palette, isCompact } = frame;
  const progress = progressAxis(
    evidence,
    Math.max(...drawn.map(({ validation }) => validation.at(-1)!.examples)),
  );
  const axis = metricAxis(
    evidence,
    drawn.flatMap(({ validation }) => validation.map(({ metric }) => metric)),
  );
  const points = (trial: MeasuredTrial): { x: number; y: number; trial: number }[] =>
    trial.validation.map(({ examples, metric }) => ({
      x: progress.place(examples),
      y: axis.place(metric),
      trial: trial.number,
    }));
  const others = drawn.filter((trial) => !leaders.includes(trial));
  const completed = others.filter(({ outcome }) => outcome === 'completed').flatMap(points);
  const early = others.filter(({ outcome }) => outcome !== 'completed').flatMap(points);
  const height = isCompact ? 300 : 340;
  const left = { ticks: axis.ticks(8), format: axis.format, label: axis.label };
  const edges = margins(left, endMargin(leaders.map(({ number }) => `trial ${number}`)));
  const pixels = height - edges.marginTop - edges.marginBottom;
  const channels = { x: 'x', y: 'y', z: 'trial' } as const;
  return {
    ...edges,
    height,
    x: { domain: progress.domain },
    y: { type: axis.type, domain: axis.domain },
    marks: [
      ...leftAxis(frame, left),
      ...bottomAxis(frame, {
        ticks: progress.ticks(isCompact ? 4 : 6),
        format: progress.format,
        label: progress.label,
      }),
      line(early, {
        ...channels,
        stroke: palette.faint,
        strokeOpacity: 0.7,
        strokeDasharray: '3,2',
        strokeWidth: 1,
      }),
      dot(early, { ...channels, fill: palette.faint, fillOpacity: 0.7, r: 1.6 }),
      line(completed, { ...channels, stroke: palette.muted, strokeOpacity: 0.5, strokeWidth: 1.1 }),
      ...leaders.toReversed().flatMap((trial) => {
        const color = seriesColor(palette, leaders.indexOf(trial));
        return [
          line(points(trial), { ...channels, stroke: color, strokeWidth: 2.25 }),
          dot(points(trial), { ...channels, fill: color, r: 2.75, title: () => trialTitle(evidence, trial) }),
        ];
      }),
      ...endLabels(
        leaders.map((trial, index) => ({
          text: `trial ${trial.number}`,
          color: seriesColor(palette, index),
          ...points(trial).at(-1)!,
        })),
        progress.domain[1],
        { type: axis.type, domain: axis.domain, pixels },
        palette,
      ),
    ],
  };
}
