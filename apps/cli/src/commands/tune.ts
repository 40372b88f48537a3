import { availableParallelism } from 'node:os';
import ansis from 'ansis';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { currentEnvironment, environmentChanges } from '@nadir/train';
import { parseDuration } from '@nadir/tune';
import { jsonLinesStorage } from '@nadir/tune/node';
import { UsageError } from '../cli-error.ts';
import { executorOf, threadsOf, type ExecutionFlags } from '../execution.ts';
import { budgetOf, objectiveOf, type Experiment, type ExperimentData } from '../experiment.ts';
import { findingsOf } from '../findings.ts';
import { Interruption } from '../interruption.ts';
import { loadExperiment } from '../load-experiment.ts';
import { recordName, reportName, studyRecord, trainCommand, writeReport } from '../report-file.ts';
import type { StudyRecord } from '../report/study-record.ts';
import { createRunFolder, openRunFolder, type RunFolder, type TuneHeader } from '../run-folder.ts';
import {
  planSearch,
  prunerNames,
  samplerNames,
  samplerOf,
  type PrunerName,
  type SamplerName,
  type SearchPlan,
} from '../search-plan.ts';
import { Search, trialLag, type SearchEvent } from '../search.ts';
import { findingsText } from '../terminal/findings-text.ts';
import { count, duration, executionText, metricText, plural } from '../terminal/format.ts';
import { SearchBoard } from '../terminal/search-board.ts';
import { WorkerPool } from '../worker-pool.ts';
import { addExecutionFlags, numbers } from './options.ts';
import { createOutput, tellWarnings, type Output } from './output.ts';
import { requireSameExperiment } from './resume.ts';

/** The flags of `nadir tune` and `nadir start`. */
export interface TuneFlags extends ExecutionFlags {
  readonly trials?: number;
  readonly timeout?: number;
  readonly sampler?: SamplerName;
  readonly pruner?: PrunerName;
  readonly trialEpochs?: number;
  readonly finalists?: number;
  readonly seeds?: number;
  /** Epochs of the winner's training; 0, the default, trains none. */
  readonly winnerEpochs?: number;
  readonly workers?: number;
  readonly seed?: number;
  readonly out?: string;
  readonly resume?: string;
  readonly json?: boolean;
}

const studyName = 'study.jsonl';
const modelName = 'winner.safetensors';

function seconds(text: string): number {
  try {
    return parseDuration(/^\d+(\.\d+)?$/.test(text) ? Number(text) : text);
  } catch {
    throw new InvalidArgumentError('It must be a duration, as 120s, 2m or 1.5h.');
  }
}

function workerCount(text: string): number {
  const value = numbers.count(text);
  if (value > trialLag) throw new InvalidArgumentError(`At most ${trialLag} runs go at a time.`);
  return value;
}

/** Adds the flags that `nadir tune` and `nadir start` share. */
export function addSearchFlags(command: Command): Command {
  return addExecutionFlags(command, 'the cores shared out among the runs')
    .option('--trials <count>', 'combinations to try', numbers.count)
    .option('--timeout <duration>', 'start no trial after this long, as 120s or 2m', seconds)
    .option('--workers <count>', `runs at a time, 1 to ${trialLag} (default: one a core)`, workerCount)
    .option('--seed <number>', 'of the search, the split and all runs (default: 1)', numbers.seed)
    .option('--out <folder>', 'where to keep everything (default: ./nadir-runs/<experiment>-tune-<time>)')
    .option('--resume <folder>', 'go on with an earlier search')
    .option('--json', 'one JSON object a line');
}

