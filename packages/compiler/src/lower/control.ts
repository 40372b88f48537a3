/** Threads that can work on one program at most. */
export const mostThreads = 64;

/**
 * The control block of a program: words of the executor's memory that the host and all threads read. Offsets in bytes
 * from its start.
 */
export const control: Readonly<Record<'fault' | 'badIndex' | 'arena' | 'scratch' | 'states', number>> = {
  /** 0, or 1 + the number of the kernel that found a bad index. */
  fault: 0,
  badIndex: 4,
  /** Start of the arena that all programs of the executor share. */
  arena: 8,
  /** One word for each thread: the start of the working memory that it has for itself. */
  scratch: 64,
  /** One word for each state, where it starts; behind them one for each task, how many chunks it has. */
  states: 64 + 4 * mostThreads,
};

/** Where the numbers of chunks begin. */
export function tasksOffset(states: number): number {
  return control.states + 4 * states;
}

export function controlBytes(states: number, tasks: number): number {
  return tasksOffset(states) + 4 * tasks;
}

/**
 * The words by which the threads of an executor find their work, each in a cache line of its own. Offsets in bytes.
 */
export const team: Readonly<
  Record<'ticket' | 'done' | 'sleepers' | 'wake' | 'threads' | 'rest' | 'bytes', number>
> = {
  /** 64 bits: the program, the task and the next chunk of it. */
  ticket: 0,
  /** Chunks of the task that are done. */
  done: 128,
  /** Threads that sleep or are about to. */
  sleepers: 256,
  /** Counted up to wake them. */
  wake: 384,
  /** Threads, the caller's included. */
  threads: 512,
  /** Always 0. */
  rest: 640,
  bytes: 768,
};
