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

/** A bound against hanging: the slowest command of a healthy run takes a small part of it. */
const longestMinutes = 20;
const onWindows = process.platform === 'win32';

/** Ends every command that still runs, with all that it started: the check was interrupted. */
export function stopCommands(): void {
  for (const child of running) stop(child);
}

function stop(child: ChildProcess): void {
  if (onWindows || child.pid === undefined) child.kill();
  else process.kill(-child.pid, 'SIGTERM');
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
      // A process group of its own: pnpm's shims put a shell between this process and the tool.
      detached: !onWindows,
      shell: onWindows,
    });
    running.add(child);
    let output = '';
    const keep = (text: string): void => {
      output += text;
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    const timer = setTimeout(() => {
      keep(`\n${name}: stopped after ${longestMinutes} minutes\n`);
      stop(child);
    }, longestMinutes * 60_000);
    child.on('error', (error) => keep(`${name}: ${error.message}\n`));
    child.on('close', (code, signal) => {
      running.delete(child);
      clearTimeout(timer);
      if (signal) keep(`${name} was ended by ${signal} (${128 + constants.signals[signal]})\n`);
      resolve({ ok: code === 0, output });
    });
  });
}
