import { UsageError } from '../cli-error.ts';
import type { Experiment } from '../experiment.ts';
import type { RunFolder } from '../run-folder.ts';

/** Throws a UsageError where a run is to be resumed with another experiment. */
export function requireSameExperiment(
  experiment: Experiment,
  header: { readonly experiment: string },
  folder: RunFolder,
): void {
  if (experiment.name === header.experiment) return;
  throw new UsageError(
    `${folder.shown} holds a run of '${header.experiment}', and is to be resumed with '${experiment.name}'. ` +
      'Leave the experiment out to resume, or start a new run.',
  );
}
