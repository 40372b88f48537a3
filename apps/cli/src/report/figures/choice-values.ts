import { link, ruleY, text, type PlotOptions } from '@observablehq/plot';
import { median } from '../../statistics.ts';
import type { Figure, Frame } from '../drawing.ts';
import type { Evidence, MeasuredTrial } from '../evidence.ts';
import { shorten } from '../markup.ts';
import { capitalized } from '../number-format.ts';
import { metricAxis } from '../metric-axis.ts';
import { groupByValue, type Parameter, type ValueGroup } from '../parameter.ts';
import { bottomAxis } from './plot-axes.ts';
import { outcomeLegend, trialDots } from './trial-marks.ts';

const rowHeight = 30;

/** The metric of every trial, in a row for each value of a parameter. */
export function choiceValues(evidence: Evidence, parameter: Parameter): Figure {
  const { metric, trials } = evidence;
  const groups = groupByValue(parameter, trials);
  return {
    name: `choice-${fileName(parameter.name)}`,
    title: `${capitalized(metric.name)} by ${parameter.label}`,
    caption: `Each sign is a trial; the tall tick is the median of the completed ones.`,
    legend: (palette) =>
      outcomeLegend(
        groups.flatMap((group) => group.trials),
        palette.accent,
      ),
    plot: (frame) => plotRows(evidence, groups, frame),
  };
}

function plotRows(
  evidence: Evidence,
  groups: readonly ValueGroup<MeasuredTrial>[],
  frame: Frame,
): PlotOptions {
  const { palette } = frame;
  const axis = metricAxis(
    evidence,
    evidence.trials.map(({ metric }) => metric),
  );
  const middles = groups.flatMap(({ trials }, index) => {
    const values = completedMetrics(trials);
    return values.length === 0 ? [] : [{ index, x: axis.place(median(values)) }];
  });
  const longest = Math.max(...groups.map(({ label }) => [...label].length), 1);
  const most = Math.min(longest, 16);
  return {
    height: groups.length * rowHeight + 50,
    marginLeft: Math.max(40, most * 7 + 12),
    marginRight: 14,
    marginTop: 4,
    marginBottom: 42,
    x: { type: axis.type, domain: axis.domain },
    y: { type: 'linear', axis: null, domain: [groups.length - 0.5, -0.5] },
    marks: [
      ruleY(groups.keys(), { stroke: palette.grid }),
      ...bottomAxis(frame, { ticks: axis.ticks(7), format: axis.format, label: axis.label }),
      text(groups, {
        y: (_: unknown, index: number) => index,
        frameAnchor: 'left',
        dx: -10,
        textAnchor: 'end',
        text: ({ label }: ValueGroup<MeasuredTrial>) => shorten(label, most),
        fill: palette.ink,
      }),
      link(middles, {
        x: 'x',
        y1: ({ index }: { readonly index: number }) => index - 0.34,
        y2: ({ index }: { readonly index: number }) => index + 0.34,
        stroke: palette.ink,
        strokeWidth: 2,
      }),
      ...trialDots(
        evidence,
        groups.flatMap(({ trials }, index) =>
          trials.map((trial) => ({ trial, x: axis.place(trial.metric), y: index, color: palette.accent })),
        ),
        4,
      ),
    ],
  };
}

/** The metrics of the trials that were completed. */
export function completedMetrics(trials: readonly MeasuredTrial[]): readonly number[] {
  return trials
    .filter(({ outcome, metric }) => outcome === 'completed' && metric !== null)
    .map(({ metric }) => metric!);
}

function fileName(name: string): string {
  const plain = name
    .replace(/([a-z\d])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[^a-z\d]+/g, '-')
    .replace(/^-|-$/g, '');
  return plain === '' ? 'parameter' : plain.slice(0, 40);
}
