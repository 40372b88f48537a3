/** Threads that can work on one program at most. */
export const mostThreads = 64;

/**
 * The control block of a program: a few words of the executor's memory that the host and all threads read. Offsets in bytes from
 * its start.
 */
export const control: Readonly<Record<'fault' | 'badIndex' | 'arena' | 'scratch' | 'states', number>> = {
  /** 0, or 1 + the number of the kernel that found a bad index. */
  fault: 0,
  badIndex: 4,
  /** Start of the arena that all programs of the executor share. */
  arena: 8,
  /** One word for each thread: the start of the working memory that it has for itself. */
  scratch: 64,
  /** One word for each state: where it starts. */
  states: 64 + 4 * mostThreads,
};

/** Bytes of the control block of a program with this many states. */
export function controlBytes(states: number): number {
  return control.states + 4 * states;
}
