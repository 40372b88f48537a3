import { byteSize } from '@nadir/tensor';
import {
  atomic,
  call,
  callIndirect,
  i32,
  i64,
  memory,
  type Expression,
  type FunctionBuilder,
  type FunctionHandle,
  type Local,
} from '@nadir/wasm';
import type { Kernel } from '../kernel.ts';
import { control, tasksOffset, team } from './control.ts';
import { bufferOf, pointerTo, stateStart, type Lowering } from './lowering.ts';

type ChunkFunction = FunctionHandle<{ readonly chunk: 'i32' }, 'void'>;

/** One entry of the table of what can be run: a kernel, or the kernels of a phase side by side. */
export interface Task {
  readonly handle: ChunkFunction;
  readonly chunks: number;
  /** Whether threads other than the caller's may run it. */
  readonly isShared: boolean;
}

/** Polls of the ticket before a thread without work goes to sleep: some tenths of a millisecond. */
const patience = 60_000;
/** Polls before the caller, waiting for a chunk of another thread, lets the system run that thread. */
const impatience = 40_000;
const nap = 50_000n;

/** A phase of several kernels as one function: its chunks are those of the first kernel, then of the second, … */
function emitPhase(lowering: Lowering, name: string, tasks: readonly Task[]): Task {
  const handle = lowering.module.function(name, { parameters: { chunk: 'i32' } }, (f, { chunk }) => {
    const rest = f.let(chunk);
    for (const { handle: kernel, chunks } of tasks) {
      f.if(i32.ltU(rest, chunks), () => {
        f.do(call(kernel, { chunk: rest }));
        f.return();
      });
      f.set(rest, i32.sub(rest, chunks));
    }
  });
  const chunks = tasks.reduce((sum, task) => sum + task.chunks, 0);
  return { handle, chunks, isShared: tasks.every((task) => task.isShared) };
}

const chunkOf = (ticket: Expression<'i64'>): Expression<'i32'> => i32.and(i32.wrapI64(ticket), 0xff_ffff);

const forkParameters = { task: 'i32', chunks: 'i32' } as const;
type Fork = FunctionHandle<typeof forkParameters, 'void'>;

/**
 * Emits what threads run. A ticket in shared memory says which task is being worked on and which chunk is next: program,
 * task and chunk in 24, 16 and 24 bits. Whoever replaces it by the ticket of the next chunk has taken the chunk. The
 * caller's thread publishes a task, takes chunks like all others, and goes on when as many are done as there are: a
 * thread that comes late, or sleeps, holds up nobody.
 *
 * `fork(task, chunks)` runs all chunks of a task. `work()` is what the other threads do: 0 when another program is at
 * work, 1 when there was nothing to do for a while.
 */
function emitThreads(lowering: Lowering, tasks: readonly Task[], states: number): Fork {
  const { module } = lowering;
  const crew = module.importGlobal('nadir', 'team', 'i32');
  const program = module.importGlobal('nadir', 'program', 'i32');
  const mayWait = module.importGlobal('nadir', 'mayWait', 'i32');
  const table = module.table(tasks.map(({ handle }) => handle));
  const run = (task: Local<'i32'>, chunk: Local<'i32'>): Expression<'void'> =>
    callIndirect(table, task, tasks[0]!.handle, { chunk });
  const fork = module.function('fork', { parameters: forkParameters, export: true }, (f, p) => {
    const chunk = f.local('i32', 'chunk');
    f.if(i32.leS(i32.load(crew, team.threads), 1), () => {
      f.for(chunk, { to: p.chunks }, () => f.do(run(p.task, chunk)));
      f.return();
    });
    const first = i64.or(i64.shl(i64.extendI32U(program), 40n), i64.shl(i64.extendI32U(p.task), 24n));
    f.do(atomic.i32.store(crew, 0, team.done), atomic.i64.store(crew, first, team.ticket));
    f.if(atomic.i32.load(crew, team.sleepers), () => {
      f.drop(atomic.i32.rmwAdd(crew, 1, team.wake));
      f.drop(atomic.notify(crew, -1, team.wake));
    });
    const mine = f.local('i32', 'mine');
    const takeOne = (): void => f.set(chunk, chunkOf(atomic.i64.rmwAdd(crew, 1n, team.ticket)));
    takeOne();
    f.while(i32.ltU(chunk, p.chunks), () => {
      f.do(run(p.task, chunk));
      f.set(mine, i32.add(mine, 1));
      takeOne();
    });
    f.drop(atomic.i32.rmwAdd(crew, mine, team.done));
    const polls = f.local('i32', 'polls');
    f.while(i32.ltU(atomic.i32.load(crew, team.done), p.chunks), () => {
      f.set(polls, i32.add(polls, 1));
      // Nobody notifies this word: the thread lets others run for the time alone.
      f.if(i32.and(i32.gtU(polls, impatience), mayWait), () =>
        f.drop(atomic.wait32(crew, 0, nap, team.rest)),
      );
    });
  });
  module.function('work', { result: 'i32', export: true }, (f) => {
    const ticket = f.local('i64', 'ticket');
    const chunk = f.local('i32', 'chunk');
    const task = f.local('i32', 'task');
    const polls = f.local('i32', 'polls');
    f.loop((again) => {
      f.set(ticket, atomic.i64.load(crew, team.ticket));
      f.if(i32.ne(i32.wrapI64(i64.shrU(ticket, 40n)), program), () => f.return(0));
      f.set(chunk, chunkOf(ticket));
      f.set(task, i32.and(i32.wrapI64(i64.shrU(ticket, 24n)), 0xffff));
      const chunks = i32.load(i32.add(lowering.control, i32.shl(task, 2)), tasksOffset(states));
      f.if(i32.ltU(chunk, chunks), () => {
        const next = i64.add(ticket, 1n);
        f.branch(again, i64.ne(atomic.i64.rmwCmpxchg(crew, ticket, next, team.ticket), ticket));
        f.do(run(task, chunk));
        f.drop(atomic.i32.rmwAdd(crew, 1, team.done));
        f.set(polls, 0);
        f.branch(again);
      });
      f.set(polls, i32.add(polls, 1));
      f.branch(again, i32.ltU(polls, patience));
    });
    f.return(1);
  });
  return fork;
}

