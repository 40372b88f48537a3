// Runs the generated example modules, one after the other, in a process of their own (see examples.ts).
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import type { ExampleRun } from './examples.ts';

const folder = process.argv[2]!;
const names = JSON.parse(readFileSync(join(folder, 'names.json'), 'utf8')) as readonly string[];
let failures: Array<ExampleRun['failures'][number]> = [];

/** Spaces and line breaks do not count, but between words. */
function normal(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/(?<=[[{(,]) | (?=[\]}),])/g, '')
    .trim();
}

/** The forms in which a documentation may write a value: as it prints itself, as Node prints it, as JSON. */
function printedForms(value: unknown): readonly string[] {
  const forms = [
    inspect(value, { depth: 8, breakLength: Infinity, maxArrayLength: 1000, maxStringLength: null }),
  ];
  if (typeof value === 'string') forms.unshift(value);
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') {
    const { toString } = value;
    const isBuiltIn = /\[native code\]/.test(Function.prototype.toString.call(toString));
    if (!isBuiltIn || value instanceof Error) forms.unshift(String(value));
    else forms.push(JSON.stringify(value) ?? '');
  }
  return forms;
}

/** `…` at the end of the expected text stands for any rest. */
function agrees(printed: string, expected: string): boolean {
  const [got, wanted] = [normal(printed), normal(expected)];
  return wanted.endsWith('…') ? got.startsWith(wanted.slice(0, -1).trimEnd()) : got === wanted;
}

function printed(value: unknown, expected: string, line: number): void {
  const forms = printedForms(value);
  if (forms.some((form) => agrees(form, expected))) return;
  failures.push({ line, message: `expected ${expected}, and it printed ${forms[0]}` });
}

async function throws(run: () => Promise<unknown>, expected: string, line: number): Promise<void> {
  const wanted = expected.replace(/^throws /, '');
  try {
    await run();
  } catch (error) {
    if (agrees(String(error), wanted) || (error as Error).name === wanted) return;
    failures.push({ line, message: `expected ${wanted}, and it threw ${String(error)}` });
    return;
  }
  failures.push({ line, message: `expected ${wanted}, and nothing was thrown` });
}

/** The line, from 0, of the example's own frame in a stack. */
function lineInExample(error: unknown, name: string): number {
  const frame = error instanceof Error ? error.stack?.match(new RegExp(`${name}\\.ts:(\\d+)`)) : undefined;
  return frame ? Number(frame[1]) - 1 : 0;
}

Object.assign(globalThis, { __printed: printed, __throws: throws });
for (const method of ['log', 'info', 'warn', 'error', 'table'] as const) console[method] = () => {};

for (const name of names) {
  failures = [];
  try {
    await import(pathToFileURL(join(folder, 'run', `${name}.ts`)).href);
  } catch (error) {
    failures.push({ line: lineInExample(error, name), message: `threw ${String(error)}` });
  }
  appendFileSync(
    join(folder, 'results.jsonl'),
    `${JSON.stringify({ name, failures } satisfies ExampleRun)}\n`,
  );
}