/** Adds `nadir tune`. */
export function addTuneCommand(program: Command, setExitCode: (code: number) => void): void {
  const command = program
    .command('tune')
    .summary('search for the best combination')
    .description(
      'Searches the space of an experiment: trains many combinations for a little, drops the hopeless ones early,\n' +
        'trains the best again with fresh seeds, and says what each choice cost.',
    )
    .argument('[experiment]', 'a built-in experiment (mnist), or the path of an experiment file');
  addSearchFlags(command)
    .addOption(new Option('--sampler <name>', 'who proposes combinations').choices([...samplerNames]))
    .addOption(new Option('--pruner <name>', 'who ends hopeless trials').choices([...prunerNames]))
    .option('--trial-epochs <count>', 'length of a trial; may be a fraction', numbers.positive)
    .option('--finalists <count>', 'combinations to train again', numbers.count)
    .option('--seeds <count>', 'fresh seeds for each of them', numbers.count)
    .option('--winner-epochs <count>', 'then train the winner and read the test data, once', numbers.count)
    .addHelpText(
      'after',
      `
Examples:
  $ nadir tune mnist --trials 20 --timeout 120s
  $ nadir tune ./my-experiment.ts --sampler grid --pruner none --out runs/grid
  $ nadir tune mnist --trials 40 --winner-epochs 10
  $ nadir tune --resume runs/grid --trials 60

Only validation data guide the search. Ctrl-C stops it and keeps what is done.
The same seed gives the same study, whatever the number of workers, unless --timeout cuts it short.`,
    )
    .action(async (reference: string | undefined, flags: TuneFlags) => {
      setExitCode(await tune(reference, flags, createOutput(flags.json ?? false)));
    });
}

interface Opened {
  readonly folder: RunFolder;
  readonly header: TuneHeader;
  readonly experiment: Experiment;
  readonly data: ExperimentData<unknown>;
  /** What the folder said when an earlier search is resumed. */
  readonly before?: TuneHeader;
  /** What people should know before it begins. */
  readonly warnings: readonly string[];
}

async function openResumed(reference: string | undefined, flags: TuneFlags, path: string): Promise<Opened> {
  const { folder, header: stored } = await openRunFolder(path, 'tune');
  for (const name of ['seed', 'sampler', 'pruner', 'out', 'trialEpochs'] as const) {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (flags[name] !== undefined) {
      throw new UsageError(
        `--resume goes on as the search began; it takes no ${flag}. Leave it out, or start a new search.`,
      );
    }
  }
  // The file may have moved since.
  const loaded = await loadExperiment(reference ?? stored.reference);
  const { experiment } = loaded;
  requireSameExperiment(experiment, stored, folder);
  const { timeout: _timeout, ...rest } = stored.plan;
  const executor = executorOf(flags.executor ?? stored.executor).name;
  const changes = environmentChanges(stored.environment, currentEnvironment(executor));
  const header: TuneHeader = {
    ...stored,
    executor,
    reference: loaded.reference,
    plan: {
      ...rest,
      trials: flags.trials ?? rest.trials,
      finalists: flags.finalists ?? rest.finalists,
      seeds: flags.seeds ?? rest.seeds,
      winnerEpochs: flags.winnerEpochs ?? rest.winnerEpochs,
      ...(flags.timeout === undefined ? {} : { timeout: flags.timeout }),
    },
  };
  const data = await experiment.data({ seed: header.dataSeed });
  checkPlan(header, experiment, data);
  const warnings = changes.map(
    (change) => `${change} The last bits may differ from an uninterrupted search.`,
  );
  return { folder, header, experiment, data, before: stored, warnings };
}

async function openNew(reference: string | undefined, flags: TuneFlags): Promise<Opened> {
  if (reference === undefined) {
    throw new UsageError('Name an experiment, as in nadir tune mnist, or give --resume <folder>.');
  }
  const loaded = await loadExperiment(reference);
  const { experiment } = loaded;
  const seed = flags.seed ?? 1;
  const data = await experiment.data({ seed });
  const executor = executorOf(flags.executor);
  const header: TuneHeader = {
    format: 'nadir-run-1',
    kind: 'tune',
    reference: loaded.reference,
    experiment: experiment.name,
    dataSeed: seed,
    createdAt: new Date().toISOString(),
    command: ['nadir', ...process.argv.slice(2)].join(' '),
    executor: executor.name,
    environment: currentEnvironment(executor.name),
    plan: planSearch(experiment, data.train.size, { ...flags, seed }),
  };
  checkPlan(header, experiment, data);
  const folder = await createRunFolder(header, flags.out);
  return { folder, header, experiment, data, warnings: executor.notice === null ? [] : [executor.notice] };
}

