import { team } from '../lower/control.ts';
import type { ExecutorMemory } from '../memory.ts';
import { nodeModule, type NodePort } from './host.ts';
import { workerSource, type WorkerMessage, type WorkerStart } from './worker-source.ts';

/** Another thread, as seen from the first. */
interface Member {
  readonly send: (message: WorkerMessage) => void;
}

/** What a worker needs to take part in a program. */
export interface SharedProgram {
  readonly id: number;
  readonly module: WebAssembly.Module;
  /** Address of its control block. */
  readonly control: number;
}

function startInNode(start: WorkerStart): Member {
  const { Worker, MessageChannel } = nodeModule('node:worker_threads')!;
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(workerSource, {
    eval: true,
    name: `nadir ${start.thread}`,
    // Flags of the process, a profiler's for example, are not for its workers.
    execArgv: [],
    workerData: { ...start, port: port2 },
    transferList: [port2],
  });
  // Work goes on without a worker that could not start.
  worker.on('error', () => {});
  worker.unref();
  const port: NodePort = port1;
  port.unref();
  return { send: (message) => port.postMessage(message) };
}

interface WebWorker {
  postMessage(message: unknown, transfer: readonly unknown[]): void;
}

function startInBrowser(start: WorkerStart): Member {
  const { Worker, Blob, URL } = globalThis as unknown as {
    readonly Worker: new (url: string) => WebWorker;
    readonly Blob: new (parts: readonly string[], options: { readonly type: string }) => object;
    readonly URL: { createObjectURL(blob: object): string; revokeObjectURL(url: string): void };
  };
  const url = URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }));
  const worker = new Worker(url);
  // A worker has no origin to name: that is a matter of windows.
  const send = (message: WorkerMessage | WorkerStart): void => worker.postMessage(message, []);
  send(start);
  return { send };
}

/** The threads of an executor: they share its memory, and work on chunks of whatever program is being run. */
export class Team {
  readonly #memory: ExecutorMemory;
  readonly #members: Member[] = [];
  readonly #programs = new Map<number, SharedProgram>();
  readonly #words: Int32Array;
  /** Address of the words by which threads find their work. */
  readonly address: number;
  #count = 1;
  #nextId = 0;

  constructor(memory: ExecutorMemory) {
    this.#memory = memory;
    this.address = memory.take(team.bytes);
    // The buffer of a shared memory stays valid when the memory grows; it lacks the new part alone.
    this.#words = new Int32Array(memory.memory.buffer, this.address, team.bytes / 4);
    this.#words.fill(0);
  }

  /** Threads at work, the first included. */
  get threads(): number {
    return this.#count;
  }

  /** A number for a program that threads are to work on; 24 bits of the ticket. */
  takeId(): number {
    return 1 + (this.#nextId++ % (2 ** 24 - 1));
  }

  /** Brings the team to `count` threads. */
  resize(count: number): void {
    if (count === this.#count) return;
    while (this.#members.length < count - 1) {
      const thread = this.#members.length + 1;
      const start: WorkerStart = { memory: this.#memory.memory, team: this.address, thread };
      const isNode = nodeModule('node:worker_threads') !== undefined;
      const member = isNode ? startInNode(start) : startInBrowser(start);
      for (const program of this.#programs.values()) member.send({ kind: 'load', ...program });
      this.#members.push(member);
    }
    for (const member of this.#members.splice(count - 1)) member.send({ kind: 'stop' });
    this.#count = count;
    this.#words[team.threads / 4] = count;
    this.#wake();
  }

  /** Lets the threads take part in a program from now on. */
  add(program: SharedProgram): void {
    this.#programs.set(program.id, program);
    this.#tell({ kind: 'load', ...program });
  }

  remove(id: number): void {
    if (this.#programs.delete(id)) this.#tell({ kind: 'forget', id });
  }

  #tell(message: WorkerMessage): void {
    for (const member of this.#members) member.send(message);
    this.#wake();
  }

  /** Lets sleeping threads look for messages. */
  #wake(): void {
    Atomics.add(this.#words, team.wake / 4, 1);
    Atomics.notify(this.#words, team.wake / 4);
  }
}
