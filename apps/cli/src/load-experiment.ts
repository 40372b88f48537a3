import { existsSync, statSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createJiti } from 'jiti';
import { CliError, UsageError } from './cli-error.ts';
import { checkExperiment, type Experiment } from './experiment.ts';
import { nearest } from './nearest.ts';

/** The experiments that come with the command, loaded when they are asked for. */
const builtIns: Readonly<Record<string, () => Promise<{ readonly default: Experiment }>>> = {
  mnist: () => import('./experiments/mnist.ts'),
};

/** Names of the built-in experiments. */
const builtInNames: readonly string[] = Object.keys(builtIns);

/** An experiment, and by what another process finds it: the name of a built-in one, or an absolute path. */
export interface LoadedExperiment {
  readonly experiment: Experiment;
  readonly reference: string;
}

const extensions = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];

/**
 * Loads a built-in experiment by name, or the default export of a file. TypeScript files load on every supported Node.
 * Throws a UsageError where there is none, a CliError where the file itself fails.
 */
export async function loadExperiment(
  reference: string,
  folder: string = process.cwd(),
): Promise<LoadedExperiment> {
  if (Object.hasOwn(builtIns, reference)) {
    return { experiment: (await builtIns[reference]!()).default, reference };
  }
  const path = resolve(folder, reference);
  const looksLikeFile = /[/\\]/.test(reference) || extensions.includes(extname(reference));
  if (!existsSync(path) || !statSync(path).isFile()) throw unknownExperiment(reference, path, looksLikeFile);
  if (!extensions.includes(extname(path))) {
    throw new UsageError(`An experiment is a TypeScript or JavaScript file, got ${reference}.`);
  }
  const module = await importFile(path, reference);
  if (!Object.hasOwn(module, 'default')) {
    const named = Object.keys(module).join(', ');
    throw new UsageError(
      `${reference} has no default export${named === '' ? '' : ` (it exports ${named})`}. ` +
        'An experiment file ends in: export default defineExperiment({ … }).',
    );
  }
  checkExperiment(module['default'], reference);
  return { experiment: module['default'], reference: path };
}

function unknownExperiment(reference: string, path: string, looksLikeFile: boolean): UsageError {
  if (looksLikeFile) return new UsageError(`There is no file ${path}.`);
  const close = nearest(reference, builtInNames);
  return new UsageError(
    `There is no experiment '${reference}'${close === undefined ? '' : `. Did you mean '${close}'?`}\n` +
      `Built in: ${builtInNames.join(', ')}. For one of your own, give the path of its file, as ./my-experiment.ts.`,
  );
}

async function importFile(path: string, reference: string): Promise<Record<string, unknown>> {
  const jiti = createJiti(pathToFileURL(path).href, {
    interopDefault: false,
    // Edited files must never come from a cache of another run, and nothing is left on the user's disk.
    fsCache: false,
    virtualModules: await ownPackages(),
  });
  try {
    return { ...(await jiti.import<Record<string, unknown>>(path)) };
  } catch (error) {
    if (error instanceof CliError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new CliError(`${reference} could not be loaded: ${message}`, { cause: error });
  }
}

/**
 * An experiment gets the very packages that the command runs on, wherever its file lies: a second copy of
 * `@nadir/tensor` in one process would be a second Tensor class.
 */
async function ownPackages(): Promise<Record<string, unknown>> {
  return {
    nadir: await import('./index.ts'),
    '@nadir/autograd': await import('@nadir/autograd'),
    '@nadir/data': await import('@nadir/data'),
    '@nadir/data/node': await import('@nadir/data/node'),
    '@nadir/nn': await import('@nadir/nn'),
    '@nadir/optimizers': await import('@nadir/optimizers'),
    '@nadir/random': await import('@nadir/random'),
    '@nadir/schedulers': await import('@nadir/schedulers'),
    '@nadir/tensor': await import('@nadir/tensor'),
    '@nadir/train': await import('@nadir/train'),
    '@nadir/tune': await import('@nadir/tune'),
  };
}