/** Throws a UsageError for a plan that cannot be carried out, before anything is written. */
function checkPlan({ plan }: TuneHeader, experiment: Experiment, data: ExperimentData<unknown>): void {
  objectiveOf(experiment);
  samplerOf(plan, experiment.space);
  if (plan.winnerEpochs > 0 && data.test === undefined) {
    throw new UsageError(
      `'${experiment.name}' has no test data to measure a winner by. Leave --winner-epochs out.`,
    );
  }
}

/** Once the winner is fixed and the test data are read, the search is over: throws a UsageError for more of it. */
function requireSamePlan(stored: SearchPlan, plan: SearchPlan, folder: RunFolder): void {
  const names = ['trials', 'finalists', 'seeds', 'winnerEpochs'] as const;
  const changed = names.filter((name) => stored[name] !== plan[name]);
  if (changed.length === 0) return;
  throw new UsageError(
    `${folder.shown} has its winner, and the test data were read: ${changed.join(', ')} cannot change any more. Start a new search.`,
  );
}

/** Searches as the flags say; returns the exit code. */
export async function tune(reference: string | undefined, flags: TuneFlags, output: Output): Promise<number> {
  const { screen } = output;
  const opened = await (flags.resume === undefined
    ? openNew(reference, flags)
    : openResumed(reference, flags, flags.resume));
  const { folder, header, experiment, data, before: stored } = opened;
  const { plan } = header;
  const objective = objectiveOf(experiment);
  const workers = Math.min(flags.workers ?? availableParallelism(), trialLag);
  let board: SearchBoard | undefined;
  using interruption = new Interruption(() => screen.print(ansis.dim('Stopping …')));
  const storage = jsonLinesStorage(folder.file(studyName));
  const { reference: path, dataSeed, executor } = header;
  const threads = threadsOf(flags, workers);
  // The winner is trained alone.
  const pool = new WorkerPool({ reference: path, dataSeed, executor }, ({ final }) =>
    final === undefined ? threads : threadsOf(flags, 1),
  );
  try {
    const search = await Search.open({
      experiment,
      plan,
      storage,
      runner: pool,
      workers,
      resume: stored !== undefined && folder.has(studyName),
      trainSize: data.train.size,
      modelPath: folder.file(modelName),
      signal: interruption.signal,
      onEvent: (event) => {
        board?.take(event);
        tell(output, event);
      },
    });
    const before = search.state;
    if (stored !== undefined) {
      if (before.winner !== null) requireSamePlan(stored.plan, plan, folder);
      await folder.writeJson('run.json', header);
    }
    introduce(output, opened, { workers, threads }, before.trials.length);
    board = new SearchBoard(screen, {
      plan,
      objective,
      workers,
      trainSize: data.train.size,
      trials: before.trials,
    });
    try {
      await search.run();
    } finally {
      board.done();
    }
    const sizes = {
      train: data.train.size,
      validation: data.validation.size,
      test: search.state.winner?.test.items ?? 0,
    };
    const record = studyRecord(experiment, header, search.state, sizes, { workers, threads });
    await writeReport(folder, record);
    screen.print();
    conclude(output, opened, record, interruption);
    return interruption.exitCode;
  } finally {
    pool.close();
    await storage.close();
  }
}

