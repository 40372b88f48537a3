import type { PlotOptions } from '@observablehq/plot';
import type { Figure, Frame } from '../drawing.ts';
import { bestTrial, parameterOf, type Evidence, type MeasuredTrial } from '../evidence.ts';
import { metricAxis, padded, paddedLog } from '../metric-axis.ts';
import { capitalized, listOf } from '../number-format.ts';
import { groupByValue, type Parameter } from '../parameter.ts';
import { linearTicks, logTicks } from '../ticks.ts';
import { bottomAxis, leftAxis, margins } from './plot-axes.ts';
import { outcomeLegend, trialColors, trialDots } from './trial-marks.ts';

/** The metric against the learning rate, or else against the first number that was searched. */
export function learningRate(evidence: Evidence): Figure | null {
  const { metric, parameters, trials } = evidence;
  const rate = parameterOf(evidence, 'learningRate');
  const parameter =
    rate?.isNumeric === true ? rate : parameters.find((one) => one.isNumeric && one.role !== 'batchSize');
  if (parameter === undefined || parameter.values.length < 2) return null;
  const drawn = trials.filter(({ choices }) => choices[parameter.name] !== undefined);
  const optimizer = parameterOf(evidence, 'optimizer');
  return {
    name: parameter.role === 'learningRate' ? 'learning-rate' : 'first-parameter',
    title: `${capitalized(metric.name)} against ${parameter.label}`,
    caption: `${bestByGroup(evidence, parameter, optimizer, drawn)} Each sign is a trial${optimizer === null ? '' : `, coloured by ${optimizer.label}`}.`,
    legend: (palette) => [
      ...trialColors(optimizer, trials, palette).legend,
      ...outcomeLegend(drawn, palette.muted),
    ],
    plot: (frame) => plotRates(evidence, parameter, optimizer, drawn, frame),
  };
}

function bestByGroup(
  { metric }: Evidence,
  parameter: Parameter,
  optimizer: Parameter | null,
  drawn: readonly MeasuredTrial[],
): string {
  const groups = optimizer === null ? [{ label: '', trials: drawn }] : groupByValue(optimizer, drawn);
  const parts = groups.flatMap(({ label, trials }) => {
    const best = bestTrial(trials, metric);
    if (best === null) return [];
    return [
      `${label === '' ? '' : `${label} at `}${parameter.format(best.choices[parameter.name]!)} (${metric.format(best.metric)})`,
    ];
  });
  return parts.length === 0 ? 'No trial has a value.' : `Best: ${listOf(parts)}.`;
}

function plotRates(
  evidence: Evidence,
  parameter: Parameter,
  optimizer: Parameter | null,
  drawn: readonly MeasuredTrial[],
  frame: Frame,
): PlotOptions {
  const { isCompact, palette } = frame;
  const axis = metricAxis(
    evidence,
    drawn.map(({ metric }) => metric),
  );
  const numbers = parameter.values as readonly number[];
  const isLog = parameter.isLogarithmic;
  const domain = (isLog ? paddedLog : padded)(numbers[0]!, numbers.at(-1)!);
  const colors = trialColors(optimizer, evidence.trials, palette);
  const left = { ticks: axis.ticks(8), format: axis.format, label: axis.label };
  return {
    ...margins(left),
    height: isCompact ? 300 : 340,
    x: { type: isLog ? 'log' : 'linear', domain },
    y: { type: axis.type, domain: axis.domain },
    marks: [
      ...leftAxis(frame, left),
      ...bottomAxis(frame, {
        ticks: (isLog ? logTicks : linearTicks)(...domain, isCompact ? 4 : 6),
        format: parameter.format,
        label: isLog ? `${parameter.label} (logarithmic)` : parameter.label,
      }),
      ...trialDots(
        evidence,
        drawn.map((trial) => ({
          trial,
          x: trial.choices[parameter.name] as number,
          y: axis.place(trial.metric),
          color: colors.colorOf(trial),
        })),
      ),
    ],
  };
}
