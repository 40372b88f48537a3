import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import ansis from 'ansis';
import { InvalidArgumentError, type Command } from 'commander';
import { selectWorkloads } from '../bench/catalogue.ts';
import { contest, type ContestResult, type Entrant } from '../bench/contest.ts';
import { writeData } from '../bench/data-file.ts';
import { MeasuringProcess } from '../bench/measuring-process.ts';
import { peakOf } from '../bench/peak.ts';
import { isPeer, isThreaded, systemNames, type Contestant, type SystemName } from '../bench/system.ts';
import { Interruption } from '../interruption.ts';
import { contestLines } from '../terminal/bench-table.ts';
import { duration } from '../terminal/format.ts';
import { numbers } from './options.ts';
import { createOutput, type Output } from './output.ts';

interface BenchFlags {
  readonly systems?: readonly SystemName[];
  readonly threads: readonly number[];
  readonly runs: number;
  readonly peers?: boolean;
  readonly python: string;
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
      (text) => list(text).map(numbers.count),
      availableParallelism() > 1 ? [1, 2] : [1],
    )
    .option('--runs <count>', 'timed runs of each; slow ones get fewer', numbers.count, 7)
    .option('--python <path>', 'interpreter that has torch', process.env['NADIR_PYTHON'] ?? 'python3')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  $ nadir bench                     everything: about a minute
  $ nadir bench C64 E --threads 2   some training steps, on two threads
  $ nadir bench --peers --json      beside the other libraries, for programs`,
    )
    .action(async (names: readonly string[], flags: BenchFlags) => {
      setExitCode(await bench(names, flags, createOutput(flags.json ?? false)));
    });
}

function contestantsOf({ systems, threads, peers = false }: BenchFlags): Contestant[] {
  const wanted = systems ?? systemNames.filter((name) => name !== 'nadir-native' && (peers || !isPeer(name)));
  return wanted.flatMap((system) =>
    (isThreaded(system) ? threads : [1]).map((count) => ({ system, threads: count })),
  );
}

async function bench(names: readonly string[], flags: BenchFlags, output: Output): Promise<number> {
  const { screen, json } = output;
  const workloads = selectWorkloads(names);
  const contestants = contestantsOf(flags);
  const begun = performance.now();
  const processes: MeasuringProcess[] = [];
  const end = (): void => processes.forEach((process) => process.end());
  using interruption = new Interruption(end);
  interruption.signal.addEventListener('abort', end);
  const folder = await mkdtemp(join(tmpdir(), 'nadir-bench-'));
  try {
    const start = async (
      system: Contestant['system'] | 'peak',
      threads: number,
    ): Promise<MeasuringProcess> => {
      const process = await MeasuringProcess.start({ system, threads, python: flags.python });
      processes.push(process);
      return process;
    };
    const peaks: MeasuringProcess[] = [];
    for (let i = 0; i < Math.max(...contestants.map(({ threads }) => threads)); i++) {
      peaks.push(await start('peak', 1));
      await peaks[i]!.ask({ do: 'open', workload: '', data: '' });
    }
    const entrants: Entrant[] = [];
    for (const contestant of contestants) {
      entrants.push({ ...contestant, process: await start(contestant.system, contestant.threads) });
    }
    screen.print(
      `${ansis.bold('nadir bench')}${ansis.dim(`  Node ${process.versions.node} · ${cpus()[0]?.model ?? 'CPU'}, ${availableParallelism()} cores`)}`,
    );
    screen.print();
    let failed = false;
    for (const workload of workloads) {
      const needsData = entrants.some(({ system }) => isPeer(system));
      const data = needsData ? await writeData(workload, folder) : '';
      let status = '';
      screen.draw(() => ansis.dim(`${workload.name}  ${status}`));
      const result = await contest(workload, entrants, {
        runs: flags.runs,
        data,
        peak: (threads) => peakOf(peaks.slice(0, threads)),
        onProgress(contestant, phase) {
          status = `${contestant.system}, ${contestant.threads}: ${phase}`;
        },
      });
      if (needsData) await rm(data);
      if (interruption.signal.aborted) return interruption.exitCode;
      failed ||= result.absences.some((absence) => absence.failed);
      show(output, workload, result);
    }
    screen.done();
    if (!json) screen.print(ansis.dim(`${duration((performance.now() - begun) / 1000)} in all`));
    return failed ? 1 : 0;
  } finally {
    end();
    await rm(folder, { recursive: true, force: true });
  }
}

function show(
  { json, screen }: Output,
  workload: Parameters<typeof contestLines>[0],
  result: ContestResult,
): void {
  if (!json) {
    for (const line of contestLines(workload, result)) screen.print(line);
    screen.print();
    return;
  }
  for (const measurement of result.measurements) process.stdout.write(`${JSON.stringify(measurement)}\n`);
  for (const { system, workload: name, reason } of result.absences) {
    process.stderr.write(`${system} has no figure for ${name}: ${reason}\n`);
  }
}
