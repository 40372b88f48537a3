import { readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { text as readStream } from 'node:stream/consumers';
import ansis from 'ansis';
import { InvalidArgumentError, type Command } from 'commander';
import {
  createStudy,
  exportStudy,
  importStudies,
  loadStudy,
  optunaTrials,
  type Direction,
  type Study,
  type StudyStorage,
} from '@nadir/tune';
import { openStorage } from '@nadir/tune/node';
import { UsageError } from '../cli-error.ts';
import { plural } from '../terminal/format.ts';
import { countStates, studyLines, studyListLines } from '../terminal/study-table.ts';
import { numbers } from './options.ts';
import { createOutput, type Output } from './output.ts';

/** Where studies are unless `--storage` says otherwise. */
const defaultStorage = './nadir-studies';

interface StorageFlags {
  readonly storage: string;
  readonly json?: boolean;
}

function directions(text: string): readonly Direction[] {
  return text.split(',').map((item) => {
    if (item !== 'minimize' && item !== 'maximize') {
      throw new InvalidArgumentError('It must be minimize or maximize, or several of them with commas.');
    }
    return item;
  });
}

/** Adds `nadir study` and its subcommands. */
export function addStudyCommand(program: Command, setExitCode: (code: number) => void): void {
  const study = program
    .command('study')
    .summary('show, carry and delete stored studies')
    .description(
      'Shows the studies of a storage, carries them between storages, and deletes them.\n' +
        'A storage is a folder, a .jsonl file, or the URL of a PostgreSQL server (postgres://…).',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ nadir study list
  $ nadir study show mnist --trials 5
  $ nadir study list --storage postgres://nadir@localhost/studies
  $ nadir study export mnist --out mnist.jsonl
  $ nadir study import trials.csv --as earlier --direction maximize   of Optuna's trials_dataframe()`,
    );
  const add = (usage: string, description: string): Command =>
    study
      .command(usage)
      .description(description)
      .option('--storage <location>', 'where the studies are', defaultStorage)
      .option('--json', 'one JSON object a line');

  add('list', 'lists the studies').action(async (flags: StorageFlags) => {
    setExitCode(await withStorage(flags, { readOnly: true }, list));
  });
  add('show <study>', 'shows a study: its best trials, and what they came to')
    .option('--trials <count>', 'how many trials to show', numbers.count, 20)
    .action(async (name: string, flags: StorageFlags & { readonly trials: number }) => {
      setExitCode(
        await withStorage(flags, { readOnly: true }, async (storage, output) => {
          show(await loadStudy({ storage, name }), flags.trials, output);
        }),
      );
    });
  add('export <study>', 'writes a study as JSON lines')
    .option('--out <file>', 'where to (default: the standard output)')
    .action(async (name: string, flags: StorageFlags & { readonly out?: string }) => {
      setExitCode(
        await withStorage(flags, { readOnly: true }, (storage, output) =>
          carryOut(storage, name, flags.out, output),
        ),
      );
    });
  add(
    'import <file>',
    "adds the studies of JSON lines, or the trials of an Optuna data frame; '-' is the standard input",
  )
    .option('--as <name>', 'what the study is called here')
    .option('--direction <direction>', 'of trials from Optuna (default: minimize)', directions)
    .action(async (file: string, flags: StorageFlags & ImportFlags) => {
      setExitCode(await withStorage(flags, {}, (storage, output) => carryIn(storage, file, flags, output)));
    });
  add('rm <studies...>', 'deletes studies with their trials')
    .option('--yes', 'do not ask')
    .action(async (names: readonly string[], flags: StorageFlags & { readonly yes?: boolean }) => {
      setExitCode(
        await withStorage(flags, { create: false }, (storage, output) =>
          remove(storage, names, flags, output),
        ),
      );
    });
}

async function withStorage(
  flags: StorageFlags,
  options: { readonly readOnly?: boolean; readonly create?: boolean },
  work: (storage: StudyStorage, output: Output) => Promise<void>,
): Promise<number> {
  const storage = openStorage(flags.storage, options);
  try {
    await work(storage, createOutput(flags.json ?? false));
    return 0;
  } finally {
    await storage.close();
  }
}

async function list(storage: StudyStorage, output: Output): Promise<void> {
  const studies: Study[] = [];
  for (const { name } of await storage.listStudies()) studies.push(await loadStudy({ storage, name }));
  for (const study of studies) output.event('study', summaryOf(study));
  for (const line of studyListLines(studies, output.screen.width)) output.screen.print(line);
}

function show(study: Study, trials: number, output: Output): void {
  for (const line of studyLines(study, trials, output.screen.width)) output.screen.print(line);
  output.event('study', summaryOf(study));
  for (const trial of study.trials) output.event('trial', { ...trial });
}

/** What machines are told of a study. */
function summaryOf(study: Study): Readonly<Record<string, unknown>> {
  const { name, directions, seed, trials, bestTrials, userAttributes } = study;
  return {
    name,
    directions,
    seed,
    trials: countStates(trials),
    best: bestTrials.map(({ number, values, params }) => ({ number, values, params })),
    userAttributes,
  };
}

async function carryOut(
  storage: StudyStorage,
  name: string,
  out: string | undefined,
  output: Output,
): Promise<void> {
  const text = await exportStudy(storage, name);
  if (out === undefined) {
    await new Promise<void>((resolve) => {
      process.stdout.write(text, () => resolve());
    });
    return;
  }
  await writeFile(out, text, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      error.code === 'EEXIST'
        ? `${out} is there already. Choose another name, or remove it.`
        : `${out} could not be written: ${error.message}`,
    );
  });
  const trials = text.split('\n').length - 3;
  output.screen.print(`${ansis.green('✓')} ${name}, ${plural(trials, 'trial')}, is in ${out}`);
  output.event('export', { name, file: out, trials });
}

