import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { pinnedNodeDirectory } from '../pinned-node.mjs';
import { root } from './workspace.ts';

export interface CommandResult {
  readonly ok: boolean;
  readonly output: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const searchPath = [pinnedNodeDirectory, join(root, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(
  delimiter,
);
const running = new Set<ChildProcess>();

/** Ends every command that still runs: the check was interrupted. */
export function stopCommands(): void {
  for (const child of running) child.kill('SIGTERM');
}

/** Runs a command without standard input and keeps what it prints, errors included, in the order it came. */
export function command(
  name: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const color = process.stdout.isTTY && !process.env['NO_COLOR'] ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' };
    const child = spawn(name, args, {
      cwd: options.cwd ?? root,
      env: {
        ...process.env,
        ...color,
        PATH: searchPath,
        TURBO_TELEMETRY_DISABLED: '1',
        DO_NOT_TRACK: '1',
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    running.add(child);
    let output = '';
    const keep = (text: string): void => {
      output += text;
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => keep(`${name}: ${error.message}\n`));
    child.on('close', (code, signal) => {
      running.delete(child);
      if (signal) keep(`${name} was ended by ${signal} (${128 + constants.signals[signal]})\n`);
      resolve({ ok: code === 0, output });
    });
  });
}
