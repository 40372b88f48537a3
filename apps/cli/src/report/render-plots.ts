import { drawStandalone, type Frame } from './drawing.ts';
import { evidenceOf } from './evidence.ts';
import { choiceFiguresOf, figuresOf } from './figures.ts';
import { lightPalette } from './palette.ts';
import type { StudyRecord } from './study-record.ts';

/** A plot as a file of its own. */
export interface RenderedPlot {
  /** Of a file, without its ending; no two of a study are the same. */
  readonly name: string;
  readonly title: string;
  /** A whole SVG document on a light background. */
  readonly svg: string;
}

const frame: Frame = { width: 720, isCompact: false, palette: lightPalette };

/** Every plot of a study's report, each as an SVG document that stands alone. */
export function renderPlots(record: StudyRecord): readonly RenderedPlot[] {
  const evidence = evidenceOf(record);
  const figures = [...figuresOf(evidence), ...choiceFiguresOf(evidence).map(({ figure }) => figure)];
  const taken = new Map<string, number>();
  return figures.map((figure) => {
    const count = (taken.get(figure.name) ?? 0) + 1;
    taken.set(figure.name, count);
    const name = count === 1 ? figure.name : `${figure.name}-${count}`;
    return { name, title: figure.title, svg: drawStandalone(figure, frame) };
  });
}
