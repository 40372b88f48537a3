import { link, text, type Markish } from '@observablehq/plot';
import type { Palette } from '../palette.ts';

/** A label at the end of a line. */
export interface EndLabel {
  readonly text: string;
  readonly color: string;
  /** Where the line ends, in coordinates of the scales. */
  readonly x: number;
  readonly y: number;
}

/** A scale of the plot: its domain, from bottom to top, and the pixels that it covers. */
export interface LabelScale {
  readonly type: 'linear' | 'log';
  readonly domain: readonly [number, number];
  readonly pixels: number;
}

const lineHeight = 14;

/** The margin that end labels need. */
export function endMargin(texts: readonly string[]): number {
  return Math.max(...texts.map((text) => [...text].length), 1) * 7.6 + 12;
}

/** Labels to the right of the plot, pushed apart where they would overlap. */
export function endLabels(
  labels: readonly EndLabel[],
  right: number,
  scale: LabelScale,
  palette: Palette,
): Markish[] {
  const spread = spreadOut(
    labels.map(({ y }) => pixelOf(y, scale)),
    scale.pixels,
  );
  const placed = labels.map((label, index) => ({ ...label, at: valueOf(spread[index]!, scale), right }));
  const moved = placed.filter(({ x, right }) => x < right);
  return [
    link(moved, {
      x1: 'x',
      y1: 'y',
      x2: 'right',
      y2: 'at',
      stroke: palette.faint,
      strokeWidth: 0.75,
      strokeDasharray: '2,2',
    }),
    text(placed, {
      x: 'right',
      y: 'at',
      text: 'text',
      fill: 'color',
      textAnchor: 'start',
      dx: 7,
      fontWeight: 600,
    }),
  ];
}

/** Moves positions apart to at least a line's height, as little as needed, within the range. */
export function spreadOut(positions: readonly number[], range: number): readonly number[] {
  const order = positions.map((_, index) => index).toSorted((a, b) => positions[a]! - positions[b]!);
  const placed = [...positions];
  let last = -Infinity;
  for (const index of order) {
    placed[index] = Math.max(placed[index]!, last + lineHeight);
    last = placed[index];
  }
  let next = range + lineHeight / 2;
  for (const index of order.toReversed()) {
    placed[index] = Math.min(placed[index]!, next);
    next = placed[index] - lineHeight;
  }
  return placed;
}

function pixelOf(value: number, { type, domain, pixels }: LabelScale): number {
  const [low, high] = type === 'log' ? domain.map(Math.log) : domain;
  const at = type === 'log' ? Math.log(value) : value;
  return ((at - low!) / (high! - low!)) * pixels;
}

function valueOf(pixel: number, { type, domain, pixels }: LabelScale): number {
  const [low, high] = type === 'log' ? domain.map(Math.log) : domain;
  const at = low! + (pixel / pixels) * (high! - low!);
  return type === 'log' ? Math.exp(at) : at;
}
