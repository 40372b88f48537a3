import { createInterface } from 'node:readline';

/** A workload on a system, in the process that measures it. */
export interface Subject {
  /** Takes so many steps and waits for them. A training step reads its loss. */
  run(steps: number): void | Promise<void>;
  /** The loss of the last step; of a single operation the mean square of its result; of the peak GFLOP/s. */
  value(): number | Promise<number>;
  /** Frees what it holds. */
  close(): void;
}

/** A system, in the process that measures it. */
export interface System {
  /** Its version, for people. */
  readonly version: string;
  /** Readies a workload. `data` is the path of a safetensors file with its state and batches. */
  open(workload: string, data: string): Subject | Promise<Subject>;
}

/** A system cannot do a workload; the message says why. */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError';
}

/** What a measuring process is asked, one JSON object a line. */
export type Request =
  | { readonly do: 'open'; readonly workload: string; readonly data: string }
  | { readonly do: 'run'; readonly steps: number }
  | { readonly do: 'value' }
  | { readonly do: 'close' };

/** What it answers, one line a request; `version` is told once, at the start. */
export interface Answer {
  readonly version?: string;
  readonly ms?: number;
  /** Null where it is not a finite number. */
  readonly value?: number | null;
  readonly unsupported?: string;
  readonly error?: string;
}

/** Serves the requests on standard input until it ends. */
export async function serve(load: () => System | Promise<System>): Promise<void> {
  const answer = (fields: Answer): void => {
    process.stdout.write(`${JSON.stringify(fields)}\n`);
  };
  // Ctrl-C reaches the whole foreground group: the parent decides, and closes standard input.
  process.on('SIGINT', () => {});
  let system: System;
  try {
    system = await load();
  } catch (error) {
    answer({ error: textOf(error) });
    return;
  }
  answer({ version: system.version });
  let subject: Subject | undefined;
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request;
    try {
      if (request.do === 'open') {
        subject = await system.open(request.workload, request.data);
        answer({});
      } else if (request.do === 'run') {
        const start = performance.now();
        const running = subject!.run(request.steps);
        // A synchronous loop does not pay for a promise.
        if (running !== undefined) await running;
        answer({ ms: performance.now() - start });
      } else if (request.do === 'value') {
        answer({ value: await subject!.value() });
      } else {
        subject?.close();
        subject = undefined;
        answer({});
      }
    } catch (error) {
      answer(error instanceof UnsupportedError ? { unsupported: error.message } : { error: textOf(error) });
    }
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
