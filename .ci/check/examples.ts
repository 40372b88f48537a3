import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync, Visitor, type Expression, type VariableDeclaration } from 'oxc-parser';
import type { PhaseResult } from './phase.ts';
import { command } from './process.ts';
import { scratch, root, shown, sourceFiles, workspacePackages } from './workspace.ts';

/** A ```ts fence of a docstring or a README. Line k of `code` is line `line + k` of the file, from 0. */
export interface Example {
  readonly file: string;
  readonly line: number;
  readonly code: string;
  /** False for a fence opened by ```ts no-run: type-checked only. */
  readonly runs: boolean;
  /** The name of the generated modules. */
  readonly name: string;
}

/** What `run-examples.ts` writes, one JSON object a line. */
export interface ExampleRun {
  readonly name: string;
  readonly failures: ReadonlyArray<{ readonly line: number; readonly message: string }>;
}

const folder = join(scratch, 'examples');

export function fences(file: string, lines: ReadonlyArray<string | undefined>): Example[] {
  const examples: Example[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const opening = /^(\s*)```(?:ts|typescript)\b(.*)$/.exec(lines[index] ?? '');
    if (!opening) continue;
    const indent = opening[1]!.length;
    const first = index + 1;
    index = first;
    const code: string[] = [];
    while (index < lines.length && !/^\s*```\s*$/.test(lines[index] ?? '```')) {
      code.push(lines[index]!.slice(indent));
      index += 1;
    }
    const name = `${shown(file).replaceAll(/[/.]/g, '-')}-${first + 1}`;
    examples.push({
      file,
      line: first + 1,
      code: code.join('\n'),
      runs: !/\bno-run\b/.test(opening[2]!),
      name,
    });
  }
  return examples;
}

/** The lines of a TypeScript file's `/** … *\/` comments without their stars; the other lines are undefined. */
export function docstringLines(text: string): Array<string | undefined> {
  let inside = false;
  return text.split('\n').map((line) => {
    if (/^\s*\/\*\*/.test(line)) inside = true;
    const content = inside ? line.replace(/^\s*(\/\*\*|\*(?!\/)) ?/, '') : undefined;
    if (line.includes('*/')) inside = false;
    return content;
  });
}

function findExamples(): readonly Example[] {
  const members = workspacePackages();
  const readmes = [root, ...members.map(({ directory }) => directory)]
    .map((directory) => join(directory, 'README.md'))
    .filter((path) => existsSync(path));
  const sources = members.flatMap(({ directory }) => sourceFiles(directory, ['src']));
  return [
    ...readmes.flatMap((path) => fences(path, readFileSync(path, 'utf8').split('\n'))),
    ...sources.flatMap((path) => fences(path, docstringLines(readFileSync(path, 'utf8')))),
  ];
}

interface Printable {
  readonly end: number;
  readonly endLine: number;
  /** Replaces the statement's text by one that compares what it prints. */
  compare(expected: string, line: number): { start: number; end: number; text: string };
}

/** What `console.log(x)` prints is `x`. */
function printedExpression(expression: Expression): Expression {
  if (expression.type !== 'CallExpression' || expression.callee.type !== 'MemberExpression')
    return expression;
  const { object, property } = expression.callee;
  const [value, ...others] = expression.arguments;
  const isLog =
    object.type === 'Identifier' &&
    object.name === 'console' &&
    property.type === 'Identifier' &&
    property.name === 'log';
  return isLog && value && value.type !== 'SpreadElement' && others.length === 0 ? value : expression;
}

/**
 * Turns `expression; // => text` (or `// => text` alone on the next line, continued by comment lines indented by
 * two spaces or more) into a comparison of what the expression prints. Lines stay where they are.
 */
