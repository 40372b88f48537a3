import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Visitor, type Node } from 'oxc-parser';
import { readModule, type SourceModule } from './modules.ts';
import type { PhaseResult } from './phase.ts';
import { root, shown, sourceFiles, workspacePackages } from './workspace.ts';

const longestFile = 500;
/** A file over the limit says why in its first lines, after this mark. */
const longFileMark = /\/\/ Over 500 lines: \S.{10,}/;
const drawers = /^(utils?|utilities|helpers?|common|misc|shared|stuff)$/;
/** Names of the closed sets that rule tables map over (`PrimitiveName`, `MovementName`), and of the tables. */
const tableKeys = /\b[A-Z]\w*Name\b|\bkeyof\s+\w*Primitive\w*/;
const tableNames = /\b\w*(Rules?|Table|Kernels|Lowerings?)\b/;

function partialTables(module: SourceModule): string[] {
  const problems: string[] = [];
  const textOf = (node: Node): string => module.text.slice(node.start, node.end);
  const report = (node: Node): void => {
    problems.push(
      `${shown(module.path)}:${module.lineOf(node.start)}: \`${textOf(node).replace(/\s+/g, ' ')}\` is a partial rule table. ` +
        'Map every name (`{ [P in PrimitiveName]: Rule<P> }`), so that the compiler asks for the missing one.',
    );
  };
  new Visitor({
    TSTypeReference(node) {
      if (textOf(node.typeName) !== 'Partial' || !node.typeArguments) return;
      const argument = textOf(node.typeArguments);
      if (tableKeys.test(argument) || tableNames.test(argument)) report(node);
    },
    TSMappedType(node) {
      const optional = node.optional === true || node.optional === '+';
      if (optional && tableKeys.test(textOf(node.constraint))) report(node);
    },
  }).visit(module.program);
  return problems;
}

/** The faults of one file. */
export function conventionFaults(path: string): readonly string[] {
  const module = readModule(path);
  const problems = [
    ...module.starExports.map((line) => `${shown(path)}:${line}: \`export *\`. Name what is exported.`),
    ...partialTables(module),
  ];
  const lines = module.text.split('\n').length - 1;
  if (lines > longestFile && !longFileMark.test(module.text.slice(0, 1000))) {
    problems.push(
      `${shown(path)}: ${lines} lines. Split it by noun, or say why not in its first lines: // Over ${longestFile} lines: <reason>`,
    );
  }
  for (const name of [basename(path, '.ts'), basename(dirname(path))]) {
    if (drawers.test(name))
      problems.push(`${shown(path)}: '${name}' names a drawer. Name the file for what it holds.`);
  }
  return problems;
}

/** What no linter rule covers: partial rule tables, `export *`, file length, drawers, a README for each package. */
export function conventions(): PhaseResult {
  const members = workspacePackages();
  const files = [
    ...members.flatMap(({ directory }) => sourceFiles(directory, ['src', 'test', 'examples', 'bench'])),
    ...sourceFiles(join(root, '.ci'), ['.']),
  ];
  const problems = files.flatMap(conventionFaults);
  for (const { directory } of members) {
    if (globSync('README.md', { cwd: directory }).length === 0)
      problems.push(`${shown(directory)}: no README.md.`);
  }
  return { ok: problems.length === 0, output: problems.join('\n'), note: `${files.length} files` };
}
