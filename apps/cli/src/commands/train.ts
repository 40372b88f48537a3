import ansis from 'ansis';
import type { Command } from 'commander';
import { setThreads } from '@nadir/compiler';
import {
  earlyStopping,
  type Evaluation,
  type FitResult,
  type StepRecord,
  type TrainerState,
} from '@nadir/train';
import { loadCheckpoint, saveCheckpoint } from '@nadir/train/node';
import { UsageError } from '../cli-error.ts';
import { executorOf, threadsOf, type ExecutionFlags } from '../execution.ts';
import { budgetOf, objectiveOf, type Experiment, type ExperimentData } from '../experiment.ts';
import { Interruption } from '../interruption.ts';
import { loadExperiment } from '../load-experiment.ts';
import { saveModel } from '../model-file.ts';
import type { Choices } from '../report/study-record.ts';
import { createRunFolder, openRunFolder, type RunFolder, type TrainHeader } from '../run-folder.ts';
import { choicesText, count, executionText, metricText, plural } from '../terminal/format.ts';
import { TrainBoard } from '../terminal/train-board.ts';
import { completeChoices, prepareRun, type TrainingRun } from '../training-run.ts';
import { addChoiceFlags, addExecutionFlags, choicesFrom, numbers, type ChoiceFlags } from './options.ts';
import { createOutput, tellWarnings, type Output } from './output.ts';
import { requireSameExperiment } from './resume.ts';

interface TrainFlags extends ChoiceFlags, ExecutionFlags {
  readonly epochs?: number;
  readonly clipNorm?: number;
  readonly patience?: number;
  readonly seed?: number;
  readonly splitSeed?: number;
  readonly out?: string;
  readonly resume?: string;
  readonly test?: boolean;
  readonly json?: boolean;
}

/** Milliseconds between two checkpoints at most, so that many short epochs do not spend their time on the disk. */
const checkpointInterval = 3000;
const checkpointName = 'checkpoint.safetensors';
const modelName = 'model.safetensors';

