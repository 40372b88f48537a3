import ansis from 'ansis';
import { Option, type Command } from 'commander';
import { setThreads } from '@nadir/compiler';
import { DataLoader } from '@nadir/data';
import {
  findBatchSize,
  findLearningRate,
  type BatchSizePhase,
  type FoundBatchSize,
  type FoundLearningRate,
  type LearningRateMethod,
  type TunableOptimizer,
} from '@nadir/train';
import { executorOf, threadsOf, type ExecutionFlags } from '../execution.ts';
import type { Experiment, ExperimentData } from '../experiment.ts';
import { Interruption } from '../interruption.ts';
import { loadExperiment } from '../load-experiment.ts';
import type { Choices } from '../report/study-record.ts';
import { drawCurve } from '../terminal/curve.ts';
import {
  choicesFlags,
  choicesText,
  count,
  duration,
  executionText,
  shortNumber,
} from '../terminal/format.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import { table, wrap } from '../terminal/table.ts';
import { completeChoices, prepareRun, type TrainingRun } from '../training-run.ts';
import { addChoiceFlags, addExecutionFlags, choicesFrom, numbers, type ChoiceFlags } from './options.ts';
import { createOutput, type Output } from './output.ts';

interface FindFlags extends ChoiceFlags, ExecutionFlags {
  readonly seed?: number;
  readonly json?: boolean;
}

interface LearningRateFlags extends FindFlags {
  readonly from?: number;
  readonly to?: number;
  readonly steps?: number;
  readonly method?: LearningRateMethod;
}

interface BatchFlags extends FindFlags {
  readonly sizes?: readonly number[];
  readonly memory?: number;
  readonly checkItems?: number;
}

const methods = ['steep', 'valley', 'minimum'] as const;

/** Adds `nadir find lr` and `nadir find batch`. */
export function addFindCommand(program: Command, setExitCode: (code: number) => void): void {
  const find = program
    .command('find')
    .summary('measure a learning rate or a batch size')
    .description('Measures a learning rate or a batch size for an experiment, without a search.');
  const add = (name: string, summary: string, description: string): Command => {
    const command = find.command(name).summary(summary).description(description);
    command.argument('<experiment>', 'a built-in experiment (mnist), or the path of an experiment file');
    return addExecutionFlags(addChoiceFlags(command), 'one a core')
      .option(
        '--seed <number>',
        'of the parameters, the order, the split and the interval (default: 1)',
        numbers.seed,
      )
      .option('--json', 'one JSON object a line');
  };
  add(
    'lr',
    'a range test: the learning rate, with its interval',
    'Trains with a learning rate that grows from step to step, and reads off where the loss falls fastest.',
  )
    .option('--from <rate>', 'learning rate of the first step (default: 1e-6)', numbers.positive)
    .option('--to <rate>', 'learning rate of the last step (default: 10)', numbers.positive)
    .option('--steps <count>', 'steps at most (default: 200)', numbers.count)
    .addOption(new Option('--method <name>', 'how it is read off (default: steep)').choices([...methods]))
    .action(async (reference: string, flags: LearningRateFlags) => {
      setExitCode(await run(reference, flags, findRate));
    });
  add(
    'batch',
    'memory, throughput, noise scale and a direct check',
    'Measures which batch sizes fit, how fast they are and how much a step learns from them.',
  )
    .option('--sizes <list>', 'candidates, as 32,64,128 (default: 16 to 2048)', sizeList)
    .option('--memory <MiB>', 'what the process may hold (default: no bound)', numbers.positive)
    .option('--check-items <count>', 'items of each branch of the direct check', numbers.count)
    .action(async (reference: string, flags: BatchFlags) => {
      setExitCode(await run(reference, flags, findBatch));
    });
}

function sizeList(text: string): number[] {
  return [...new Set(text.split(',').map((part) => numbers.count(part)))].sort((a, b) => a - b);
}

/** What both finders work on. */
interface Session {
  readonly experiment: Experiment;
  readonly data: ExperimentData<unknown>;
  readonly training: TrainingRun;
  readonly choices: Choices;
  readonly seed: number;
  readonly output: Output;
  readonly signal: AbortSignal;
}