interface ImportFlags {
  readonly as?: string;
  readonly direction?: readonly Direction[];
}

async function carryIn(
  storage: StudyStorage,
  file: string,
  flags: ImportFlags,
  output: Output,
): Promise<void> {
  const text = await (file === '-' ? readStream(process.stdin) : readFile(file, 'utf8')).catch(
    (error: Error) => {
      throw new UsageError(`${file} could not be read: ${error.message}`);
    },
  );
  const names = text.startsWith('{"format":')
    ? await importLines(storage, text, file, flags)
    : await importFromOptuna(storage, text, flags);
  for (const name of names) {
    const trials = (await storage.loadTrials(name, 0)).length;
    output.screen.print(`${ansis.green('✓')} ${name}, ${plural(trials, 'trial')}`);
    output.event('import', { name, trials });
  }
}

async function importLines(
  storage: StudyStorage,
  text: string,
  source: string,
  { as, direction }: ImportFlags,
): Promise<readonly string[]> {
  if (direction !== undefined) {
    throw new UsageError(`${source} says itself which way its studies improve. Leave --direction out.`);
  }
  const studies = await importStudies(storage, text, { name: as, source });
  return studies.map(({ name }) => name);
}

async function importFromOptuna(
  storage: StudyStorage,
  text: string,
  { as: name, direction = ['minimize'] }: ImportFlags,
): Promise<readonly string[]> {
  if (name === undefined)
    throw new UsageError('A data frame has no name: give the study one with --as <name>.');
  const trials = optunaTrials(text);
  const objectives = trials.find(({ values }) => values !== null)?.values?.length ?? 1;
  if (objectives !== direction.length) {
    throw new UsageError(
      `These trials have ${plural(objectives, 'value')}: name as many directions, as in --direction minimize,maximize.`,
    );
  }
  const study = await createStudy({ storage, name, directions: direction });
  await study.importTrials(trials);
  return [name];
}

async function remove(
  storage: StudyStorage,
  names: readonly string[],
  flags: StorageFlags & { readonly yes?: boolean },
  output: Output,
): Promise<void> {
  // All of them are looked for first: a name that is wrong deletes nothing.
  const studies: Study[] = [];
  for (const name of new Set(names)) studies.push(await loadStudy({ storage, name }));
  for (const { name, trials } of studies) {
    if (flags.yes !== true && !(await confirm(`Delete ${name} with ${plural(trials.length, 'trial')}?`))) {
      output.screen.print(`${name} is kept.`);
      continue;
    }
    await storage.deleteStudy(name);
    output.screen.print(`${ansis.green('✓')} ${name} is deleted.`);
    output.event('rm', { name, trials: trials.length });
  }
}

async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new UsageError('Nobody is there to be asked: say --yes to delete.');
  }
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await prompt.question(`${question} ${ansis.dim('[y/N]')} `)).trim());
  } finally {
    prompt.close();
  }
}
