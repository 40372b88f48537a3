import { describe, expect, it } from 'vitest';
import { darkPalette, lightPalette } from '../../src/report/palette.ts';

/** The contrast of two colours by WCAG 2.2. */
function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].toSorted((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe.each([
  ['light', lightPalette],
  ['dark', darkPalette],
])('the %s palette', (_, palette) => {
  it('can be read: at least 4.5 to 1 for everything that is written', () => {
    for (const color of [palette.ink, palette.muted, palette.accent, ...palette.series]) {
      expect(contrast(color, palette.background), color).toBeGreaterThan(4.5);
      expect(contrast(color, palette.panel), color).toBeGreaterThan(4.2);
    }
  });
});