async function run<Flags extends FindFlags>(
  reference: string,
  flags: Flags,
  find: (session: Session, flags: Flags) => Promise<void>,
): Promise<number> {
  const output = createOutput(flags.json ?? false);
  const { experiment } = await loadExperiment(reference);
  const seed = flags.seed ?? 1;
  const executor = executorOf(flags.executor);
  const threads = threadsOf(flags, 1);
  setThreads(threads);
  const data = await experiment.data({ seed });
  // The finders set the learning rate themselves.
  const choices = { ...completeChoices(experiment, choicesFrom(flags)), schedule: 'constant', warmup: 0 };
  const training = prepareRun(experiment, data, {
    choices,
    seed,
    dropLast: true,
    executor: executor.name,
    steps: (stepsPerEpoch) => stepsPerEpoch,
  });
  const {
    schedule: _schedule,
    warmup: _warmup,
    ...shown
  } = { ...choices, batchSize: training.recipe.batchSize };
  // A range test has no use for the learning rate that it looks for.
  const { lr: _lr, ...others } = shown as Choices;
  const named = find === (findRate as unknown) ? others : shown;
  const title = `nadir find ${find === (findRate as unknown) ? 'lr' : 'batch'} ${experiment.name}`;
  output.screen.print(
    `${ansis.bold(title)}${ansis.dim(`  ${choicesText(named)} · seed ${seed} · ${executionText(executor.name, threads)}`)}`,
  );
  if (executor.notice !== null) output.screen.print(ansis.yellow(`! ${executor.notice}`));
  output.screen.print();
  using interruption = new Interruption(() => output.screen.print(ansis.dim('Stopping …')));
  const { signal } = interruption;
  try {
    await find({ experiment, data, training, choices: shown, seed, output, signal }, flags);
  } catch (error) {
    if (!signal.aborted) throw error;
    return interruption.exitCode;
  } finally {
    output.screen.done();
  }
  return 0;
}

/** Draws a bar that `advance` moves. */
function progress({ output: { screen } }: Session, text: string): (done: number, total: number) => void {
  let [done, total] = [0, 1];
  screen.draw(() => `  ${progressBar(done / total, 30)}  ${text} ${count(done)} of ${count(total)}`);
  return (now, of) => void ([done, total] = [now, of]);
}

async function findRate(session: Session, flags: LearningRateFlags): Promise<void> {
  const { training, output, seed, signal } = session;
  const { from = 1e-6, to = 10, steps = 200, method = 'steep' } = flags;
  const advance = progress(session, 'step');
  const started = performance.now();
  const found = await findLearningRate<never>(
    {
      model: training.model,
      forward: training.forward,
      executor: training.trainer.executor as 'wasm' | 'eager',
      optimizer: training.optimizer as TunableOptimizer,
      from,
      to,
      steps,
      method,
      seed,
      signal,
      onStep: ({ step, lr, loss }) => {
        advance(step, steps);
        output.event('step', { step, lr, loss });
      },
    },
    training.loader,
  );
  output.screen.done();
  showRate(session, found, from, to, (performance.now() - started) / 1000);
}

function showRate(
  { output, choices, experiment }: Session,
  found: FoundLearningRate,
  from: number,
  to: number,
  seconds: number,
): void {
  const { screen, event } = output;
  const { recommended, method, suggestions, smooth, lrs, losses } = found;
  event('found', { method, ...recommended, suggestions, lrs, losses, smooth });
  const place = (lr: number): number => Math.log(lr / from) / Math.log(to / from);
  const clamp = (x: number): number => Math.min(1, Math.max(0, x));
  const lines = drawCurve(
    {
      xs: smooth.map((_, i) => place(lrs[i]!)),
      ys: smooth,
      width: Math.min(screen.width, 90),
      height: 8,
      band: [clamp(place(recommended.low)), clamp(place(recommended.high))],
      mark: clamp(place(recommended.lr)),
    },
    `lr ${shortNumber(recommended.lr)}`,
  );
  screen.print(
    ansis.dim(`  loss from lr ${shortNumber(from)} to ${shortNumber(to)}, ${losses.length} steps`),
  );
  for (const line of lines) screen.print(line);
  screen.print();
  const rows = methods.map((name) => {
    const { lr, low, high } = suggestions[name];
    return [name === method ? '★' : ' ', name, shortNumber(lr), `${shortNumber(low)} – ${shortNumber(high)}`];
  });
  const columns = [
    { title: '' },
    { title: 'method' },
    { title: 'lr', align: 'right' },
    { title: '90 % interval' },
  ] as const;
  for (const line of table(columns, rows, ansis.dim)) screen.print(`  ${line}`);
  screen.print();
  const { low, high, lr } = recommended;
  const width = high / low;
  const certainty =
    width < 4
      ? 'The interval is narrow.'
      : width < 30
        ? 'The interval is wide: try a factor of two around it.'
        : 'The curve is too noisy to tell: take a larger --batch-size or more --steps.';
  screen.print(`${ansis.green('✓')} ${ansis.bold(`Learning rate ${shortNumber(lr)}.`)} ${certainty}`);
  const rounded = { ...choices, lr: Number(lr.toPrecision(3)) };
  screen.print(ansis.dim(`  train   nadir train ${experiment.name} ${choicesFlags(rounded)}`));
  screen.print(ansis.dim(`  ${duration(seconds)} in all`));
}

