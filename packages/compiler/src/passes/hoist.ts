import { sizeOf, type ValueId } from '@nadir/tensor';
import { readsOf, writesOf, type Kernel, type KernelProgram } from '../kernel.ts';

/** Elements of a loop up to which it is moved. */
const mostElements = 64;

/**
 * Moves short loops over what is known at the start to the front: rates, bias corrections, counters. Who reads them, as the update of a weight
 * does, can then be computed wherever the rest that it needs is there, and need not wait for a number.
 */
export function hoist(program: KernelProgram): KernelProgram {
  const states = new Map<number, ValueId>();
  for (const { id, origin, index } of program.buffers.values()) if (origin === 'state') states.set(index, id);
  const replaced = new Map(program.writes.map(({ state, buffer }) => [buffer, states.get(state)!]));
  /** What kernels that stay where they are write, and read. */
  const late = new Set<ValueId>();
  const read = new Set<ValueId>();
  const front: Kernel[] = [];
  const rest: Kernel[] = [];
  for (const kernel of program.kernels) {
    const reads = readsOf(kernel);
    const writes = writesOf(kernel);
    const isEarly =
      kernel.kind === 'map' &&
      sizeOf(kernel.shape) <= mostElements &&
      ![...reads, ...writes].some((id) => late.has(id)) &&
      // A new value of a state must not overtake a reader of the old one.
      !writes.some((id) => replaced.has(id) && read.has(replaced.get(id)!));
    (isEarly ? front : rest).push(kernel);
    if (isEarly) continue;
    for (const id of writes) late.add(id);
    for (const id of reads) read.add(id);
  }
  return { ...program, kernels: [...front, ...rest] };
}