/** The events that machines hear of; progress alone would be too much. */
function tell(output: Output, event: SearchEvent): void {
  if (event.type === 'trial') {
    const { losses: _losses, validation, ...trial } = event.trial;
    output.event('trial', { ...trial, evaluations: validation.length });
  } else if (event.type === 'finalist') output.event('finalist', { trial: event.trial, ...event.run });
  else if (event.type === 'phase') output.event('phase', { phase: event.phase, runs: event.runs });
  else if (event.type === 'evaluation') output.event('evaluation', { ...event.purpose, ...event.point });
  else if (event.type === 'winner') {
    const { losses: _losses, validation: _validation, ...winner } = event.winner;
    output.event('winner', winner);
  }
}

function introduce(
  output: Output,
  { folder, header, experiment, data, warnings }: Opened,
  { workers, threads }: { readonly workers: number; readonly threads: number },
  done: number,
): void {
  const { plan, executor } = header;
  const { screen } = output;
  screen.print(
    `${ansis.bold(`nadir tune ${experiment.name}`)}${ansis.dim(`  ${plan.trials} trials · sampler ${plan.sampler} · pruner ${plan.pruner} · seed ${plan.seed}`)}`,
  );
  screen.print(
    ansis.dim(
      `${count(data.train.size)} items to learn from, ${count(data.validation.size)} to choose by; a trial sees ${count(plan.trialItems)}`,
    ),
  );
  screen.print(
    ansis.dim(
      `${workers} at a time on ${executionText(executor, threads, ' each')}, kept in ${folder.shown}`,
    ),
  );
  tellWarnings(screen, warnings);
  if (done > 0) screen.print(ansis.dim(`Going on after ${plural(done, 'trial')}.`));
  screen.print();
  output.event('start', {
    experiment: experiment.name,
    folder: folder.path,
    workers,
    executor,
    threads,
    warnings,
    done,
    plan,
  });
}

function conclude(
  output: Output,
  { folder, header, experiment }: Opened,
  record: StudyRecord,
  interruption: Interruption,
): void {
  const { screen } = output;
  const { metric, winner } = record;
  const findings = findingsOf(record);
  const interrupted = interruption.exitCode !== 0;
  if (interrupted) {
    const done = record.trials.length;
    screen.print(
      `Stopped after ${plural(done, 'trial')} in ${duration(record.seconds)}. What is done is kept in ${folder.shown}.`,
    );
    screen.print(`Go on with: ${ansis.bold(`nadir tune --resume ${folder.shown}`)}`);
  } else {
    for (const line of findingsText(record, findings, screen.width)) screen.print(line);
    screen.print();
    if (winner !== null) {
      screen.print(
        `${ansis.green('✓')} Trained for ${plural(winner.epochs, 'epoch')}, its test ${metric.name} is ${ansis.bold(metricText(metric.name, winner.test.metric))}` +
          ` on ${count(winner.test.items)} items, read once.`,
      );
      screen.print(`  model   ${folder.shownFile(modelName)}`);
    }
    screen.print(`  report  ${ansis.bold(folder.shownFile(reportName))}`);
    screen.print(`  data    ${folder.shownFile(recordName)}`);
    const best = winner ?? findings.certainty.ranking[0]?.finalist;
    if (best !== undefined) {
      const run = {
        choices: best.choices,
        epochs: winner?.epochs ?? budgetOf(experiment).epochs,
        seed: record.seed,
      };
      screen.print(`  again   ${trainCommand(header, run)}`);
    }
    screen.print(ansis.dim(`  ${duration(record.seconds)} in all`));
  }
  const first = findings.certainty.ranking[0];
  output.event('end', {
    reason: interrupted ? 'interrupted' : 'completed',
    folder: folder.path,
    trials: record.trials.length,
    seconds: record.seconds,
    best:
      first === undefined
        ? null
        : {
            trial: first.finalist.trial,
            choices: first.finalist.choices,
            median: first.median,
            spread: first.spread,
          },
    test: winner?.test ?? null,
    report: folder.file(reportName),
    record: folder.file(recordName),
  });
}
