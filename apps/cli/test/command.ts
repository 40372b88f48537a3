import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a run of the command came to. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The lines of stdout as JSON. */
  events(): ReadonlyArray<Readonly<Record<string, unknown>>>;
}

/** How a run of the command is started and watched. */
export interface CommandOptions {
  readonly cwd?: string;
  /** Sends this signal once stdout matches. */
  readonly interrupt?: { readonly signal: NodeJS.Signals; readonly when: RegExp };
  readonly env?: Readonly<Record<string, string>>;
}

/** The command as the repository holds it, or as it was built. */
export const entries: Readonly<Record<'source' | 'built', readonly string[]>> = {
  source: ['--conditions=@nadir/source', join(import.meta.dirname, '../src/main.ts')],
  built: [join(import.meta.dirname, '../dist/main.js')],
};

/** An empty folder. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'nadir-cli-'));
}

/** Runs the command in a process of its own. */
export function command(
  entry: readonly string[],
  arguments_: readonly string[],
  { cwd = temporaryFolder(), interrupt, env = {} }: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...entry, ...arguments_], {
      cwd,
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    let interrupted = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (interrupt !== undefined && !interrupted && interrupt.when.test(stdout)) {
        interrupted = true;
        child.kill(interrupt.signal);
      }
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({
        code: code ?? -1,
        stdout,
        stderr,
        events: () =>
          stdout
            .split('\n')
            .filter((text) => text !== '')
            .map((text) => JSON.parse(text) as Record<string, unknown>),
      }),
    );
  });
}
