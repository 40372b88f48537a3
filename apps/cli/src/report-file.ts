import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';
import { objectiveOf, type Experiment } from './experiment.ts';
import type { StudyRecord } from './report/study-record.ts';
import { executorFlag } from './report/train-command.ts';
import type { RunFolder, TuneHeader } from './run-folder.ts';
import type { SearchState } from './search.ts';
import { choicesFlags } from './terminal/format.ts';

/** Names of what a study leaves for people and for other programs. */
export const reportName = 'report.html';
export const recordName = 'study.json';

/** Everything that a report shows, of a search as it stands. */
export function studyRecord(
  experiment: Experiment,
  header: TuneHeader,
  state: SearchState,
  sizes: StudyRecord['data'],
  { workers, threads }: { readonly workers: number; readonly threads: number },
): StudyRecord {
  const { metric, direction, target } = objectiveOf(experiment);
  const winner =
    state.winner === null ? null : { ...state.winner, command: trainCommand(header, state.winner) };
  return {
    experiment: experiment.name,
    metric: { name: metric, direction, ...(target === undefined ? {} : { target }) },
    seed: header.plan.seed,
    createdAt: header.createdAt,
    command: header.command,
    executor: header.executor,
    machine: {
      node: process.versions.node,
      platform: `${platform()} ${arch()}`,
      processor: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      workers,
      threads,
      webassembly: header.environment.features.join(', '),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
    },
    data: sizes,
    seconds: state.seconds,
    trials: state.trials,
    finalists: state.finalists,
    winner,
  };
}

/** The command that trains a combination. */
export function trainCommand(
  { reference, executor }: Pick<TuneHeader, 'reference' | 'executor'>,
  { choices, epochs, seed }: Pick<NonNullable<StudyRecord['winner']>, 'choices' | 'epochs' | 'seed'>,
): string {
  return `nadir train ${reference} ${choicesFlags(choices)} --epochs ${epochs} --seed ${seed}${executorFlag(executor)}`;
}

/** Writes study.json and report.html. */
export async function writeReport(folder: RunFolder, record: StudyRecord): Promise<void> {
  await folder.writeJson(recordName, record);
  // Loaded when it is needed: the plotting library is the slowest part of the command to load.
  const { renderReport } = await import('./report/render-report.ts');
  await folder.writeText(reportName, renderReport(record));
}
