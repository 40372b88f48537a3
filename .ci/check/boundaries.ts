import { isBuiltin } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { browserPackages, layers } from './layers.ts';
import { readModule } from './modules.ts';
import type { PhaseResult } from './phase.ts';
import { shown, sourceFiles, workspacePackages, type WorkspacePackage } from './workspace.ts';

const scope = '@nadir/';

function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** The source file behind the `./node` entry point, the one place of a browser package that may use Node. */
function nodeEntry({ directory, manifest }: WorkspacePackage): string | undefined {
  const source = manifest.exports?.['./node']?.['@nadir/source'];
  return source === undefined ? undefined : join(directory, source);
}

/** What the workspace packages that this one depends on want beside them: installing it is this one's business. */
function wantedPeers({ dependencies = {} }: WorkspacePackage['manifest']): readonly string[] {
  return workspacePackages()
    .filter(({ manifest }) => manifest.name in dependencies)
    .flatMap(({ manifest }) => Object.keys(manifest.peerDependencies ?? {}));
}

/** The faults of one package's imports and dependencies. */
export function boundaryFaults(member: WorkspacePackage): readonly string[] {
  const problems: string[] = [];
  const { folder, kind, directory, manifest } = member;
  const allowed = layers[folder];
  if (!allowed) {
    problems.push(
      `${kind}/${folder}: no row in .ci/check/layers.ts. State there which packages it may import.`,
    );
    return problems;
  }
  const installed = { ...manifest.dependencies, ...manifest.peerDependencies };
  const used = new Set<string>(wantedPeers(manifest));
  const entry = nodeEntry(member);
  for (const path of sourceFiles(directory, ['src', 'test', 'examples', 'bench'])) {
    const { imports, text } = readModule(path);
    const inSource = path.startsWith(join(directory, 'src'));
    for (const { specifier, line, isType } of imports) {
      const report = (message: string): void => {
        problems.push(`${shown(path)}:${line}: ${message}`);
      };
      if (specifier.startsWith('.')) {
        const target = resolve(dirname(path), specifier);
        if (!target.startsWith(directory)) {
          report(`'${specifier}' leaves the package. Import another package by its name.`);
        } else if (inSource && browserPackages.has(folder) && target === entry) {
          report(`'${specifier}' is the Node entry point, and ${folder} must load in browsers without it.`);
        }
        continue;
      }
      if (isBuiltin(specifier)) {
        if (inSource && browserPackages.has(folder) && path !== entry) {
          report(
            `'${specifier}' in ${folder}, which also runs in browsers. Move it behind a './node' entry point.`,
          );
        }
        continue;
      }
      const target = packageName(specifier);
      if (target === manifest.name) {
        if (inSource) report(`'${specifier}' is this package itself. Use a relative import.`);
        continue;
      }
      if (target.startsWith(scope) && !allowed.includes(target.slice(scope.length))) {
        const may = allowed.length === 0 ? 'nothing' : allowed.join(', ');
        report(`${folder} may not import '${specifier}'. It may import: ${may}.`);
        continue;
      }
      // For the types of a library that a user may bring along, a development dependency is enough.
      const isOptional = isType && !target.startsWith(scope) && target in { ...manifest.devDependencies };
      if (inSource && !(target in installed) && !isOptional) {
        report(`'${specifier}' is not among the dependencies of ${kind}/${folder}/package.json.`);
      }
      if (
        !inSource &&
        target.startsWith(scope) &&
        !(target in { ...installed, ...manifest.devDependencies })
      ) {
        report(`'${specifier}' is not among the dependencies of ${kind}/${folder}/package.json.`);
      }
      if (inSource) used.add(target);
    }
    // A dependency may also be resolved by name, for the data files that it ships.
    if (inSource) {
      for (const name of Object.keys(installed)) if (text.includes(`'${name}/`)) used.add(name);
    }
  }
  for (const name of Object.keys(installed)) {
    if (!used.has(name))
      problems.push(`${kind}/${folder}/package.json: depends on '${name}', which its src never imports.`);
  }
  return problems;
}

/** Imports go by package name, downwards only, and the manifests say what the sources do. */
export function boundaries(): PhaseResult {
  const members = workspacePackages();
  const problems = members.flatMap(boundaryFaults);
  return { ok: problems.length === 0, output: problems.join('\n'), note: `${members.length} packages` };
}