/** Adds `nadir train`. */
export function addTrainCommand(program: Command, setExitCode: (code: number) => void): void {
  const command = program
    .command('train')
    .summary('train one model')
    .description('Trains one model and keeps its parameters, a checkpoint and the history.')
    .argument('[experiment]', 'a built-in experiment (mnist), or the path of an experiment file');
  addExecutionFlags(addChoiceFlags(command), 'one a core')
    .option('--epochs <count>', 'times to go through the training data', numbers.count)
    .option('--clip-norm <norm>', 'scale gradients to at most this norm', numbers.positive)
    .option(
      '--patience <epochs>',
      'stop after so many epochs without improvement, and keep the best',
      numbers.count,
    )
    .option('--seed <number>', 'of the parameters, the order and the split (default: 1)', numbers.seed)
    .option('--split-seed <number>', 'of the split alone (default: as --seed)', numbers.seed)
    .option('--out <folder>', 'where to keep the run (default: ./nadir-runs/<experiment>-train-<time>)')
    .option('--resume <folder>', 'go on with an earlier run, exactly where it was')
    .option('--test', 'at the end, read the test data too')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  $ nadir train mnist --lr 0.1 --batch-size 64 --optimizer sgd --schedule step --epochs 3 --seed 1
  $ nadir train mnist --optimizer adam --lr 0.002 --schedule cosine --warmup 0.1 --test
  $ nadir train ./my-experiment.ts --set hidden=256 --out runs/wide
  $ nadir train --resume runs/wide

Validation data are looked at after every epoch. Test data stay unread unless --test asks for them.`,
    )
    .action(async (reference: string | undefined, flags: TrainFlags) => {
      setExitCode(await train(reference, flags, createOutput(flags.json ?? false)));
    });
}

/** Throws a UsageError for what a resumed run takes from its folder and not from the command line. */
function rejectWithResume(flags: TrainFlags): void {
  const {
    resume: _resume,
    json: _json,
    test: _test,
    executor: _executor,
    threads: _threads,
    ...others
  } = flags;
  const given = Object.keys(others).map(
    (name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
  );
  if (given.length > 0) {
    throw new UsageError(
      `--resume goes on exactly as the run began; it takes no ${given.join(', ')}. Leave the flag out, or start a new run.`,
    );
  }
}

/** A run about to be trained. */
interface TrainSession {
  readonly header: TrainHeader;
  readonly folder: RunFolder;
  readonly experiment: Experiment;
  readonly data: ExperimentData<unknown>;
  readonly run: TrainingRun;
  readonly choices: Choices;
  readonly threads: number;
  /** What people should know before it begins. */
  readonly warnings: readonly string[];
}

/** Data, model and trainer of a run; everything is checked before anything is written. */
async function prepare(
  experiment: Experiment,
  header: TrainHeader,
  flags: TrainFlags,
): Promise<Omit<TrainSession, 'folder' | 'warnings'>> {
  const { choices, seed, epochs, clipNorm, executor } = header;
  const threads = threadsOf(flags, 1);
  setThreads(threads);
  objectiveOf(experiment);
  const data = await experiment.data({ seed: header.dataSeed });
  if (flags.test === true && data.test === undefined) {
    throw new UsageError(`'${experiment.name}' has no test data. Leave --test out.`);
  }
  const run = prepareRun(experiment, data, {
    choices,
    seed,
    dropLast: false,
    steps: (stepsPerEpoch) => epochs * stepsPerEpoch,
    executor,
    ...(clipNorm === undefined ? {} : { clipNorm }),
  });
  return {
    header,
    experiment,
    data,
    run,
    choices: { ...completeChoices(experiment, choices), lr: run.recipe.lr },
    threads,
  };
}

async function openResumed(
  reference: string | undefined,
  flags: TrainFlags,
  path: string,
): Promise<TrainSession> {
  const { folder, header: stored } = await openRunFolder(path, 'train');
  const { experiment } = await loadExperiment(reference ?? stored.reference);
  requireSameExperiment(experiment, stored, folder);
  const header = { ...stored, executor: executorOf(flags.executor ?? stored.executor).name };
  const prepared = await prepare(experiment, header, flags);
  if (header.executor !== stored.executor) await folder.writeJson('run.json', header);
  let warnings: readonly string[] = [];
  if (folder.has(checkpointName)) {
    const checkpoint: { readonly state: TrainerState; readonly warnings: readonly string[] } =
      await loadCheckpoint(folder.file(checkpointName), { executor: header.executor });
    prepared.run.trainer.loadState(checkpoint.state);
    warnings = checkpoint.warnings.map(
      (change) => `${change} The last bits may differ from an uninterrupted run.`,
    );
  }
  return { ...prepared, folder, warnings };
}

async function openNew(reference: string | undefined, flags: TrainFlags): Promise<TrainSession> {
  if (reference === undefined) {
    throw new UsageError('Name an experiment, as in nadir train mnist, or give --resume <folder>.');
  }
  const loaded = await loadExperiment(reference);
  const { experiment } = loaded;
  const seed = flags.seed ?? 1;
  const executor = executorOf(flags.executor);
  const header: TrainHeader = {
    format: 'nadir-run-1',
    kind: 'train',
    reference: loaded.reference,
    experiment: experiment.name,
    dataSeed: flags.splitSeed ?? seed,
    createdAt: new Date().toISOString(),
    command: ['nadir', ...process.argv.slice(2)].join(' '),
    executor: executor.name,
    seed,
    choices: choicesFrom(flags),
    epochs: flags.epochs ?? budgetOf(experiment).epochs,
    ...(flags.clipNorm === undefined ? {} : { clipNorm: flags.clipNorm }),
    ...(flags.patience === undefined ? {} : { patience: flags.patience }),
  };
  const prepared = await prepare(experiment, header, flags);
  return {
    ...prepared,
    folder: await createRunFolder(header, flags.out),
    warnings: executor.notice === null ? [] : [executor.notice],
  };
}

/** Trains as the flags say; returns the exit code. */
async function train(reference: string | undefined, flags: TrainFlags, output: Output): Promise<number> {
  if (flags.resume !== undefined) rejectWithResume(flags);
  const session = await (flags.resume === undefined
    ? openNew(reference, flags)
    : openResumed(reference, flags, flags.resume));
  using interruption = new Interruption(() => output.screen.print(ansis.dim('Stopping after this step …')));
  introduce(output, session);
  const result = await fit(output, session, interruption.signal);
  const { kind } = result.reason;
  if (kind === 'interrupted' || kind === 'diverged') {
    tellEarlyEnd(output, session, result);
    return kind === 'diverged' ? 1 : interruption.exitCode;
  }
  await conclude(output, session, result, flags.test === true);
  return 0;
}

function introduce(
  { screen, event }: Output,
  { header, folder, experiment, data, run, choices, threads, warnings }: TrainSession,
): void {
  const { epochs, seed, executor } = header;
  const { step } = run.trainer;
  screen.print(
    `${ansis.bold(`nadir train ${experiment.name}`)}${ansis.dim(`  ${choicesText(choices)} · ${plural(epochs, 'epoch')} · seed ${seed}`)}`,
  );
  screen.print(ansis.dim(`on ${executionText(executor, threads)}, kept in ${folder.shown}`));
  tellWarnings(screen, warnings);
  if (step > 0) screen.print(ansis.dim(`Going on after step ${count(step)} of ${count(run.steps)}.`));
  screen.print();
  event('start', {
    experiment: experiment.name,
    choices,
    epochs,
    seed,
    executor,
    threads,
    warnings,
    steps: run.steps,
    step,
    folder: folder.path,
    items: { train: data.train.size, validation: data.validation.size },
  });
}

async function fit(
  output: Output,
  { header, folder, experiment, run, choices }: TrainSession,
  signal: AbortSignal,
): Promise<FitResult> {
  const { epochs, seed, patience } = header;
  const { trainer } = run;
  const { metric, direction } = objectiveOf(experiment);
  const board = new TrainBoard(output.screen, {
    epochs,
    steps: run.steps,
    step: trainer.step,
    batchSize: run.recipe.batchSize,
    metrics: Object.keys(experiment.metrics?.() ?? {}),
  });
  let savedAt = performance.now();
  const save = async (status: string): Promise<void> => {
    await saveCheckpoint(folder.file(checkpointName), trainer.state(), { experiment: experiment.name });
    const { evaluations } = trainer.history;
    await folder.writeJson('result.json', {
      experiment: experiment.name,
      choices,
      seed,
      status,
      steps: trainer.step,
      evaluations,
    });
    savedAt = performance.now();
  };
  try {
    const result = await trainer.fit(run.loader, {
      epochs,
      validation: run.validation,
      signal,
      stop: patience === undefined ? [] : [earlyStopping({ metric, direction, patience })],
      onStep: ({ step, loss, epoch }) => board.step(step, loss, epoch),
      onEvaluationStart: () => board.beginEvaluation(),
      onEvaluation: (record) => {
        const { epoch, step, seconds, loss, metrics } = record;
        const trainLoss = lossOfLastEpoch(trainer.history.steps);
        board.endEvaluation(record, trainLoss);
        output.event('epoch', {
          epoch,
          step,
          seconds,
          loss,
          ...metrics,
          trainLoss,
          itemsPerSecond: board.rate,
        });
      },
      async onEpochEnd() {
        if (performance.now() - savedAt >= checkpointInterval) await save('running');
      },
    });
    await save(result.reason.kind);
    return result;
  } finally {
    board.done();
  }
}

/** Mean loss over the steps of the epoch that the last step belongs to, those of an earlier session included. */
function lossOfLastEpoch(steps: readonly StepRecord[]): number {
  let sum = 0;
  let index = steps.length - 1;
  const { epoch } = steps[index]!;
  for (; index >= 0 && steps[index]!.epoch === epoch; index--) sum += steps[index]!.loss;
  return sum / (steps.length - 1 - index);
}

/** The fields of the last event, however a run ended. */
function endFields(
  { folder }: TrainSession,
  { reason, steps }: FitResult,
): Readonly<Record<string, unknown>> {
  return { reason: reason.kind, text: reason.text, steps, folder: folder.path };
}

function tellEarlyEnd({ screen, event }: Output, session: TrainSession, result: FitResult): void {
  const { folder, run } = session;
  event('end', endFields(session, result));
  if (result.reason.kind === 'diverged') {
    const text = `✗ Training diverged: ${result.reason.text}. Try a smaller --lr, --warmup 0.1 or --clip-norm 1.`;
    screen.print(ansis.red(text));
    return;
  }
  screen.print(
    `Stopped after step ${count(result.steps)} of ${count(run.steps)}. What is done is kept in ${folder.shown}.`,
  );
  screen.print(`Go on with: ${ansis.bold(`nadir train --resume ${folder.shown}`)}`);
}

async function conclude(
  { screen, event }: Output,
  session: TrainSession,
  result: FitResult,
  readTest: boolean,
): Promise<void> {
  const { folder, experiment, data, run, header } = session;
  const { metric } = objectiveOf(experiment);
  await saveModel(run.model, folder.file(modelName));
  screen.print();
  if (result.reason.kind === 'condition') screen.print(ansis.dim(`Stopped early: ${result.reason.text}.`));
  const measure = (part: string, { loss, metrics }: Evaluation, items: number): void => {
    const value = metric === 'loss' ? loss : metrics[metric]!;
    screen.print(
      `${ansis.green('✓')} ${part} ${metric} ${ansis.bold(metricText(metric, value))} on ${count(items)} items`,
    );
  };
  // With patience the best parameters were put back, which the last evaluation did not see.
  const last = result.history.evaluations.at(-1);
  const kept =
    header.patience !== undefined || last === undefined ? await run.evaluate(data.validation) : last;
  const validation = { loss: kept.loss, metrics: kept.metrics };
  measure('validation', validation, data.validation.size);
  let test: Evaluation | undefined;
  if (readTest) {
    const items = await data.test!();
    test = await run.evaluate(items);
    measure('test', test, items.size);
  }
  event('end', {
    ...endFields(session, result),
    validation,
    ...(test === undefined ? {} : { test }),
    model: folder.file(modelName),
  });
  screen.print(`  kept: ${folder.shownFile(modelName)}, ${checkpointName}, result.json`);
}