/** `fork` for one thread. */
function emitLoops(lowering: Lowering, tasks: readonly Task[]): Fork {
  const { module } = lowering;
  const table = module.table(tasks.map(({ handle }) => handle));
  return module.function('fork', { parameters: forkParameters, export: true }, (f, { task, chunks }) => {
    const chunk = f.local('i32', 'chunk');
    if (tasks.length === 0) return;
    f.for(chunk, { to: chunks }, () => f.do(callIndirect(table, task, tasks[0]!.handle, { chunk })));
  });
}

/** Emits `run`, all phases in order, and returns the table of tasks: the kernels first, then the phases of several. */
export function emitRun(
  lowering: Lowering,
  kernels: ReadonlyMap<Kernel, Task>,
  states: number,
  isShared: boolean,
  canFail: (kernel: Kernel) => boolean,
): { readonly tasks: readonly Task[]; readonly hasForks: boolean } {
  const { module, program } = lowering;
  const tasks = [...kernels.values()];
  const phases = program.phases.map((phase, index) => {
    const parts = phase.map((kernel) => kernels.get(kernel)!);
    const isForked =
      isShared && parts.every((task) => task.isShared) && parts.some((task) => task.chunks > 1);
    const fails = phase.some(canFail);
    if (!isForked) return { parts, number: -1, chunks: 0, fails };
    if (parts.length > 1) tasks.push(emitPhase(lowering, `phase${index}`, parts));
    const number = parts.length > 1 ? tasks.length - 1 : tasks.indexOf(parts[0]!);
    return { parts, number, chunks: tasks[number]!.chunks, fails };
  });
  const hasForks = phases.some(({ number }) => number >= 0);
  const fork = hasForks ? emitThreads(lowering, tasks, states) : emitLoops(lowering, tasks);
  const store = module.function('store', { export: true }, (f) => {
    for (const { state, buffer } of program.stores) {
      const { dtype, size } = bufferOf(lowering, buffer);
      const bytes = i32.const(size * byteSize(dtype));
      f.do(memory.copy(stateStart(lowering, state), pointerTo(lowering, f, buffer), bytes));
    }
  });
  module.function('run', { export: true }, (f) => {
    f.do(i32.store(lowering.control, 0, control.fault));
    const chunk = f.local('i32', 'chunk');
    for (const { parts, number, chunks, fails } of phases) {
      if (number >= 0) f.do(call(fork, { task: number, chunks }));
      else for (const task of parts) runAlone(f, task, chunk);
      // A bad index ends the program before any state has changed.
      if (fails) f.if(i32.load(lowering.control, control.fault), () => f.return());
    }
    f.do(call(store, {}));
  });
  return { tasks, hasForks };
}

function runAlone(f: FunctionBuilder, { handle, chunks }: Task, chunk: Local<'i32'>): void {
  if (chunks === 1) f.do(call(handle, { chunk: 0 }));
  else f.for(chunk, { to: chunks }, () => f.do(call(handle, { chunk })));
}