const phaseTexts: { readonly [P in BatchSizePhase]: string } = {
  cost: 'memory and throughput, size',
  noise: 'gradient noise, step',
  check: 'direct check, branch',
};

async function findBatch(session: Session, flags: BatchFlags): Promise<void> {
  const { training, data, output, seed, signal } = session;
  const started = performance.now();
  let advance: ((done: number, total: number) => void) | null = null;
  let phase: BatchSizePhase | null = null;
  const found = await findBatchSize<never>({
    model: training.model,
    forward: training.forward,
    executor: training.trainer.executor as 'wasm' | 'eager',
    optimizer: training.optimizer as TunableOptimizer,
    batches: (batchSize) =>
      new DataLoader<unknown, never>(data.train, { batchSize, shuffle: true, seed, dropLast: true }),
    validation: training.validation,
    baseSize: training.recipe.batchSize,
    signal,
    ...(flags.sizes === undefined ? {} : { sizes: flags.sizes }),
    ...(flags.memory === undefined ? {} : { memoryLimit: flags.memory * 2 ** 20 }),
    ...(flags.checkItems === undefined ? {} : { checkItems: flags.checkItems }),
    onProgress: (next, done, total) => {
      if (next !== phase) advance = progress(session, phaseTexts[next]);
      phase = next;
      advance!(done, total);
      output.event('progress', { phase: next, done, total });
    },
  });
  output.screen.done();
  showBatch(session, found, (performance.now() - started) / 1000);
}

function showBatch({ output, choices, experiment }: Session, found: FoundBatchSize, seconds: number): void {
  const { screen, event } = output;
  const { batchSize, lr, costs, branches, reasons } = found;
  event('found', { ...found });
  const best = Math.max(...costs.map(({ itemsPerSecond }) => itemsPerSecond));
  const rows = costs.map((cost) => {
    const branch = branches.find((other) => other.batchSize === cost.batchSize);
    return [
      cost.batchSize === batchSize ? '★' : ' ',
      String(cost.batchSize),
      `${cost.stepMs.toPrecision(3)} ms`,
      count(cost.itemsPerSecond),
      `${Math.round((100 * cost.itemsPerSecond) / best)} %`,
      cost.memoryBytes === null ? '–' : `${count(cost.memoryBytes / 2 ** 20)} MiB`,
      branch === undefined
        ? ''
        : `${branch.loss.toPrecision(4)} at lr ${shortNumber(branch.lr)}${branch.isGood ? '' : '  worse'}`,
    ];
  });
  const right = (title: string): { title: string; align: 'right' } => ({ title, align: 'right' });
  const columns = [
    { title: '' },
    right('batch'),
    right('step'),
    right('items/s'),
    right('of best'),
    right('memory'),
    { title: 'loss, same items seen' },
  ];
  for (const line of table(columns, rows, ansis.dim)) screen.print(`  ${line}`);
  screen.print();
  const [first, ...others] = reasons;
  screen.print(`${ansis.green('✓')} ${ansis.bold(first!)}`);
  for (const reason of others)
    for (const line of wrap(reason, Math.min(screen.width, 100))) screen.print(line);
  const { batchSize: _size, lr: _lr, ...rest } = choices;
  const chosen = { ...rest, lr: Number(lr.toPrecision(3)), batchSize } as Choices;
  screen.print(ansis.dim(`  train   nadir train ${experiment.name} ${choicesFlags(chosen)}`));
  screen.print(ansis.dim(`  ${duration(seconds)} in all`));
}
