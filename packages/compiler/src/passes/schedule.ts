import type { ValueId } from '@nadir/tensor';
import { readsOf, writesOf, type Kernel, type KernelProgram } from '../kernel.ts';

/** Kernels none of which waits for another: their chunks may run side by side. */
export type Phase = readonly Kernel[];

/**
 * The kernels in their order, as phases: a kernel joins the one before it unless it reads or changes what that phase writes,
 * or writes what it reads. A new value of a state counts as a change of the state, since it may be put right into it.
 */
export function schedule(program: KernelProgram): Phase[] {
  const stateIds = new Map<number, ValueId>();
  for (const { id, origin, index } of program.buffers.values())
    if (origin === 'state') stateIds.set(index, id);
  const targets = new Map<ValueId, ValueId[]>();
  for (const { state, buffer } of program.writes) {
    targets.set(buffer, [...(targets.get(buffer) ?? []), stateIds.get(state)!]);
  }
  const phases: Kernel[][] = [];
  let read = new Set<ValueId>();
  let written = new Set<ValueId>();
  for (const kernel of program.kernels) {
    const reads = readsOf(kernel);
    const writes = writesOf(kernel).flatMap((buffer) => [buffer, ...(targets.get(buffer) ?? [])]);
    const waits =
      [...reads].some((buffer) => written.has(buffer)) ||
      writes.some((buffer) => written.has(buffer) || read.has(buffer));
    if (waits || phases.length === 0) {
      phases.push([]);
      [read, written] = [new Set(), new Set()];
    }
    phases.at(-1)!.push(kernel);
    for (const buffer of reads) read.add(buffer);
    for (const buffer of writes) written.add(buffer);
  }
  return phases;
}
