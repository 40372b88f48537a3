import type { Evidence } from './evidence.ts';
import { formatShort, formatShortPercent } from './number-format.ts';
import { quantile } from '../statistics.ts';
import { linearTicks, logTicks, missingTicks } from './ticks.ts';

/** An axis of the metric. Its coordinates need not be the metric's values: see {@link metricAxis}. */
export interface MetricAxis {
  readonly type: 'linear' | 'log';
  /** From the left or the bottom on. */
  readonly domain: readonly [number, number];
  readonly label: string;
  /** Where a value lies, at the worse end where there is none. */
  place(metric: number | null): number;
  ticks(most: number): readonly number[];
  format(coordinate: number): string;
}

/** An axis for values of the study's metric. A share that is maximized lies on a logarithmic axis of what is missing from 100%. */
export function metricAxis(
  { metric, record }: Evidence,
  values: readonly (number | null)[],
  { stretch = true }: { readonly stretch?: boolean } = {},
): MetricAxis {
  const numbers = values.filter((value) => value !== null && Number.isFinite(value)) as number[];
  const label = `validation ${metric.name}`;
  if (metric.isPercent && metric.isMaximized && stretch) {
    // One item less than a validation set can tell: where 100% is drawn.
    const floor = 0.5 / Math.max(record.data.validation, 50);
    const missing = numbers.length === 0 ? [0.1] : numbers.map((value) => Math.max(1 - value, floor));
    const [low, high] = paddedLog(Math.min(...missing), Math.max(...missing));
    const most = Math.min(high, 1);
    return {
      type: 'log',
      domain: [most, low],
      label,
      place: (value) => clamp(value === null ? most : 1 - value, low, most),
      ticks: (count) => missingTicks(low, most, count),
      format: (coordinate) => formatShortPercent(1 - coordinate),
    };
  }
  const isLog = !metric.isMaximized && isWide(numbers);
  const [low, high] = isLog ? logRange(numbers) : padded(...fences(numbers));
  const worst = metric.isMaximized ? low : high;
  return {
    type: isLog ? 'log' : 'linear',
    domain: [low, high],
    label,
    place: (value) => clamp(value ?? worst, low, high),
    ticks: (count) => (isLog ? logTicks : linearTicks)(low, high, count),
    format: metric.isPercent ? formatShortPercent : formatShort,
  };
}

/** Whether values, all above 0, differ by so large a factor that a linear axis would show only the largest. */
function isWide(values: readonly number[]): boolean {
  return values.every((value) => value > 0) && quantile(values, 1) / quantile(values, 0) > 20;
}

function logRange(values: readonly number[]): readonly [number, number] {
  const [low, high] = fences(values.map(Math.log));
  return paddedLog(Math.exp(low), Math.exp(high));
}

/** The range of values, without those that lie so far off that the others would shrink to a line. */
function fences(values: readonly number[]): readonly [number, number] {
  if (values.length === 0) return [0, 1];
  const [low, first, third, high] = [0, 0.25, 0.75, 1].map((share) => quantile(values, share)) as [
    number,
    number,
    number,
    number,
  ];
  const reach = 4 * (third - first);
  if (reach === 0) return [low, high];
  const inside = values.filter((value) => value >= first - reach && value <= third + reach);
  return [Math.min(...inside), Math.max(...inside)];
}

/** A logarithmic range with some air at both ends. */
export function paddedLog(low: number, high: number): readonly [number, number] {
  const air = Math.max((high / low) ** 0.06, 1.08);
  return [low / air, high * air];
}

/** A linear range with some air at both ends. */
export function padded(low: number, high: number): readonly [number, number] {
  const air = 0.06 * (high - low) || Math.abs(low) * 0.05 || 0.5;
  return [low - air, high + air];
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
