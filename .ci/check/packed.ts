import { execFile } from 'node:child_process';
import { existsSync, globSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { PhaseResult } from './phase.ts';
import { command } from './process.ts';
import { scratch, readManifest, workspacePackages } from './workspace.ts';

const tarballs = join(scratch, 'tarballs');
const installed = join(scratch, 'smoke');

/** The workspace packages as their users will get them: pnpm applies `publishConfig` and resolves `workspace:`. */
export async function pack(): Promise<PhaseResult> {
  rmSync(tarballs, { recursive: true, force: true });
  mkdirSync(tarballs, { recursive: true });
  const problems: string[] = [];
  for (const { directory, manifest } of workspacePackages()) {
    if (manifest.private) continue;
    const { ok, output } = await command('pnpm', ['pack', '--pack-destination', tarballs], {
      cwd: directory,
    });
    if (!ok) problems.push(`${manifest.name}\n${output}`);
  }
  return { ok: problems.length === 0, output: problems.join('\n'), note: `${packedFiles().length} tarballs` };
}

function packedFiles(): readonly string[] {
  return globSync('*.tgz', { cwd: tarballs })
    .toSorted()
    .map((name) => join(tarballs, name));
}

async function onEveryTarball(
  name: string,
  args: (tarball: string) => readonly string[],
): Promise<PhaseResult> {
  const problems: string[] = [];
  for (const tarball of packedFiles()) {
    const { ok, output } = await command(name, args(tarball));
    if (!ok) problems.push(output);
  }
  return { ok: problems.length === 0, output: problems.join('\n'), note: `${packedFiles().length} tarballs` };
}

export function publint(): Promise<PhaseResult> {
  return onEveryTarball('publint', (tarball) => ['run', tarball, '--strict']);
}

export function attw(): Promise<PhaseResult> {
  return onEveryTarball('attw', (tarball) => [
    tarball,
    '--profile',
    'esm-only',
    '--format',
    'ascii',
    '--no-emoji',
  ]);
}

interface Installed {
  /** `@nadir/tensor`, `@nadir/tensor/testing` */
  readonly entries: readonly string[];
  /** Paths of commands. */
  readonly commands: readonly string[];
}

/** Unpacks the tarballs side by side in one `node_modules`; what they depend on is linked from the workspace. */
async function installTarballs(): Promise<Installed> {
  rmSync(installed, { recursive: true, force: true });
  const entries: string[] = [];
  const commands: string[] = [];
  const run = promisify(execFile);
  for (const tarball of packedFiles()) {
    const unpacked = join(installed, 'unpacked');
    mkdirSync(unpacked, { recursive: true });
    await run('tar', ['-xzf', tarball, '-C', unpacked, '--strip-components=1']);
    const { name } = readManifest(unpacked);
    const target = join(installed, 'node_modules', name);
    mkdirSync(dirname(target), { recursive: true });
    await run('mv', [unpacked, target]);
    const manifest = readManifest(target);
    if (!existsSync(join(target, 'LICENSE'))) throw new Error(`${name}: the tarball has no LICENSE.`);
    const source = workspacePackages().find((member) => member.manifest.name === name)!.directory;
    for (const dependency of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
      const local = join(source, 'node_modules', dependency);
      const link = join(target, 'node_modules', dependency);
      if (workspacePackages().some((member) => member.manifest.name === dependency)) continue;
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(local, link, 'junction');
    }
    commands.push(...Object.values(manifest.bin ?? {}).map((path) => join(target, path)));
    for (const subpath of Object.keys(manifest.exports ?? {})) {
      if (!subpath.endsWith('.json') && !subpath.includes('*')) entries.push(name + subpath.slice(1));
    }
  }
  return { entries, commands };
}

/** The Nodes to try: the pinned one and the machine's own. */
function nodes(): readonly string[] {
  const machine = process.env['NADIR_MACHINE_NODE'] ?? machineNode();
  return machine === undefined || machine === process.execPath
    ? [process.execPath]
    : [process.execPath, machine];
}

function machineNode(): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(':')
    .filter((folder) => !folder.includes('node_modules'))
    .map((folder) => join(folder, 'node'))
    .find((path) => existsSync(path));
}

/** Imports every entry point of every tarball and asks every command for its help, on the development Node and on the machine's own. */
export async function smoke(): Promise<PhaseResult> {
  const { entries, commands } = await installTarballs();
  const script = join(installed, 'import.mjs');
  writeFileSync(
    script,
    [
      `console.log(process.versions.node);`,
      `for (const entry of ${JSON.stringify(entries)}) {`,
      `  const names = Object.keys(await import(entry));`,
      `  if (names.length === 0) throw new Error(entry + ' exports nothing');`,
      `  if (names.includes('default')) throw new Error(entry + ' has a default export');`,
      `}`,
    ].join('\n'),
  );
  const versions: string[] = [];
  const problems: string[] = [];
  for (const node of nodes()) {
    const { ok, output } = await command(node, [script], { cwd: installed });
    versions.push(output.split('\n')[0]!);
    if (!ok) problems.push(`${node}\n${output}`);
    for (const path of commands) {
      const help = await command(node, [path, '--help'], { cwd: installed });
      if (!help.ok) problems.push(`${node} ${path} --help\n${help.output}`);
    }
  }
  return {
    ok: problems.length === 0,
    output: problems.join('\n'),
    note: `${entries.length} entry points on Node ${versions.join(' and ')}`,
  };
}
