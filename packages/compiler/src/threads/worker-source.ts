import { team } from '../lower/control.ts';

/** What a worker is started with. */
export interface WorkerStart {
  readonly memory: WebAssembly.Memory;
  /** Address of the words of the team. */
  readonly team: number;
  /** Number of the thread, from 1 on. */
  readonly thread: number;
}

/** What a worker is told: a program to take part in, one to forget, or to end. */
export type WorkerMessage =
  | {
      readonly kind: 'load';
      readonly id: number;
      readonly module: WebAssembly.Module;
      readonly control: number;
    }
  | { readonly kind: 'forget'; readonly id: number }
  | { readonly kind: 'stop' };

/**
 * The program of a worker, as text, so that a bundler has no file to find. It works on what the ticket names, and sleeps when
 * there was nothing to do for a while. In Node it asks its port for messages whenever it wakes, and never returns to an
 * event loop; in a browser it sleeps by a promise, so that messages come in.
 *
 * A thread that falls asleep while a task is being published misses that task and nothing else.
 */
export const workerSource: string = `'use strict';
const begin = ({ memory, team, thread }, mayWait) => {
  const words = new Int32Array(memory.buffer);
  const ticket = new BigInt64Array(memory.buffer, team + ${team.ticket}, 1);
  const [done, sleepers, wake] = [${team.done}, ${team.sleepers}, ${team.wake}].map((offset) => (team + offset) / 4);
  const host = { erf: () => { throw new Error('erf belongs to the first thread'); }, fmod: (x, y) => x % y };
  const programs = new Map();
  return {
    seen: () => Atomics.load(words, wake),
    tell(message) {
      if (message.kind === 'forget') programs.delete(message.id);
      if (message.kind !== 'load') return;
      const { id, module, control } = message;
      const nadir = { memory, control, thread, team, program: id, mayWait };
      const { exports } = new WebAssembly.Instance(module, { nadir, math: Math, host });
      programs.set(id, { work: exports.work, fault: control / 4 });
    },
    work() {
      for (;;) {
        const program = programs.get(Number(Atomics.load(ticket, 0) >> 40n));
        if (program === undefined) return;
        try {
          if (program.work() === 1) return;
        } catch {
          // The chunk counts as done, and its call as failed: nobody waits for it for ever.
          Atomics.store(words, program.fault, -1);
          Atomics.add(words, done, 1);
        }
      }
    },
    sleep(wait, seen) {
      Atomics.add(words, sleepers, 1);
      const result = wait(words, wake, seen);
      if (result.async !== true) return void Atomics.sub(words, sleepers, 1);
      return result.value.then(() => void Atomics.sub(words, sleepers, 1));
    },
    wakeSelf() {
      Atomics.add(words, wake, 1);
      Atomics.notify(words, wake);
    },
  };
};
if (typeof require === 'function') {
  const { receiveMessageOnPort, workerData } = require('node:worker_threads');
  const thread = begin(workerData, 1);
  for (;;) {
    const seen = thread.seen();
    const next = () => receiveMessageOnPort(workerData.port)?.message;
    let message = next();
    for (; message !== undefined && message.kind !== 'stop'; message = next()) thread.tell(message);
    if (message !== undefined) break;
    thread.work();
    thread.sleep(Atomics.wait, seen);
  }
  workerData.port.close();
} else {
  let thread;
  self.onmessage = async ({ data }) => {
    if (data.kind === 'stop') return self.close();
    if (thread !== undefined) {
      thread.tell(data);
      return thread.wakeSelf();
    }
    thread = begin(data, 1);
    for (;;) {
      const seen = thread.seen();
      thread.work();
      await thread.sleep(Atomics.waitAsync, seen);
    }
  };
}
`;
