import ansis from 'ansis';
import type { Command } from 'commander';
import { earlyStopping, type EvaluationRecord, type TrainerState } from '@nadir/train';
import { loadCheckpoint, saveCheckpoint } from '@nadir/train/node';
import { UsageError } from '../cli-error.ts';
import { budgetOf, objectiveOf, type Experiment } from '../experiment.ts';
import { Interruption } from '../interruption.ts';
import { loadExperiment } from '../load-experiment.ts';
import { saveModel } from '../model-file.ts';
import { createRunFolder, openRunFolder, type RunFolder, type TrainHeader } from '../run-folder.ts';
import { choicesText, count, duration, metricText, plural } from '../terminal/format.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import { pad } from '../terminal/table.ts';
import { completeChoices, prepareRun } from '../training-run.ts';
import { addChoiceFlags, choicesFrom, numbers, type ChoiceFlags } from './options.ts';
import { createOutput, type Output } from './output.ts';
import { requireSameExperiment } from './resume.ts';

interface TrainFlags extends ChoiceFlags {
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
  addChoiceFlags(command)
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

/** What a resumed run takes from its folder and not from the command line. */
function rejectWithResume(flags: TrainFlags): void {
  const { resume: _resume, json: _json, test: _test, ...others } = flags;
  const given = Object.keys(others).map(
    (name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
  );
  if (given.length > 0) {
    throw new UsageError(
      `--resume goes on exactly as the run began; it takes no ${given.join(', ')}. Leave the flag out, or start a new run.`,
    );
  }
}

interface Opened {
  readonly folder: RunFolder;
  readonly header: TrainHeader;
  readonly experiment: Experiment;
  readonly state: TrainerState | undefined;
  readonly warnings: readonly string[];
}

async function openResumed(reference: string | undefined, path: string): Promise<Opened> {
  const { folder, header } = await openRunFolder(path, 'train');
  const { experiment } = await loadExperiment(reference ?? header.reference);
  requireSameExperiment(experiment, header, folder);
  if (!folder.has(checkpointName)) return { folder, header, experiment, state: undefined, warnings: [] };
  const { state, warnings } = await loadCheckpoint(folder.file(checkpointName));
  return { folder, header, experiment, state, warnings };
}

async function openNew(reference: string | undefined, flags: TrainFlags): Promise<Opened> {
  if (reference === undefined) {
    throw new UsageError('Name an experiment, as in nadir train mnist, or give --resume <folder>.');
  }
  const loaded = await loadExperiment(reference);
  const { experiment } = loaded;
  const seed = flags.seed ?? 1;
  const header: TrainHeader = {
    format: 'nadir-run-1',
    kind: 'train',
    reference: loaded.reference,
    experiment: experiment.name,
    dataSeed: flags.splitSeed ?? seed,
    createdAt: new Date().toISOString(),
    command: ['nadir', ...process.argv.slice(2)].join(' '),
    seed,
    choices: choicesFrom(flags),
    epochs: flags.epochs ?? budgetOf(experiment).epochs,
    ...(flags.clipNorm === undefined ? {} : { clipNorm: flags.clipNorm }),
    ...(flags.patience === undefined ? {} : { patience: flags.patience }),
  };
  return {
    folder: await createRunFolder(header, flags.out),
    header,
    experiment,
    state: undefined,
    warnings: [],
  };
}

/** Trains as the flags say; returns the exit code. */
export async function train(
  reference: string | undefined,
  flags: TrainFlags,
  output: Output,
): Promise<number> {
  if (flags.resume !== undefined) rejectWithResume(flags);
  const opened = await (flags.resume === undefined
    ? openNew(reference, flags)
    : openResumed(reference, flags.resume));
  const { folder, header, experiment, state, warnings } = opened;
  const { screen } = output;
  const { seed, choices, epochs, clipNorm, patience, dataSeed } = header;
  const objective = objectiveOf(experiment);
  using interruption = new Interruption(() => screen.print(ansis.dim('Stopping after this step …')));

  const data = await experiment.data({ seed: dataSeed });
  if (flags.test === true && data.test === undefined) {
    throw new UsageError(`'${experiment.name}' has no test data. Leave --test out.`);
  }
  const run = prepareRun(experiment, data, {
    choices,
    seed,
    dropLast: false,
    steps: (stepsPerEpoch) => epochs * stepsPerEpoch,
    ...(clipNorm === undefined ? {} : { clipNorm }),
  });
  const { trainer, loader, validation } = run;
  if (state !== undefined) trainer.loadState(state);

  const all = { lr: run.recipe.lr, ...completeChoices(experiment, choices) };
  screen.print(
    `${ansis.bold(`nadir train ${experiment.name}`)}${ansis.dim(`  ${choicesText(all)} · ${plural(epochs, 'epoch')} · seed ${seed}`)}`,
  );
  for (const warning of warnings)
    screen.print(ansis.yellow(`! ${warning} The last bits may differ from an uninterrupted run.`));
  if (state !== undefined)
    screen.print(ansis.dim(`Going on after step ${count(trainer.step)} of ${count(run.steps)}.`));
  screen.print();
  output.event('start', {
    experiment: experiment.name,
    choices: all,
    epochs,
    seed,
    steps: run.steps,
    step: trainer.step,
    folder: folder.path,
    items: { train: data.train.size, validation: data.validation.size },
  });

  const meter = new TrainMeter(run.steps, trainer.step, run.recipe.batchSize);
  const save = async (status: string): Promise<void> => {
    await saveCheckpoint(folder.file(checkpointName), trainer.state(), { experiment: experiment.name });
    await folder.writeJson('result.json', {
      experiment: experiment.name,
      choices: all,
      seed,
      status,
      steps: trainer.step,
      evaluations: trainer.history.evaluations,
    });
  };
  let saved = performance.now();
  const printed = { header: false };
  const names = Object.keys(experiment.metrics?.() ?? {});
  screen.draw(() => meter.frame(screen.width, epochs));
  const result = await trainer.fit(loader, {
    epochs,
    validation,
    signal: interruption.signal,
    stop:
      patience === undefined
        ? []
        : [earlyStopping({ metric: objective.metric, direction: objective.direction, patience })],
    onStep: ({ step, loss, epoch }) => meter.step(step, loss, epoch),
    onEvaluationStart: () => meter.pause(),
    onEvaluation: (record) => {
      meter.resume();
      const trainLoss = meter.epochLoss();
      if (!printed.header) screen.print(ansis.dim(epochHeader(names)));
      printed.header = true;
      screen.print(epochLine(record, trainLoss, names, meter.rate));
      output.event('epoch', {
        epoch: record.epoch,
        step: record.step,
        seconds: record.seconds,
        trainLoss,
        loss: record.loss,
        ...record.metrics,
        itemsPerSecond: meter.rate,
      });
    },
    async onEpochEnd() {
      if (performance.now() - saved < checkpointInterval) return;
      await save('running');
      saved = performance.now();
    },
  });
  screen.done();
  await save(result.reason.kind);
  const last = result.history.evaluations.at(-1);
  const fields = {
    reason: result.reason.kind,
    text: result.reason.text,
    steps: result.steps,
    folder: folder.path,
  };

  if (result.reason.kind === 'interrupted') {
    output.event('end', fields);
    screen.print(
      `Stopped after step ${count(result.steps)} of ${count(run.steps)}. What is done is kept in ${folder.shown}.`,
    );
    screen.print(`Go on with: ${ansis.bold(`nadir train --resume ${folder.shown}`)}`);
    return interruption.exitCode;
  }
  if (result.reason.kind === 'diverged') {
    output.event('end', fields);
    screen.print(
      ansis.red(
        `✗ Training diverged: ${result.reason.text}. Try a smaller --lr, --warmup 0.1 or --clip-norm 1.`,
      ),
    );
    return 1;
  }
  await saveModel(run.model, folder.file(modelName));
  screen.print();
  if (result.reason.kind === 'condition') screen.print(ansis.dim(`Stopped early: ${result.reason.text}.`));
  const kept = patience === undefined ? last : await run.evaluate(data.validation);
  if (kept !== undefined) {
    const value = objective.metric === 'loss' ? kept.loss : kept.metrics[objective.metric]!;
    screen.print(
      `${ansis.green('✓')} validation ${objective.metric} ${ansis.bold(metricText(objective.metric, value))} on ${count(data.validation.size)} items`,
    );
  }
  let test: Awaited<ReturnType<typeof run.evaluate>> | undefined;
  if (flags.test === true) {
    const items = await data.test!();
    test = await run.evaluate(items);
    const value = objective.metric === 'loss' ? test.loss : test.metrics[objective.metric]!;
    screen.print(
      `${ansis.green('✓')} test ${objective.metric} ${ansis.bold(metricText(objective.metric, value))} on ${count(items.size)} items`,
    );
  }
  output.event('end', {
    ...fields,
    ...(kept === undefined ? {} : { validation: kept }),
    ...(test === undefined ? {} : { test }),
    model: folder.file(modelName),
  });
  screen.print(`  kept: ${folder.shownFile(modelName)}, ${checkpointName}, result.json`);
  return 0;
}

function epochHeader(names: readonly string[]): string {
  return ['epoch', 'train loss', 'val. loss', ...names, 'items/s', 'time']
    .map((title, index) => pad(title, index === 0 ? -5 : -11))
    .join(' ');
}

function epochLine(
  { epoch, loss, metrics, seconds }: EvaluationRecord,
  trainLoss: number,
  names: readonly string[],
  rate: number,
): string {
  const cells = [
    String(epoch),
    trainLoss.toFixed(4),
    loss.toFixed(4),
    ...names.map((name) => metricText(name, metrics[name] ?? null)),
    count(rate),
    duration(seconds),
  ];
  return cells.map((cell, index) => pad(cell, index === 0 ? -5 : -11)).join(' ');
}

/** Where a training run is, how fast it goes, and how long it will take. */
class TrainMeter {
  readonly #steps: number;
  readonly #batchSize: number;
  readonly #first: number;
  #step: number;
  #epoch = 0;
  #loss = NaN;
  #sum = 0;
  #count = 0;
  #seconds = 0;
  #resumed: number = performance.now();
  #evaluating = false;

  constructor(steps: number, step: number, batchSize: number) {
    this.#steps = steps;
    this.#first = this.#step = step;
    this.#batchSize = batchSize;
  }

  /** Items per second of training, evaluations left out. */
  get rate(): number {
    return this.#seconds === 0 ? 0 : ((this.#step - this.#first) * this.#batchSize) / this.#seconds;
  }

  step(step: number, loss: number, epoch: number): void {
    const now = performance.now();
    this.#seconds += (now - this.#resumed) / 1000;
    this.#resumed = now;
    this.#step = step;
    this.#epoch = epoch;
    this.#sum += loss;
    this.#count++;
    this.#loss = Number.isNaN(this.#loss) ? loss : this.#loss * 0.95 + loss * 0.05;
  }

  /** Mean loss of the steps since it was last asked. */
  epochLoss(): number {
    const mean = this.#sum / this.#count;
    this.#sum = this.#count = 0;
    return mean;
  }

  pause(): void {
    this.#evaluating = true;
  }

  resume(): void {
    this.#evaluating = false;
    this.#resumed = performance.now();
  }

  frame(width: number, epochs: number): string {
    const share = this.#step / this.#steps;
    const left = this.rate === 0 ? NaN : ((this.#steps - this.#step) * this.#batchSize) / this.rate;
    const before = `epoch ${Math.min(this.#epoch + 1, epochs)}/${epochs} `;
    const after = this.#evaluating
      ? ' validating …'
      : `${String(Math.floor(share * 100)).padStart(4)} %  loss ${Number.isNaN(this.#loss) ? '–' : this.#loss.toFixed(4)}  ${count(this.rate)} items/s  ${duration(left)} left`;
    return (
      before +
      progressBar(share, Math.max(10, Math.min(40, width - before.length - after.length - 1))) +
      after
    );
  }
}