export function withComparisons({ code, file, line: firstLine }: Example): string {
  const lineOf = (offset: number): number => code.slice(0, offset).split('\n').length - 1;
  const { program, comments, errors } = parseSync('example.ts', code);
  if (errors.length > 0) return code;
  const statements: Printable[] = [];
  const declared = (node: VariableDeclaration): void => {
    const [only, ...others] = node.declarations;
    if (!only || others.length > 0 || only.id.type !== 'Identifier') return;
    const { name } = only.id;
    const text = (expected: string, line: number): string => ` __printed(${name}, ${expected}, ${line});`;
    statements.push({
      end: node.end,
      endLine: lineOf(node.end),
      compare: (expected, line) => ({ start: node.end, end: node.end, text: text(expected, line) }),
    });
  };
  new Visitor({
    VariableDeclaration: declared,
    ExpressionStatement(node) {
      const { start, end } = printedExpression(node.expression);
      const source = code.slice(start, end);
      statements.push({
        end: node.end,
        endLine: lineOf(node.end),
        compare: (expected, line) => ({
          start: node.start,
          end: node.end,
          text: JSON.parse(expected).startsWith('throws ')
            ? `await __throws(async () => (${source}), ${expected}, ${line});`
            : `__printed((${source}), ${expected}, ${line});`,
        }),
      });
    },
  }).visit(program);

  const lines = code.split('\n');
  const edits: Array<{ start: number; end: number; text: string }> = [];
  for (const comment of comments) {
    const mark = /^\s*=>\s?(.*)$/.exec(comment.value);
    if (comment.type !== 'Line' || !mark) continue;
    const line = lineOf(comment.start);
    const alone = /^\s*\/\//.test(lines[line]!);
    const expected = [mark[1]!];
    for (let next = line + 1; /^\s*\/\/ {2,}\S/.test(lines[next] ?? ''); next += 1) {
      expected.push(lines[next]!.replace(/^\s*\/\/ {2}/, ''));
    }
    const target = statements
      .filter(({ end, endLine }) => end <= comment.start && endLine === (alone ? line - 1 : line))
      .toSorted((a, b) => b.end - a.end)[0];
    if (!target) {
      throw new Error(
        `${shown(file)}:${firstLine + line}: \`// => …\` stands behind no statement that prints something.`,
      );
    }
    edits.push(target.compare(JSON.stringify(expected.join('\n').trim()), line));
  }
  return edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.end), code);
}

/** A folder outside of every package in which each of them is installed under its name. */
function layOut(examples: readonly Example[]): void {
  rmSync(folder, { recursive: true, force: true });
  for (const part of ['node_modules/@nadir', 'check', 'run', 'work'])
    mkdirSync(join(folder, part), { recursive: true });
  for (const { directory, manifest } of workspacePackages()) {
    symlinkSync(directory, join(folder, 'node_modules', manifest.name), 'junction');
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const compilerOptions = {
    noEmit: true,
    customConditions: ['@nadir/source'],
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    moduleDetection: 'force',
    declaration: false,
    isolatedDeclarations: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
  };
  const config = { extends: join(root, 'tsconfig.base.json'), compilerOptions, include: ['check'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  for (const example of examples) {
    writeFileSync(join(folder, 'check', `${example.name}.ts`), `${example.code}\n`);
    if (example.runs)
      writeFileSync(join(folder, 'run', `${example.name}.ts`), `${withComparisons(example)}\nexport {};\n`);
  }
}

export async function examples(): Promise<PhaseResult> {
  const found = findExamples();
  const byName = new Map(found.map((example) => [example.name, example]));
  const place = (name: string, line: number): string => {
    const { file, line: first } = byName.get(name)!;
    return `${shown(file)}:${first + line}`;
  };
  layOut(found);

  const types = await command('tsc', ['--pretty', 'false'], { cwd: folder });
  // Faults of the sources themselves are the types phase's to report, details (indented) belong to the line above.
  const typeErrors: string[] = [];
  let isExample = false;
  for (const line of types.output.split('\n')) {
    const own = /^check\/([^/]+)\.ts\((\d+),(\d+)\)(.*)$/.exec(line);
    if (own) typeErrors.push(`${place(own[1]!, Number(own[2]) - 1)}:${own[3]!}${own[4]!}`);
    else if (isExample && line.startsWith(' ')) typeErrors.push(line);
    isExample = own !== null || (isExample && line.startsWith(' '));
  }

  const results = join(folder, 'results.jsonl');
  writeFileSync(results, '');
  const names = found.filter(({ runs }) => runs).map(({ name }) => name);
  writeFileSync(join(folder, 'names.json'), JSON.stringify(names));
  const runner = join(root, '.ci/check/run-examples.ts');
  const process = await command('node', ['--conditions=@nadir/source', '--expose-gc', runner, folder], {
    cwd: join(folder, 'work'),
  });
  const runs = readFileSync(results, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as ExampleRun);
  const failures = runs.flatMap(({ name, failures: list }) =>
    list.map(({ line, message }) => `${place(name, line)}: ${message}`),
  );
  if (runs.length < names.length) {
    failures.push(`${place(names[runs.length]!, 0)}: ended the process.\n${process.output}`);
  }
  const ok = typeErrors.length === 0 && failures.length === 0;
  return {
    ok,
    output: ok ? '' : `${[...typeErrors, ...failures].join('\n')}\n`,
    note: `${found.length} examples, ${runs.length} run`,
  };
}
