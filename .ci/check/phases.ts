import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { boundaries } from './boundaries.ts';
import { conventions } from './conventions.ts';
import { examples } from './examples.ts';
import { attw, pack, publint, smoke } from './packed.ts';
import type { Phase, PhaseResult } from './phase.ts';
import { command } from './process.ts';
import { endToEnd, unitTests } from './tests.ts';
import { root, workspacePackages } from './workspace.ts';

/** Every package with its tests, and these scripts. */
async function types(): Promise<PhaseResult> {
  const projects = [...workspacePackages().map(({ directory }) => directory), join(root, '.ci')].filter(
    (directory) => existsSync(join(directory, 'tsconfig.json')),
  );
  const problems: string[] = [];
  for (const project of projects) {
    const { ok, output } = await command('tsc', ['--noEmit', '-p', project]);
    if (!ok) problems.push(output);
  }
  return { ok: problems.length === 0, output: problems.join('\n'), note: `${projects.length} projects` };
}

/** The check, in the order in which faults are found soonest. */
export const phases: readonly Phase[] = [
  {
    name: 'build',
    checks: 'turbo builds every package',
    cores: 2,
    run: () => command('pnpm', ['--silent', 'run', 'build']),
  },
  { name: 'types', checks: 'TypeScript over every package, its tests included', run: types },
  { name: 'format', checks: 'oxfmt (`pnpm format` repairs)', run: () => command('oxfmt', ['--check']) },
  { name: 'lint', checks: 'oxlint', run: () => command('oxlint', ['--deny-warnings']) },
  { name: 'boundaries', checks: 'imports between packages, against the layers', run: boundaries },
  { name: 'conventions', checks: 'rule tables, file names and lengths', run: conventions },
  {
    name: 'duplicates',
    checks: 'copied code (jscpd)',
    run: () => command('jscpd', ['--config', '.ci/jscpd.json', 'packages', 'apps']),
  },
  {
    name: 'unused',
    checks: 'dead files, exports and dependencies (knip)',
    run: () => command('knip', ['--no-progress', '--no-config-hints']),
  },
  { name: 'tests', checks: 'unit and contract tests, with line coverage', cores: 2, run: unitTests },
  {
    name: 'examples',
    checks: 'examples of docstrings and READMEs: types, and what they print',
    run: examples,
  },
  { name: 'pack', checks: 'the tarballs that npm would get', after: ['build'], run: pack },
  { name: 'publint', checks: 'publint on the tarballs', after: ['pack'], run: publint },
  { name: 'attw', checks: 'are the types wrong, on the tarballs', after: ['pack'], run: attw },
  {
    name: 'smoke',
    checks: 'imports each tarball, on the machine’s own Node too',
    after: ['pack'],
    run: smoke,
  },
  { name: 'e2e', checks: 'the built CLI, from end to end', after: ['build'], cores: 2, run: endToEnd },
];
