import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { PhaseResult, TestCounts } from './phase.ts';
import { command } from './process.ts';
import { scratch, root, shown } from './workspace.ts';

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: ReadonlyArray<{
    readonly status: string;
    readonly assertionResults: readonly unknown[];
  }>;
}

interface LineCoverage {
  readonly lines: { readonly total: number; readonly covered: number };
}

/** Vitest's own summary: the lines from `Test Files` on. */
function closingLines(output: string): string {
  const lines = stripVTControlCharacters(output).split('\n');
  const first = lines.findLastIndex((line) => /^\s*Test Files\s/.test(line));
  if (first < 0) return '';
  const last = lines.findIndex((line, index) => index > first && /^\s*Duration\s/.test(line));
  return lines.slice(first, last < 0 ? undefined : last + 1).join('\n');
}

async function vitest(name: string, config: string, args: readonly string[]): Promise<PhaseResult> {
  const folder = join(scratch, 'tests');
  const report = join(folder, `${name}.json`);
  mkdirSync(folder, { recursive: true });
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { ok, output } = await command('vitest', ['run', '--config', config, ...reporters, ...args]);
  if (!existsSync(report)) return { ok: false, output };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  ) as VitestReport;
  // A file that cannot be loaded fails without a test of its own.
  const unloaded = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  ).length;
  const failed = numFailedTests + unloaded;
  const closing: TestCounts = {
    lines: closingLines(output),
    passed: numPassedTests,
    failed,
    skipped: numPendingTests + numTodoTests,
  };
  // A run that executed nothing proves nothing.
  const nothing = numPassedTests + failed === 0;
  return {
    ok: ok && !nothing,
    output: nothing ? `${output}\nno test was executed\n` : output,
    note: `${numPassedTests} passed${failed > 0 ? `, ${failed} failed` : ''}`,
    closing,
  };
}

function percent({ covered, total }: { covered: number; total: number }): string {
  return `${((100 * covered) / Math.max(total, 1)).toFixed(1)} %`;
}

/** Line coverage in all, and by package. */
function coverageOf(summaryFile: string): { total: string; byPackage: string } {
  if (!existsSync(summaryFile)) return { total: 'none', byPackage: '' };
  const summary = JSON.parse(readFileSync(summaryFile, 'utf8')) as Record<string, LineCoverage>;
  const packages = new Map<string, { covered: number; total: number }>();
  const all = { covered: 0, total: 0 };
  for (const [path, { lines }] of Object.entries(summary)) {
    if (path === 'total') continue;
    const name = shown(path).split('/')[1] ?? root;
    const sum = packages.get(name) ?? { covered: 0, total: 0 };
    for (const part of [sum, all]) {
      part.covered += lines.covered;
      part.total += lines.total;
    }
    packages.set(name, sum);
  }
  const byPackage = [...packages].map(([name, lines]) => `${name} ${percent(lines)}`).join(', ');
  return { total: percent(all), byPackage };
}

export async function unitTests(): Promise<PhaseResult> {
  const folder = join(scratch, 'coverage');
  rmSync(folder, { recursive: true, force: true });
  const coverage = [
    '--coverage',
    `--coverage.reportsDirectory=${folder}`,
    '--coverage.reporter=json-summary',
  ];
  const result = await vitest('tests', '.ci/vitest.config.ts', coverage);
  const { total, byPackage } = coverageOf(join(folder, 'coverage-summary.json'));
  const line = `Line coverage ${total} (${byPackage})`;
  return {
    ...result,
    output: `${result.output}\n${line}\n`,
    ...(result.note === undefined ? {} : { note: `${result.note}, line coverage ${total}` }),
    ...(result.closing ? { closing: { ...result.closing, lines: `${result.closing.lines}\n${line}` } } : {}),
  };
}

export function endToEnd(): Promise<PhaseResult> {
  return vitest('e2e', '.ci/vitest.e2e.config.ts', []);
}
