import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { Environment } from '@nadir/train';
import { UsageError } from './cli-error.ts';
import type { ExecutorName } from './execution.ts';
import { writeWhole } from './model-file.ts';
import type { Choices } from './report/study-record.ts';
import type { SearchPlan } from './search-plan.ts';

/** What every run folder says about itself, in `run.json`. */
interface RunHeader {
  readonly format: 'nadir-run-1';
  /** The experiment's name or absolute path. */
  readonly reference: string;
  readonly experiment: string;
  /** Of the split of the data. */
  readonly dataSeed: number;
  readonly createdAt: string;
  /** What was typed. */
  readonly command: string;
  /** What takes the steps. */
  readonly executor: ExecutorName;
}

/** A run of `nadir train`. */
export interface TrainHeader extends RunHeader {
  readonly kind: 'train';
  readonly seed: number;
  readonly choices: Choices;
  readonly epochs: number;
  readonly clipNorm?: number;
  readonly patience?: number;
}

/** A run of `nadir tune` or `nadir start`. */
export interface TuneHeader extends RunHeader {
  readonly kind: 'tune';
  readonly plan: SearchPlan;
  /** Where its first trials ran. */
  readonly environment: Environment;
}

export type AnyHeader = TrainHeader | TuneHeader;

/** Where a run keeps what it does. */
export class RunFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  /** The path as a user would type it. */
  get shown(): string {
    const path = relative(process.cwd(), this.path);
    return path === '' ? '.' : path.startsWith('..') ? this.path : path;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  shownFile(name: string): string {
    return join(this.shown, name);
  }

  has(name: string): boolean {
    return existsSync(this.file(name));
  }

  async writeJson(name: string, value: unknown): Promise<void> {
    await writeWhole(this.file(name), `${JSON.stringify(value, null, 1)}\n`);
  }

  async writeText(name: string, text: string): Promise<void> {
    await writeWhole(this.file(name), text);
  }

  async readJson(name: string): Promise<unknown> {
    const text = await readFile(this.file(name), 'utf8');
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new UsageError(`${this.shownFile(name)} is damaged: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}

/** Makes the folder of a new run: `out`, or one in ./nadir-runs named for the experiment and the time. */
export async function createRunFolder(header: AnyHeader, out: string | undefined): Promise<RunFolder> {
  const time = header.createdAt.replace(/\..*/, '').replace(/[:-]/g, '').replace('T', '-');
  const base = join('nadir-runs', `${header.experiment}-${header.kind}-${time}`);
  let path = out ?? base;
  for (let copy = 2; out === undefined && existsSync(path); copy++) path = `${base}-${copy}`;
  const folder = new RunFolder(path);
  if (existsSync(folder.path) && (await readdir(folder.path)).length > 0) {
    throw new UsageError(
      folder.has('run.json')
        ? `${folder.shown} already holds a run. Go on with it: nadir ${header.kind} --resume ${folder.shown}, or choose another --out.`
        : `${folder.shown} is not empty. Choose another --out.`,
    );
  }
  await mkdir(folder.path, { recursive: true });
  await folder.writeJson('run.json', header);
  return folder;
}

/** Opens the folder of an earlier run of the same command. Throws a UsageError that says what it is instead. */
export async function openRunFolder<Kind extends AnyHeader['kind']>(
  path: string,
  kind: Kind,
): Promise<{ readonly folder: RunFolder; readonly header: Extract<AnyHeader, { readonly kind: Kind }> }> {
  const folder = new RunFolder(path);
  if (!folder.has('run.json')) {
    const known = await knownRuns(kind);
    throw new UsageError(
      `${folder.shown} holds no run of nadir ${kind}: there is no run.json in it.` +
        (known.length === 0 ? '' : `\nRuns in nadir-runs: ${known.join(', ')}.`),
    );
  }
  const header = (await folder.readJson('run.json')) as AnyHeader;
  if (header.format !== 'nadir-run-1') {
    throw new UsageError(`${folder.shownFile('run.json')} was written by another version of nadir.`);
  }
  if (header.kind !== kind) {
    throw new UsageError(
      `${folder.shown} holds a run of nadir ${header.kind}. Go on with it: nadir ${header.kind} --resume ${folder.shown}`,
    );
  }
  return { folder, header: header as Extract<AnyHeader, { readonly kind: Kind }> };
}

async function knownRuns(kind: string): Promise<readonly string[]> {
  if (!existsSync('nadir-runs')) return [];
  return (await readdir('nadir-runs')).filter((name) => name.includes(`-${kind}-`)).slice(-5);
}
