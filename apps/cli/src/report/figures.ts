import type { Figure } from './drawing.ts';
import type { Evidence } from './evidence.ts';
import { batchSize } from './figures/batch-size.ts';
import { choiceValues } from './figures/choice-values.ts';
import { finalistSeeds } from './figures/finalist-seeds.ts';
import { history } from './figures/history.ts';
import { learningCurves } from './figures/learning-curves.ts';
import { learningRate } from './figures/learning-rate.ts';
import { lossCurves } from './figures/loss-curves.ts';
import type { Parameter } from './parameter.ts';

/** In the order of the report; each is null where the study has nothing to show in it. */
const figureMakers: readonly ((evidence: Evidence) => Figure | null)[] = [
  lossCurves,
  learningRate,
  batchSize,
  history,
  learningCurves,
  finalistSeeds,
];

/** The plots of a report. */
export function figuresOf(evidence: Evidence): readonly Figure[] {
  return figureMakers.map((make) => make(evidence)).filter((figure) => figure !== null);
}

/** A parameter that the search varied, with the plot of its values. */
export interface ChoiceFigure {
  readonly parameter: Parameter;
  readonly figure: Figure;
}

/** The plots of what each choice cost. */
export function choiceFiguresOf(evidence: Evidence): readonly ChoiceFigure[] {
  return evidence.parameters.map((parameter) => ({ parameter, figure: choiceValues(evidence, parameter) }));
}
