/** An error that the user can act on: shown without a stack. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  /** The process's exit code; see `exitCodes`. */
  readonly exitCode: number = 1;
}

/** The command line, an experiment or a run folder is not as it must be: exit code 2. */
export class UsageError extends CliError {
  override readonly name = 'UsageError';
  override readonly exitCode = 2;
}
