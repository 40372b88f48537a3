/** The colours of a drawing: literal ones, or references to the custom properties of a page. */
export interface Palette {
  readonly background: string;
  readonly panel: string;
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  readonly faint: string;
  readonly accent: string;
  /** Told apart with every kind of colour vision, four at a time, and dark enough to write in. */
  readonly series: readonly string[];
}

export const lightPalette: Palette = {
  background: '#fdfdfb',
  panel: '#f4f5f2',
  ink: '#1c2328',
  muted: '#57626b',
  grid: '#e1e5e6',
  faint: '#aeb8be',
  accent: '#1f5fa8',
  series: ['#1f6fb8', '#b9520b', '#0a7d68', '#b3327f', '#6a51c0', '#7d6a00', '#b3352b', '#0c7c93'],
};

export const darkPalette: Palette = {
  background: '#14191d',
  panel: '#1c2328',
  ink: '#e7ebed',
  muted: '#a0abb3',
  grid: '#2d363c',
  faint: '#5d6a73',
  accent: '#7db8f2',
  series: ['#62aef0', '#f0995a', '#3fc4a8', '#f083bf', '#ab98f5', '#cdb83f', '#f28a80', '#4fc3dc'],
};

/** Refers to the custom properties that {@link paletteRules} sets, so that a drawing follows the page. */
export const pagePalette: Palette = {
  ...(Object.fromEntries(
    Object.keys(lightPalette).map((name) => [name, `var(--${name})`]),
  ) as unknown as Palette),
  series: lightPalette.series.map((_, index) => `var(--series-${index})`),
};

/** The CSS declarations of a palette. */
export function paletteRules({ series, ...colors }: Palette): string {
  return [
    ...Object.entries(colors).map(([name, color]) => `--${name}: ${color};`),
    ...series.map((color, index) => `--series-${index}: ${color};`),
  ].join(' ');
}

/** The colour of the nth of several series; after the last one, grey for all. */
export function seriesColor(palette: Palette, index: number): string {
  return palette.series[index] ?? palette.muted;
}
