import { drawFigure, type Figure } from '../drawing.ts';
import type { Evidence } from '../evidence.ts';
import { figuresOf } from '../figures.ts';
import { markup, type Markup } from '../markup.ts';
import { pagePalette } from '../palette.ts';

/** The width of a phone's page, less its margins. */
const phoneWidth = 350;

/** All plots. */
export function plots(evidence: Evidence): Markup | null {
  const figures = figuresOf(evidence);
  if (figures.length === 0) return null;
  return markup`<section id="plots" aria-labelledby="plots-title">
    <h2 id="plots-title">Plots</h2>
    <div class="plots">${figures.map((figure) => figureMarkup(figure, { wide: 544, titled: true }))}</div>
  </section>`;
}

/** A figure drawn twice, for wide and for narrow pages; the style sheet shows one of them. */
export function figureMarkup(
  figure: Figure,
  { wide, titled }: { readonly wide: number; readonly titled: boolean },
): Markup {
  const drawn = [
    drawFigure(figure, { width: wide, isCompact: false, palette: pagePalette }, 'wide'),
    drawFigure(figure, { width: phoneWidth, isCompact: true, palette: pagePalette }, 'narrow'),
  ];
  if (!titled) return markup`<figure>${drawn}</figure>`;
  return markup`<figure>
    <figcaption>
      <h3>${figure.title}</h3>
      <p>${figure.caption}</p>
    </figcaption>
    ${drawn}
  </figure>`;
}
