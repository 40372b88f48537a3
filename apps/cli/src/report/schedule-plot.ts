import { line, type PlotOptions } from '@observablehq/plot';
import { drawStandalone, type Figure, type Frame } from './drawing.ts';
import { endLabels, endMargin } from './figures/end-labels.ts';
import { bottomAxis, leftAxis, margins } from './figures/plot-axes.ts';
import { shorten } from './markup.ts';
import { padded, paddedLog } from './metric-axis.ts';
import { formatShort } from './number-format.ts';
import { lightPalette, seriesColor } from './palette.ts';
import { linearTicks, logTicks } from './ticks.ts';

/** A schedule's value at each step, from step 0 on. */
export interface ScheduleSeries {
  readonly name: string;
  readonly values: readonly number[];
}

/** Schedules side by side as an SVG document: the learning rate, or its factor, at each step. */
export function schedulePlot(
  schedules: readonly ScheduleSeries[],
  {
    title = 'Learning rate by step',
    label = 'learning rate',
  }: { readonly title?: string; readonly label?: string } = {},
): string {
  const figure: Figure = {
    name: 'schedules',
    title,
    caption: `The ${label} of ${schedules.map(({ name }) => name).join(', ')}.`,
    legend: () => [],
    plot: (frame) => plotSchedules(schedules, label, frame),
  };
  return drawStandalone(figure, { width: 720, isCompact: false, palette: lightPalette });
}

function plotSchedules(schedules: readonly ScheduleSeries[], label: string, frame: Frame): PlotOptions {
  const { palette } = frame;
  const numbers = schedules.flatMap(({ values }) => values).filter(Number.isFinite);
  const low = numbers.length === 0 ? 0 : numbers.reduce((a, b) => Math.min(a, b));
  const high = numbers.length === 0 ? 1 : numbers.reduce((a, b) => Math.max(a, b));
  const isLog = low > 0 && high / low > 1000;
  const domain = isLog ? paddedLog(low, high) : padded(low, high);
  const steps = Math.max(...schedules.map(({ values }) => values.length - 1), 1);
  const left = {
    ticks: (isLog ? logTicks : linearTicks)(...domain, 6),
    format: formatShort,
    label,
  };
  const edges = margins(left, endMargin(schedules.map(({ name }) => shorten(name, 14))));
  const height = 340;
  const points = ({ values }: ScheduleSeries): object[] => thinned(values).map((x) => ({ x, y: values[x]! }));
  const color = (index: number): string => seriesColor(palette, index);
  return {
    ...edges,
    height,
    x: { domain: [0, steps] },
    y: { type: isLog ? 'log' : 'linear', domain },
    marks: [
      ...leftAxis(frame, left),
      ...bottomAxis(frame, {
        ticks: linearTicks(0, steps, 6).filter(Number.isInteger),
        format: formatShort,
        label: 'step',
      }),
      ...schedules.map((schedule, index) =>
        line(points(schedule), { x: 'x', y: 'y', stroke: color(index), strokeWidth: 2 }),
      ),
      ...endLabels(
        schedules.flatMap(({ name, values }, index) => {
          const last = values.findLast(Number.isFinite);
          return last === undefined
            ? []
            : [{ text: shorten(name, 14), color: color(index), x: values.length - 1, y: last }];
        }),
        steps,
        { type: isLog ? 'log' : 'linear', domain, pixels: height - edges.marginTop - edges.marginBottom },
        palette,
      ),
    ],
  };
}

/** Steps worth a point: at most some 700, and both sides of every jump. */
function thinned(values: readonly number[]): readonly number[] {
  const every = Math.ceil(values.length / 350);
  const jumps = (index: number): boolean => {
    const [before = NaN, after = NaN] = values.slice(Math.max(index, 0), index + 2);
    return Math.abs(after - before) > 0.05 * Math.max(Math.abs(before), Math.abs(after));
  };
  return [...values.keys()].filter(
    (index) => index % every === 0 || index === values.length - 1 || jumps(index) || jumps(index - 1),
  );
}
