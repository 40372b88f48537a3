import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import ansis from 'ansis';
import { InvalidArgumentError, type Command } from 'commander';
import { features } from '@nadir/wasm';
import { selectWorkloads } from '../bench/catalogue.ts';
import { contest, type ContestResult } from '../bench/contest.ts';
import { writeData } from '../bench/data-file.ts';
import { openField, type Field } from '../bench/field.ts';
import { profileStep } from '../bench/profile.ts';
import { isPeer, isThreaded, systemNames, type Contestant, type SystemName } from '../bench/system.ts';
import type { Workload } from '../bench/workload.ts';
import { Interruption } from '../interruption.ts';
import { BenchBoard } from '../terminal/bench-board.ts';
import { contestLines, legendLines, summaryLines } from '../terminal/bench-table.ts';
import { duration, plural } from '../terminal/format.ts';
import { profileLines } from '../terminal/profile-table.ts';
import { cut, wrap } from '../terminal/table.ts';
import { numbers } from './options.ts';
import { createOutput, type Output } from './output.ts';

interface BenchFlags {
  readonly systems?: readonly SystemName[];
  readonly threads: readonly number[];
  readonly runs: number;
  readonly peers?: boolean;
  readonly python: string;
  readonly profile?: boolean;
  readonly json?: boolean;
}

const list = (text: string): string[] => text.split(',').map((part) => part.trim());

function systemList(text: string): SystemName[] {
  return list(text).map((name) => {
    const found = systemNames.find((known) => known === name);
    if (found === undefined) throw new InvalidArgumentError(`There are: ${systemNames.join(', ')}.`);
    return found;
  });
}

/** Adds `nadir bench`. */
export function addBenchCommand(program: Command, setExitCode: (code: number) => void): void {
  program
    .command('bench')
    .summary('measure training steps and single operations')
    .description('Measures training steps and single operations on this machine, beside other libraries.')
    .argument('[workloads...]', 'names, or what names begin with, as C64 or matmul (default: all)')
    .option('--peers', 'measure torch, jax-js and tfjs-wasm too, in turn with Nadir')
    .option('--systems <list>', `some of ${systemNames.join(', ')}`, systemList)
    .option(
      '--threads <list>',
      'numbers of threads, for systems that have them',
      (text) => list(text).map(numbers.threads),
      availableParallelism() > 1 ? [1, 2] : [1],
    )
    .option('--runs <count>', 'timed runs of each; slow ones get fewer', numbers.count, 7)
    .option('--python <path>', 'interpreter that has torch', process.env['NADIR_PYTHON'] ?? 'python3')
    .option('--profile', 'instead, where the time of a compiled step goes, kernel by kernel')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  $ nadir bench                     everything: about a minute
  $ nadir bench C64 E --threads 2   some training steps, on two threads
  $ nadir bench C64-adam --profile  the kernels of a compiled step
  $ nadir bench --peers --json      beside the other libraries, for programs`,
    )
    .action(async (names: readonly string[], flags: BenchFlags) => {
      const output = createOutput(flags.json ?? false);
      setExitCode(flags.profile === true ? profile(names, flags, output) : await bench(names, flags, output));
    });
}

function profile(names: readonly string[], { threads }: BenchFlags, { json, screen }: Output): number {
  for (const workload of selectWorkloads(names)) {
    for (const count of threads) {
      const found = profileStep(workload, count);
      for (const line of profileLines(workload, found, screen.width)) screen.print(line);
      screen.print();
      const { kernels, ...step } = found;
      if (json) for (const kernel of kernels) process.stdout.write(jsonLine({ ...step, ...kernel }));
    }
  }
  return 0;
}

function contestantsOf({ systems, threads, peers = false }: BenchFlags): Contestant[] {
  const wanted = systems ?? systemNames.filter((name) => name !== 'nadir-native' && (peers || !isPeer(name)));
  return wanted.flatMap((system) =>
    (isThreaded(system) ? threads : [1]).map((count) => ({ system, threads: count })),
  );
}

async function bench(names: readonly string[], flags: BenchFlags, output: Output): Promise<number> {
  const { screen } = output;
  const workloads = selectWorkloads(names);
  const contestants = contestantsOf(flags);
  using interruption = new Interruption();
  const field = await openField(contestants, {
    python: flags.python,
    requirePeers: flags.systems !== undefined,
  });
  interruption.signal.addEventListener('abort', field.end);
  if (interruption.signal.aborted) field.end();
  const folder = await mkdtemp(join(tmpdir(), 'nadir-bench-'));
  try {
    introduce(output, field);
    const needsData = contestants.some(({ system }) => isPeer(system));
    const board = new BenchBoard(screen, workloads.length);
    const results: [Workload, ContestResult][] = [];
    for (const [index, workload] of workloads.entries()) {
      board.begin(workload, index);
      const data = needsData ? await writeData(workload, folder) : '';
      const result = await contest(workload, field.entrants, {
        runs: flags.runs,
        data,
        peak: field.peak,
        onProgress: (progress) => board.show(progress),
      }).catch((error: unknown) => {
        // Its processes were ended.
        if (!interruption.signal.aborted) throw error;
      });
      await rm(data, { force: true });
      if (result === undefined || interruption.signal.aborted) break;
      results.push([workload, result]);
      show(output, workload, result);
    }
    board.done();
    conclude(output, results, board.seconds);
    if (interruption.signal.aborted) return interruption.exitCode;
    return results.some(([, { absences }]) => absences.some(({ failed }) => failed)) ? 1 : 0;
  } finally {
    screen.done();
    field.end();
    await rm(folder, { recursive: true, force: true });
  }
}

function introduce({ screen, json }: Output, { versions, missing }: Field): void {
  const machine = `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${plural(availableParallelism(), 'core')}`;
  const fused = features().relaxedSimd ? 'fused multiply-add' : 'multiply, then add';
  const others = Array.from(versions, ([system, version]) => `, ${system} ${version}`);
  screen.print(`${ansis.bold('nadir bench')}  ${ansis.dim(machine)}`);
  screen.print(ansis.dim(cut(`Node ${process.versions.node}, ${fused}${others.join('')}`, screen.width)));
  for (const { system, reason } of missing) {
    const text = `${system} is left out: ${reason}`;
    if (json) process.stderr.write(`${text}\n`);
    else for (const line of wrap(`! ${text}`, screen.width)) screen.print(ansis.yellow(line));
  }
  screen.print();
}

function show({ json, screen }: Output, workload: Workload, result: ContestResult): void {
  for (const line of contestLines(workload, result, screen.width)) screen.print(line);
  screen.print();
  if (!json) return;
  for (const measurement of result.measurements) process.stdout.write(jsonLine(measurement));
  for (const { system, workload: name, reason } of result.absences) {
    process.stderr.write(`${system} has no figure for ${name}: ${reason}\n`);
  }
}

/** Clocks do not tell more than five digits; a loss is compared to its last. */
function jsonLine(fields: object): string {
  const text = JSON.stringify(fields, (name, value: unknown) =>
    typeof value === 'number' && name !== 'loss' ? Number(value.toPrecision(5)) : value,
  );
  return `${text}\n`;
}

function conclude(
  { screen }: Output,
  results: ReadonlyArray<readonly [Workload, ContestResult]>,
  seconds: number,
): void {
  for (const line of summaryLines(results)) screen.print(line);
  for (const line of legendLines(screen.width)) screen.print(line);
  screen.print(ansis.dim(`  ${duration(seconds)} in all`));
}
