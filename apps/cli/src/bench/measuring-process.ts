import { spawn, type ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CliError } from '../cli-error.ts';
import type { Answer, Request } from './subject.ts';
import type { Contestant } from './system.ts';

// Beside this file: TypeScript in the repository, JavaScript where it is built.
const extension = extname(import.meta.url);
const entry = fileURLToPath(new URL(`./measuring-entry${extension}`, import.meta.url));
// The same place seen from `src/bench` and `dist/bench`.
const torchEntry = fileURLToPath(new URL('../../bench/torch-system.py', import.meta.url));

/** What starts a measuring process. */
export interface MeasuringOptions {
  readonly system: Contestant['system'] | 'peak';
  readonly threads: number;
  /** The interpreter of torch. */
  readonly python: string;
}

const pythonHint = 'Name an interpreter that has torch: --python <path>, or NADIR_PYTHON.';

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** A process of its own for every system and number of threads, so that none disturbs another's heap. */
export class MeasuringProcess {
  /** The version of the system. */
  version = '';
  readonly #child: ChildProcess;
  #waiting: Waiting | undefined;
  #complaints = '';
  #end: Error | undefined;

  private constructor(child: ChildProcess, name: string) {
    this.#child = child;
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-2000);
    });
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const answer = answerOf(line);
      if (answer !== undefined) this.#settle((waiting) => waiting.resolve(answer));
    });
    const fail = (error: Error): void => {
      this.#end ??= error;
      this.#settle((waiting) => waiting.reject(this.#end!));
    };
    child.on('error', (error: NodeJS.ErrnoException) =>
      fail(error.code === 'ENOENT' ? new CliError(`there is no ${child.spawnfile}. ${pythonHint}`) : error),
    );
    child.on('close', (code, signal) =>
      fail(
        new CliError(
          `The process of ${name} ended (${signal ?? `exit code ${code}`}).\n${this.#complaints}`.trim(),
        ),
      ),
    );
    // A request to a process that is gone is answered by its end.
    child.stdin!.on('error', () => {});
  }

  /**
   * Starts the process of a system.
   *
   * @throws CliError where the system is missing or does not start.
   */
  static async start({ system, threads, python }: MeasuringOptions): Promise<MeasuringProcess> {
    const [program, args] =
      system === 'torch'
        ? [python, [torchEntry, String(threads)]]
        : [
            process.execPath,
            [...(extension === '.ts' ? ['--conditions=@nadir/source'] : []), entry, system, String(threads)],
          ];
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      // Threads of OpenMP that spin between two steps of torch would slow everybody else.
      env: { ...process.env, OMP_WAIT_POLICY: 'PASSIVE' },
    });
    const started = new MeasuringProcess(child, system);
    try {
      started.version = (await started.#next()).version!;
      return started;
    } catch (error) {
      started.end();
      throw error;
    }
  }

  /** Asks; one answer comes for every request. */
  ask(request: Request): Promise<Answer> {
    const answer = this.#next();
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
    return answer;
  }

  async #next(): Promise<Answer> {
    const answer = await new Promise<Answer>((resolve, reject) => {
      if (this.#end === undefined) this.#waiting = { resolve, reject };
      else reject(this.#end);
    });
    if (answer.error !== undefined) throw new CliError(answer.error);
    return answer;
  }

  /** Ends the process, whatever it does. */
  end(): void {
    this.#child.kill('SIGKILL');
  }

  #settle(how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) how(waiting);
  }
}

/** The answer on a line; undefined for what libraries write to standard output themselves. */
function answerOf(line: string): Answer | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
