import { line, type PlotOptions } from '@observablehq/plot';
import type { Figure, Frame } from '../drawing.ts';
import type { Evidence } from '../evidence.ts';
import { metricAxis } from '../metric-axis.ts';
import { capitalized, formatShort } from '../number-format.ts';
import { linearTicks } from '../ticks.ts';
import { bottomAxis, leftAxis, margins } from './plot-axes.ts';
import { outcomeLegend, trialDots } from './trial-marks.ts';

/** The metric of each trial in turn, with the best so far. */
export function history(evidence: Evidence): Figure | null {
  const { trials, metric, best } = evidence;
  if (trials.length === 0) return null;
  const found =
    best === null
      ? 'No trial has a value.'
      : `The best, ${metric.format(best.metric)}, came with trial ${best.number}.`;
  return {
    name: 'history',
    title: `${capitalized(metric.name)} by trial`,
    caption: `${found} The line is the best completed trial so far.`,
    legend: (palette) => [
      { label: 'best so far', color: palette.accent, sign: 'line' },
      ...outcomeLegend(trials, palette.muted),
    ],
    plot: (frame) => plotHistory(evidence, frame),
  };
}

function plotHistory(evidence: Evidence, frame: Frame): PlotOptions {
  const { trials } = evidence;
  const { palette, isCompact } = frame;
  const axis = metricAxis(
    evidence,
    trials.map(({ metric }) => metric),
  );
  const numbers = trials.map(({ number }) => number);
  const first = Math.min(...numbers);
  const last = Math.max(...numbers);
  const left = { ticks: axis.ticks(8), format: axis.format, label: axis.label };
  return {
    ...margins(left),
    height: isCompact ? 280 : 300,
    x: { domain: [first - 0.5, last + 0.5] },
    y: { type: axis.type, domain: axis.domain },
    marks: [
      ...leftAxis(frame, left),
      ...bottomAxis(frame, {
        ticks: linearTicks(first, last, isCompact ? 6 : 11).filter(Number.isInteger),
        format: formatShort,
        label: 'trial',
      }),
      line(
        bestSoFar(evidence, last).map(({ x, metric }) => ({ x, y: axis.place(metric) })),
        { x: 'x', y: 'y', curve: 'step-after', stroke: palette.accent, strokeWidth: 2 },
      ),
      ...trialDots(
        evidence,
        trials.map((trial) => ({
          trial,
          x: trial.number,
          y: axis.place(trial.metric),
          color: palette.muted,
        })),
      ),
    ],
  };
}

function bestSoFar(
  { trials, metric }: Evidence,
  last: number,
): readonly { readonly x: number; readonly metric: number }[] {
  const steps: { x: number; metric: number }[] = [];
  for (const trial of trials.toSorted((a, b) => a.number - b.number)) {
    if (trial.outcome !== 'completed' || trial.metric === null) continue;
    const before = steps.at(-1);
    if (before === undefined || metric.isBetter(trial.metric, before.metric))
      steps.push({ x: trial.number, metric: trial.metric });
  }
  const end = steps.at(-1);
  return end === undefined ? [] : [...steps, { x: last + 0.5, metric: end.metric }];
}
