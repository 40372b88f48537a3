import { axisX, axisY, gridY, type Markish } from '@observablehq/plot';
import { textWidth, type Frame } from '../drawing.ts';

/** The values of an axis, and its name. */
export interface AxisOptions {
  readonly ticks: readonly number[];
  readonly format: (value: number) => string;
  readonly label: string;
}

/** A horizontal axis: values under short ticks, its name below at the right. */
export function bottomAxis({ palette }: Frame, { ticks, format, label }: AxisOptions): Markish[] {
  return [
    axisX([...ticks], {
      text: format,
      label,
      labelArrow: 'none',
      labelAnchor: 'right',
      labelOffset: 34,
      tickSize: 4,
      stroke: palette.grid,
      fill: palette.muted,
    }),
  ];
}

/** A vertical axis: hairlines with values at the left, its name above. */
export function leftAxis({ palette }: Frame, { ticks, format, label }: AxisOptions): Markish[] {
  return [
    gridY([...ticks], { stroke: palette.grid, strokeOpacity: 1 }),
    axisY([...ticks], {
      text: format,
      label,
      labelArrow: 'none',
      tickSize: 0,
      tickPadding: 8,
      fill: palette.muted,
    }),
  ];
}

/** The margins that fit both axes. `right` leaves room for labels at the ends of lines. */
export function margins(
  { ticks, format }: AxisOptions,
  right: number = 14,
): { marginLeft: number; marginRight: number; marginTop: number; marginBottom: number } {
  const longest = Math.max(...ticks.map((tick) => textWidth(format(tick))), 24);
  return { marginLeft: Math.ceil(longest * 1.1) + 14, marginRight: right, marginTop: 28, marginBottom: 42 };
}
