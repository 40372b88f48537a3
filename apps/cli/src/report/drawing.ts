import { plot, type PlotOptions } from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { Markup, escapeText, markup, shorten } from './markup.ts';
import type { Palette } from './palette.ts';

/** What a drawing is made for. */
export interface Frame {
  readonly width: number;
  /** Narrow, as on a phone: fewer ticks, labels inside. */
  readonly isCompact: boolean;
  readonly palette: Palette;
}

/** A sign of a drawing and what it stands for. */
export interface LegendEntry {
  readonly label: string;
  readonly color: string;
  readonly sign: 'dot' | 'ring' | 'cross' | 'line' | 'dash' | 'triangle';
}

/** One plot: what it is called, what it shows, and how to draw it in a frame. */
export interface Figure {
  /** Of the file, without its ending. */
  readonly name: string;
  readonly title: string;
  /** What a reader sees in it, in a sentence or two. */
  readonly caption: string;
  legend(palette: Palette): readonly LegendEntry[];
  plot(frame: Frame): PlotOptions;
}

const fontFamily = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const fontSize = 12;
const titleSize = 16;
const padding = 20;

/** Attributes that hold coordinates: a tenth of a pixel is enough. */
const coordinates = new Set([
  'd',
  'transform',
  'points',
  'x',
  'y',
  'x1',
  'x2',
  'y1',
  'y2',
  'cx',
  'cy',
  'r',
  'width',
  'height',
]);

/** Draws a figure to put into a page. */
export function drawFigure(figure: Figure, frame: Frame, className: string): Markup {
  const { body, height } = drawBody(figure, frame);
  return new Markup(
    `<svg class="${className}" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${frame.width} ${height}" ` +
      `width="${frame.width}" height="${height}" role="img" aria-label="${escapeText(`${figure.title}. ${figure.caption}`)}">${body}</svg>`,
  );
}

/** Draws a figure that stands alone: with its title and a background. */
export function drawStandalone(figure: Figure, frame: Frame): string {
  const { palette, width } = frame;
  const { body, height } = drawBody(figure, frame);
  const top = padding + titleSize + 14;
  const outerWidth = width + 2 * padding;
  const outerHeight = height + top + padding;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${outerWidth} ${outerHeight}" width="${outerWidth}" height="${outerHeight}" ` +
    `role="img" aria-label="${escapeText(figure.title)}"><desc>${escapeText(figure.caption)}</desc>` +
    `<rect width="${outerWidth}" height="${outerHeight}" fill="${palette.background}"/>` +
    `<text x="${padding}" y="${padding + titleSize * 0.8}" font-family="${escapeText(fontFamily)}" font-size="${titleSize}" ` +
    `font-weight="600" fill="${palette.ink}">${escapeText(figure.title)}</text>` +
    `<g transform="translate(${padding},${top})">${body}</g></svg>\n`
  );
}

function drawBody(figure: Figure, frame: Frame): { readonly body: string; readonly height: number } {
  const { palette } = frame;
  const legend = drawLegend(figure.legend(palette), frame);
  const options = figure.plot(frame);
  const height = options.height ?? 300;
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const drawn = plot({
    ...options,
    document: document as unknown as Document,
    width: frame.width,
    height,
    style: { color: palette.muted, background: 'none' },
  }) as unknown as Element;
  for (const style of drawn.querySelectorAll('style')) style.remove();
  for (const element of drawn.querySelectorAll('*')) roundCoordinates(element);
  const body =
    `${legend.body}<g transform="translate(0,${legend.height})" font-family="${escapeText(fontFamily)}" font-size="${fontSize}" ` +
    `text-anchor="middle" fill="${palette.muted}" color="${palette.muted}">${drawn.innerHTML}</g>`;
  return { body, height: height + legend.height };
}

function roundCoordinates(element: Element): void {
  for (const { name, value } of element.attributes) {
    if (!coordinates.has(name)) continue;
    element.setAttribute(
      name,
      value.replace(/-?\d+\.\d+(?:e-?\d+)?/g, (number) => String(Number(Number(number).toFixed(1)))),
    );
  }
}

/** A row of signs and labels above a plot, broken where it is too long. */
function drawLegend(
  entries: readonly LegendEntry[],
  { width, palette }: Frame,
): { body: string; height: number } {
  if (entries.length === 0) return { body: '', height: 0 };
  const line = 20;
  let x = 0;
  let y = 0;
  const parts = entries.map((entry) => {
    const label = shorten(entry.label, 36);
    const space = 20 + textWidth(label) + 18;
    if (x > 0 && x + space - 18 > width) {
      x = 0;
      y += line;
    }
    const part = markup`<g transform="translate(${x},${y + 10})"
      >${legendSign(entry)}<text x="20" y="4" fill="${palette.muted}">${label}</text></g
    >`;
    x += space;
    return part.text;
  });
  return {
    body: `<g font-family="${escapeText(fontFamily)}" font-size="${fontSize}">${parts.join('')}</g>`,
    height: y + line + 8,
  };
}

function legendSign({ sign, color }: LegendEntry): Markup {
  switch (sign) {
    case 'dot':
      return markup`<circle cx="7" cy="0" r="4.5" fill="${color}" />`;
    case 'ring':
      return markup`<circle cx="7" cy="0" r="4" fill="none" stroke="${color}" stroke-width="1.5" />`;
    case 'cross':
      return markup`<path d="M3,-4L11,4M3,4L11,-4" fill="none" stroke="${color}" stroke-width="1.5" />`;
    case 'triangle':
      return markup`<path d="M7,-5L12,4L2,4Z" fill="none" stroke="${color}" stroke-width="1.5" />`;
    case 'line':
      return markup`<path d="M0,0L14,0" fill="none" stroke="${color}" stroke-width="2.5" />`;
    case 'dash':
      return markup`<path
        d="M0,0L14,0"
        fill="none"
        stroke="${color}"
        stroke-width="1.5"
        stroke-dasharray="3,2"
      />`;
  }
}

/** About the width of a text in pixels: fonts differ, so rather too much. */
export function textWidth(text: string): number {
  return [...text].length * fontSize * 0.56;
}
