import ansis from 'ansis';
import { CommanderError } from 'commander';
import { CliError } from './cli-error.ts';
import { createProgram } from './program.ts';

/** Runs the command line and returns its exit code. Errors are shown, never thrown. */
export async function run(arguments_: readonly string[], version: string): Promise<number> {
  let exitCode = 0;
  const program = createProgram(version, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(arguments_, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Asked for help or version: 0. Commander has shown everything else itself.
      return error.exitCode === 0 ? 0 : 2;
    }
    return showError(error, arguments_.includes('--json'));
  }
}

/** Errors of Nadir's own libraries say what is wrong and what to do; a stack adds nothing. */
const plainNames = new Set([
  'StudyError',
  'StorageError',
  'StaleTrialError',
  'DistributionError',
  'NadirError',
  'DataError',
  'ScheduleError',
]);

function showError(error: unknown, json: boolean): number {
  const known = error instanceof Error ? error : new Error(String(error));
  const exitCode = known instanceof CliError ? known.exitCode : 1;
  const isPlain = known instanceof CliError || plainNames.has(known.name);
  if (json) process.stdout.write(`${JSON.stringify({ event: 'error', message: known.message, exitCode })}\n`);
  const text = isPlain ? known.message : (known.stack ?? known.message);
  process.stderr.write(`${ansis.red('✗')} ${text}\n`);
  if (process.env['NADIR_DEBUG'] !== undefined && isPlain) process.stderr.write(`${known.stack}\n`);
  return exitCode;
}
