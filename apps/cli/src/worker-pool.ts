import { fork, type ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CliError } from './cli-error.ts';
import type { RunHooks, RunJob, RunResult } from './measured-run.ts';
import type { FromWorker, Opening, ToWorker } from './worker-protocol.ts';

/** Does runs; several at a time where it can. */
export interface Runner {
  run(job: RunJob, hooks?: RunHooks): Promise<RunResult>;
  close(): void;
}

interface Worker {
  readonly process: ChildProcess;
  /** Receives what the worker tells about its run; undefined while it rests. */
  receive: ((message: FromWorker) => void) | undefined;
  /** Ends its run when the process is gone. */
  lost: ((error: Error) => void) | undefined;
}

// Beside this file: TypeScript in the repository, JavaScript where it is built.
const extension = extname(import.meta.url);
const entry = fileURLToPath(new URL(`./trial-worker${extension}`, import.meta.url));

/** The process of a run is gone. */
class LostWorkerError extends CliError {
  override readonly name = 'LostWorkerError';
}

/** A pool of worker processes, started as they are needed: a run that takes its process down takes nothing else along. */
export class WorkerPool implements Runner {
  readonly #opening: Opening;
  readonly #threadsOf: (job: RunJob) => number;
  readonly #resting: Worker[] = [];
  readonly #all = new Set<Worker>();

  /** @param threadsOf threads of a run, of those that compute its steps */
  constructor(opening: Opening, threadsOf: (job: RunJob) => number) {
    this.#opening = opening;
    this.#threadsOf = threadsOf;
  }

  /** A run whose process is lost, as by the kernel for want of memory, is done once more: it would be the same again. */
  async run(job: RunJob, hooks: RunHooks = {}): Promise<RunResult> {
    try {
      return await this.#runOnce(job, hooks);
    } catch (error) {
      if (!(error instanceof LostWorkerError) || hooks.signal?.aborted === true) throw error;
      return this.#runOnce(job, hooks);
    }
  }

  async #runOnce(job: RunJob, hooks: RunHooks): Promise<RunResult> {
    const { signal } = hooks;
    signal?.throwIfAborted();
    const worker = this.#resting.pop() ?? this.#start();
    const tell = (message: ToWorker): void => {
      // A send that fails is followed by the exit of the process, which ends the run.
      if (worker.process.connected) worker.process.send(message, () => {});
    };
    const abort = (): void => tell({ type: 'abort' });
    signal?.addEventListener('abort', abort);
    try {
      return await new Promise<RunResult>((resolve, reject) => {
        worker.lost = reject;
        worker.receive = (message) => {
          if (message.type === 'result') resolve(message.result);
          else if (message.type === 'error') reject(remoteError(message));
          else if (message.type === 'progress') hooks.onProgress?.(message.progress);
          else {
            Promise.resolve(hooks.onEvaluation?.(message.point, message.index) ?? false).then(
              (prune) => tell({ type: 'answer', prune }),
              reject,
            );
          }
        };
        tell({ type: 'run', opening: this.#opening, job, threads: this.#threadsOf(job) });
      });
    } finally {
      signal?.removeEventListener('abort', abort);
      worker.receive = worker.lost = undefined;
      if (worker.process.connected) this.#resting.push(worker);
    }
  }

  close(): void {
    for (const { process } of this.#all) if (process.connected) process.disconnect();
    this.#all.clear();
    this.#resting.length = 0;
  }

  #start(): Worker {
    const child = fork(entry, [], {
      // NaN and Infinity do not survive JSON.
      serialization: 'advanced',
      execArgv: extension === '.ts' ? ['--conditions=@nadir/source'] : [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const worker: Worker = { process: child, receive: undefined, lost: undefined };
    let complaints = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaints = (complaints + text).slice(-2000);
    });
    child.on('message', (message) => worker.receive?.(message as FromWorker));
    child.on('error', (error) => worker.lost?.(error));
    child.on('exit', (code, signal) => {
      this.#all.delete(worker);
      const place = this.#resting.indexOf(worker);
      if (place >= 0) this.#resting.splice(place, 1);
      const how = signal === null ? `exit code ${code}` : signal;
      worker.lost?.(
        new LostWorkerError(`A worker process ended in the middle of a run (${how}).\n${complaints}`.trim()),
      );
    });
    this.#all.add(worker);
    return worker;
  }
}

function remoteError({ name, message, stack }: Extract<FromWorker, { readonly type: 'error' }>): Error {
  const error = name === 'UsageError' || name === 'CliError' ? new CliError(message) : new Error(message);
  if (!(error instanceof CliError)) error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
