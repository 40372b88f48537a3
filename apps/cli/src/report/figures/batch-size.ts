import { dot, line, link, type PlotOptions } from '@observablehq/plot';
import { median } from '../../statistics.ts';
import type { Figure, Frame } from '../drawing.ts';
import { parameterOf, type Evidence, type MeasuredTrial } from '../evidence.ts';
import { paddedLog } from '../metric-axis.ts';
import { formatSeconds, formatShort } from '../number-format.ts';
import type { Parameter } from '../parameter.ts';
import { logTicks } from '../ticks.ts';
import { bottomAxis, leftAxis, margins } from './plot-axes.ts';
import { outcomeLegend, trialColors, trialDots, trialTitle } from './trial-marks.ts';

/** Batch size against the seconds that trials took to reach a fixed level of the metric. */
export function batchSize(evidence: Evidence): Figure | null {
  const { threshold, metric, trials } = evidence;
  const parameter = parameterOf(evidence, 'batchSize');
  if (threshold === null || parameter === null || !parameter.isLogarithmic || parameter.values.length < 2)
    return null;
  const drawn = trials.filter(({ choices }) => choices[parameter.name] !== undefined);
  const reached = drawn.filter(
    ({ secondsToThreshold }) => secondsToThreshold !== null && secondsToThreshold > 0,
  );
  if (reached.length === 0) return null;
  const optimizer = parameterOf(evidence, 'optimizer');
  const missed = drawn.length - reached.length;
  const level = metric.formatLevel(threshold.value);
  const fastest = mediansOf(parameter, reached).toSorted((a, b) => a.seconds - b.seconds)[0]!;
  return {
    name: 'batch-size',
    title: `Batch size against time to ${metric.isPercent ? `${level} ${metric.name}` : `${metric.name} ${level}`}`,
    caption:
      `Training seconds until an evaluation first saw ${metric.name} ${level}, which ${threshold.reached} of ${threshold.completed} completed trials reached. ` +
      `The lowest median is that of batches of ${formatShort(fastest.size)}: ${formatSeconds(fastest.seconds)}.` +
      (missed === 0
        ? ''
        : ` The ${missed === 1 ? 'trial' : `${missed} trials`} at the top edge never got there.`),
    legend: (palette) => [
      ...trialColors(optimizer, trials, palette).legend,
      ...outcomeLegend(reached, palette.muted),
      { label: 'median', color: palette.ink, sign: 'line' },
      ...(missed === 0 ? [] : [{ label: 'not reached', color: palette.muted, sign: 'triangle' as const }]),
    ],
    plot: (frame) => plotSizes(evidence, parameter, drawn, reached, frame),
  };
}

interface SizeMedian {
  readonly size: number;
  readonly seconds: number;
}

function mediansOf({ name, values }: Parameter, reached: readonly MeasuredTrial[]): readonly SizeMedian[] {
  return (values as readonly number[]).flatMap((size) => {
    const seconds = reached
      .filter(({ choices }) => choices[name] === size)
      .map((trial) => trial.secondsToThreshold!);
    return seconds.length === 0 ? [] : [{ size, seconds: median(seconds) }];
  });
}

function plotSizes(
  evidence: Evidence,
  parameter: Parameter,
  drawn: readonly MeasuredTrial[],
  reached: readonly MeasuredTrial[],
  frame: Frame,
): PlotOptions {
  const { palette, isCompact } = frame;
  const sizes = parameter.values as readonly number[];
  const seconds = reached.map((trial) => trial.secondsToThreshold!);
  const [low, high] = paddedLog(Math.min(...seconds), Math.max(...seconds));
  const missed = drawn.filter((trial) => !reached.includes(trial));
  const top = missed.length === 0 ? high : high * (high / low) ** 0.12;
  const ratio = sizes.at(-1)! / sizes[0]!;
  const edge = ratio ** 0.09;
  const domain = [sizes[0]! / edge, sizes.at(-1)! * edge] as const;
  const tickSizes = sizes.length <= 8 ? sizes : logTicks(...domain, 6);
  const colors = trialColors(parameterOf(evidence, 'optimizer'), evidence.trials, palette);
  const medians = mediansOf(parameter, reached);
  const placed = spreadSizes(parameter, drawn, edge ** 0.5);
  const half = edge ** 0.55;
  const left = {
    ticks: logTicks(low, high, 6),
    format: (value: number) => `${formatShort(value)} s`,
    label: `time to ${evidence.metric.formatLevel(evidence.threshold!.value)}`,
  };
  return {
    ...margins(left),
    height: isCompact ? 300 : 340,
    x: { type: 'log', base: 2, domain },
    y: { type: 'log', domain: [low, top] },
    marks: [
      ...leftAxis(frame, left),
      ...bottomAxis(frame, {
        ticks: tickSizes,
        format: formatShort,
        label: `${parameter.label} (logarithmic)`,
      }),
      line(medians, {
        x: 'size',
        y: 'seconds',
        stroke: palette.faint,
        strokeWidth: 1.25,
        strokeDasharray: '3,3',
      }),
      link(medians, {
        x1: ({ size }: SizeMedian) => size / half,
        x2: ({ size }: SizeMedian) => size * half,
        y: 'seconds',
        stroke: palette.ink,
        strokeWidth: 2.5,
      }),
      ...trialDots(
        evidence,
        reached.map((trial) => ({
          trial,
          x: placed.get(trial.number)!,
          y: trial.secondsToThreshold!,
          color: colors.colorOf(trial),
        })),
      ),
      dot(missed, {
        x: ({ number }: MeasuredTrial) => placed.get(number)!,
        y: () => top,
        dy: 7,
        symbol: 'triangle',
        r: 3.5,
        stroke: (trial: MeasuredTrial) => colors.colorOf(trial),
        title: (trial: MeasuredTrial) => trialTitle(evidence, trial),
      }),
    ],
  };
}

/** Side by side what has the same size, so that no sign hides another. */
function spreadSizes(
  { name, values }: Parameter,
  drawn: readonly MeasuredTrial[],
  reach: number,
): ReadonlyMap<number, number> {
  return new Map(
    (values as readonly number[]).flatMap((size) => {
      const group = drawn.filter(({ choices }) => choices[name] === size);
      return group.map(({ number }, index) => {
        const share = group.length === 1 ? 0 : (2 * index) / (group.length - 1) - 1;
        return [number, size * reach ** share] as const;
      });
    }),
  );
}
