import { StudyError, show } from '../errors.ts';
import type { Direction } from '../frozen-trial.ts';
import { requireAtLeast } from './option-checks.ts';
import { bestReport } from './percentile-pruner.ts';
import type { Pruner } from './pruner.ts';

/** Options of {@link patientPruner}. */
export interface PatientPrunerOptions {
  /** How many reports in a row may bring no improvement. */
  readonly patience: number;
  /** What counts as no improvement although it is one. Default 0. */
  readonly minDelta?: number | undefined;
}

/**
 * Lets another pruner decide only about a trial that has stopped improving: whose last `patience + 1` reports are all
 * worse than the best one before. With null in place of the other pruner, such a trial is pruned. NaN reports are left
 * out. Semantics of Optuna's PatientPruner. Throws {@link StudyError} if an option is out of range.
 *
 * @example
 * ```ts
 * import { createStudy, patientPruner } from '@nadir/tune';
 *
 * const study = await createStudy({ pruner: patientPruner(null, { patience: 1 }) });
 * const trial = await study.ask();
 * for (const [step, loss] of [3, 1, 2, 2].entries()) trial.report(loss, step);
 * trial.shouldPrune(); // => true
 * ```
 */
export function patientPruner(
  pruner: Pruner | null,
  { patience, minDelta = 0 }: PatientPrunerOptions,
): Pruner {
  requireAtLeast('patientPruner()', 'patience', patience, 0);
  if (!(minDelta >= 0)) {
    throw new StudyError(`patientPruner(): minDelta is a number >= 0, got ${show(minDelta)}.`);
  }
  return {
    name: pruner === null ? 'patient' : `patient ${pruner.name}`,
    shouldPrune: (context) => {
      const { direction, trial } = context;
      const reports = Object.entries(trial.intermediateValues).toSorted(([a], [b]) => Number(a) - Number(b));
      const before = bestOf(reports.slice(0, -patience - 1), direction);
      const after = bestOf(reports.slice(-patience - 1), direction);
      if (before === undefined || after === undefined) return false;
      const isWorse = direction === 'maximize' ? before - minDelta > after : before + minDelta < after;
      return isWorse && (pruner === null || pruner.shouldPrune(context));
    },
  };
}

function bestOf(reports: readonly (readonly [string, number])[], direction: Direction): number | undefined {
  return bestReport(Object.fromEntries(reports), direction);
}
