import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { runPhases, type FinishedPhase, type TestCounts } from './phase.ts';
import { phases } from './phases.ts';
import { stopCommands } from './process.ts';
import { scratch } from './workspace.ts';

const paint =
  (code: number) =>
  (text: string): string =>
    process.stdout.isTTY && !process.env['NO_COLOR'] ? `\u001B[${code}m${text}\u001B[39m` : text;
const green = paint(32);
const red = paint(31);
const gray = paint(90);

function row({ phase, seconds, result, skipped }: FinishedPhase): string {
  const name = phase.name.padEnd(12);
  const time = `${seconds.toFixed(1)} s`.padStart(9);
  const verdict = skipped ? gray('not run') : result.ok ? green('ok     ') : red('FAILED ');
  return `${name} ${time}  ${verdict}  ${result.note ?? ''}`.trimEnd();
}

function usage(): string {
  return [
    'pnpm check            runs every phase',
    'pnpm check lint types runs these alone, and prints what they print',
    '',
    ...phases.map(({ name, checks }) => `  ${name.padEnd(12)} ${checks}`),
  ].join('\n');
}

/** Runs the named phases, or all of them; the exit code. */
export async function check(names: readonly string[]): Promise<number> {
  if (names.some((name) => name === '--help' || name === '-h')) {
    console.log(usage());
    return 0;
  }
  const unknown = names.filter((name) => !phases.some((phase) => phase.name === name));
  if (unknown.length > 0) {
    console.error(`No such phase: ${unknown.join(', ')}\n\n${usage()}`);
    return 2;
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stopCommands();
      process.exit(signal === 'SIGINT' ? 130 : 143);
    });
  }
  const chosen = names.length === 0 ? phases : phases.filter(({ name }) => names.includes(name));
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
  const started = performance.now();
  const finished = await runPhases(chosen, availableParallelism(), (done) => {
    console.log(row(done));
    const wanted = !done.result.ok || names.length > 0;
    if (wanted && done.result.output.trim() !== '') console.log(`\n${done.result.output.trimEnd()}\n`);
  });

  const failed = finished.filter(({ result }) => !result.ok);
  if (chosen.length > 1) {
    console.log(`\n${finished.map(row).join('\n')}`);
    const seconds = `${((performance.now() - started) / 1000).toFixed(1)} s`.padStart(9);
    const verdict = failed.length === 0 ? green('ok') : red(`${failed.length} FAILED`);
    console.log(`${'all'.padEnd(12)} ${seconds}  ${verdict}`);
  }
  const counts = finished.map(({ result }) => result.closing).filter((closing) => closing !== undefined);
  if (counts.length > 0) {
    for (const { lines } of counts) if (lines !== '') console.log(`\n${lines}`);
    const sum = (key: keyof Omit<TestCounts, 'lines'>): number =>
      counts.reduce((total, part) => total + part[key], 0);
    console.log(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
  }
  return failed.length === 0 ? 0 : 1;
}
