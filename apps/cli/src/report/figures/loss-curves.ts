import { line, type PlotOptions } from '@observablehq/plot';
import { quantile } from '../../statistics.ts';
import type { Figure, Frame } from '../drawing.ts';
import { bestTrial, parameterOf, type Evidence, type MeasuredTrial } from '../evidence.ts';
import { shorten } from '../markup.ts';
import { paddedLog, padded } from '../metric-axis.ts';
import { formatShort } from '../number-format.ts';
import { groupByValue, type Parameter } from '../parameter.ts';
import { seriesColor, type Palette } from '../palette.ts';
import type { CurvePoint } from '../study-record.ts';
import { linearTicks, logTicks } from '../ticks.ts';
import { endLabels, endMargin } from './end-labels.ts';
import { bottomAxis, leftAxis, margins } from './plot-axes.ts';
import { progressAxis } from './progress-axis.ts';
import { trialTitle } from './trial-marks.ts';

interface Champion {
  readonly label: string;
  readonly trial: MeasuredTrial;
}

/** Training loss of the best trial of each schedule, over those of all other trials. */
export function lossCurves(evidence: Evidence): Figure | null {
  const { trials, metric } = evidence;
  const drawn = trials.filter(({ losses }) => losses.length > 1);
  if (drawn.length === 0) return null;
  const parameter =
    parameterOf(evidence, 'schedule') ?? evidence.parameters.find((one) => !one.isNumeric) ?? null;
  const champions = championsOf(evidence, drawn, parameter);
  const title = parameter === null ? 'Loss curves' : `Loss curves by ${parameter.label}`;
  const best = champions
    .map(({ label, trial }) => `${label} (trial ${trial.number}, ${metric.format(trial.metric)})`)
    .join(', ');
  return {
    name: 'loss-curves',
    title,
    caption:
      `Training loss, smoothed. ` +
      (parameter === null
        ? `In colour, the best trials: `
        : `In colour, the best trial of each ${parameter.label}: `) +
      `${best}. In grey, all other trials.`,
    legend: (palette) => [
      ...champions.map(({ label }, index) => ({
        label,
        color: championColor(palette, index),
        sign: 'line' as const,
      })),
      ...(drawn.length > champions.length
        ? [{ label: 'other trials', color: palette.faint, sign: 'line' as const }]
        : []),
    ],
    plot: (frame) => plotLosses(evidence, drawn, champions, frame),
  };
}

// The second half of the palette: the first half is for optimizers.
const championColor = (palette: Palette, index: number): string =>
  seriesColor(palette, index < 8 ? (index + 4) % 8 : index);

function championsOf(
  { metric }: Evidence,
  drawn: readonly MeasuredTrial[],
  parameter: Parameter | null,
): readonly Champion[] {
  const groups = parameter === null ? [{ label: 'best', trials: drawn }] : groupByValue(parameter, drawn);
  return groups
    .map(({ label, trials }) => ({ label, trial: bestTrial(trials, metric) ?? trials[0]! }))
    .slice(0, 8);
}

function plotLosses(
  evidence: Evidence,
  drawn: readonly MeasuredTrial[],
  champions: readonly Champion[],
  frame: Frame,
): PlotOptions {
  const { palette, isCompact } = frame;
  const progress = progressAxis(evidence, Math.max(...drawn.map(({ losses }) => losses.at(-1)!.examples)));
  const smooth = new Map(drawn.map((trial) => [trial.number, smoothed(trial.losses)]));
  const leading = champions.flatMap(({ trial }) => smooth.get(trial.number)!.map(({ value }) => value));
  const isLog = [...smooth.values()].every((points) => points.every(({ value }) => value > 0));
  // Curves that leave the range of the best ones go out of the picture.
  const domain = isLog
    ? paddedLog(Math.min(...leading), Math.max(quantile(leading, 1), 1e-12))
    : padded(Math.min(...leading), Math.max(...leading));
  const points = (trial: MeasuredTrial): object[] =>
    smooth.get(trial.number)!.map(({ examples, value }) => ({
      x: progress.place(examples),
      y: value >= domain[0] && value <= domain[1] ? value : NaN,
      trial: trial.number,
    }));
  const leaders = new Set(champions.map(({ trial }) => trial.number));
  const height = isCompact ? 300 : 340;
  const names = champions.map(({ label }) => shorten(label, 11));
  const left = {
    ticks: (isLog ? logTicks : linearTicks)(...domain, 6),
    format: formatShort,
    label: 'training loss',
  };
  const edges = margins(left, endMargin(names));
  const scale = {
    type: isLog ? 'log' : 'linear',
    domain,
    pixels: height - edges.marginTop - edges.marginBottom,
  } as const;
  return {
    ...edges,
    height,
    x: { domain: progress.domain },
    y: { type: scale.type, domain },
    marks: [
      ...leftAxis(frame, left),
      ...bottomAxis(frame, {
        ticks: progress.ticks(isCompact ? 4 : 6),
        format: progress.format,
        label: progress.label,
      }),
      line(drawn.filter(({ number }) => !leaders.has(number)).flatMap(points), {
        x: 'x',
        y: 'y',
        z: 'trial',
        stroke: palette.faint,
        strokeOpacity: 0.55,
        strokeWidth: 1,
      }),
      ...champions.map(({ trial }, index) =>
        line(points(trial), {
          x: 'x',
          y: 'y',
          stroke: championColor(palette, index),
          strokeWidth: 2,
          title: () => trialTitle(evidence, trial),
        }),
      ),
      ...endLabels(
        champions.map(({ trial }, index) => {
          const last = smooth.get(trial.number)!.at(-1)!;
          return {
            text: names[index]!,
            color: championColor(palette, index),
            x: progress.place(last.examples),
            y: last.value,
          };
        }),
        progress.domain[1],
        scale,
        palette,
      ),
    ],
  };
}

/** The mean over neighbours, of logarithms where all are positive, at no more than 160 places. */
function smoothed(points: readonly CurvePoint[]): readonly Pick<CurvePoint, 'examples' | 'value'>[] {
  const reach = Math.max(1, Math.round(points.length / 40));
  const isPositive = points.every(({ value }) => value > 0);
  const [to, from] = isPositive ? [Math.log, Math.exp] : [(x: number) => x, (x: number) => x];
  const every = Math.max(1, Math.floor(points.length / 160));
  return points.flatMap(({ examples }, index) => {
    if (index % every !== 0 && index !== points.length - 1) return [];
    // As many on either side at the steep beginning, so that it does not bend.
    const near = points.slice(index - Math.min(reach, index), index + Math.min(reach, index) + 1);
    return [{ examples, value: from(near.reduce((sum, { value }) => sum + to(value), 0) / near.length) }];
  });
}
