import { byteSize, contiguousStrides, sameShape, sizeOf, type DType, type ValueId } from '@nadir/tensor';
import { schedule, type Phase } from './schedule.ts';
import { replacesInRows } from './stages.ts';
import {
  readsOf,
  visitLoads,
  writesOf,
  type Buffer,
  type Kernel,
  type KernelProgram,
  type MapKernel,
} from '../kernel.ts';

/** Where a buffer lies: at an offset of the program's arena, or in the memory of a state. */
export type Place =
  | { readonly base: 'arena'; readonly offset: number }
  | { readonly base: 'state'; readonly index: number };

/** Copies a buffer to a state after all else is done. */
export interface Store {
  readonly state: number;
  readonly buffer: ValueId;
}

/** A program with a place for everything. */
export interface PlannedProgram extends KernelProgram {
  readonly places: ReadonlyMap<ValueId, Place>;
  readonly phases: readonly Phase[];
  readonly stores: readonly Store[];
  readonly arenaBytes: number;
}

/** Whole vectors may be read and written up to the end of a buffer's last 16 bytes. */
const alignment = 64;

/** Bytes that a buffer occupies. */
function paddedBytes(dtype: DType, size: number): number {
  return Math.max(alignment, Math.ceil((size * byteSize(dtype)) / alignment) * alignment);
}

/** Offsets in an arena, first fit; what is freed is used again. */
class Arena {
  readonly #free: { offset: number; bytes: number }[] = [];
  size = 0;

  take(bytes: number): number {
    // The smallest gap that fits keeps the large ones whole.
    let best = -1;
    for (let i = 0; i < this.#free.length; i++) {
      if (this.#free[i]!.bytes < bytes) continue;
      if (best < 0 || this.#free[i]!.bytes < this.#free[best]!.bytes) best = i;
    }
    if (best < 0) {
      const last = this.#free.at(-1);
      if (last !== undefined && last.offset + last.bytes === this.size) {
        this.#free.pop();
        this.size = last.offset + bytes;
        return last.offset;
      }
      const offset = this.size;
      this.size += bytes;
      return offset;
    }
    const gap = this.#free[best]!;
    const { offset } = gap;
    if (gap.bytes === bytes) this.#free.splice(best, 1);
    else this.#free[best] = { offset: offset + bytes, bytes: gap.bytes - bytes };
    return offset;
  }

  give(offset: number, bytes: number): void {
    let at = this.#free.findIndex((gap) => gap.offset > offset);
    if (at < 0) at = this.#free.length;
    this.#free.splice(at, 0, { offset, bytes });
    const next = this.#free[at + 1];
    if (next !== undefined && offset + bytes === next.offset) {
      this.#free[at]!.bytes += next.bytes;
      this.#free.splice(at + 1, 1);
    }
    const before = this.#free[at - 1];
    if (before !== undefined && before.offset + before.bytes === offset) {
      before.bytes += this.#free[at]!.bytes;
      this.#free.splice(at, 1);
    }
  }
}

/** Whether a kernel is done with an element of one buffer when it writes that of another, so that both can be one place. */
function readsInPlace(kernel: Kernel, old: ValueId, written: ValueId): boolean {
  if (kernel.kind === 'rows') return replacesInRows(kernel, old, written);
  if (kernel.kind !== 'map' && kernel.kind !== 'matmul') return false;
  if (!kernel.roots.every((root) => root.whole)) return false;
  // Every block of a product reads factors that other blocks read as well.
  if (kernel.kind === 'matmul' && (kernel.a.buffer === old || kernel.b.buffer === old)) return false;
  const rowMajor = contiguousStrides(kernel.shape);
  let fits = true;
  visitLoads(
    kernel.roots.map((root) => root.element),
    (load) => {
      if (load.buffer === old && (load.at.offset !== 0 || !sameShape(load.at.strides, rowMajor)))
        fits = false;
    },
  );
  return fits;
}

function copyKernel(from: Buffer, to: ValueId): MapKernel {
  const at = { strides: [1], offset: 0 };
  const element = { kind: 'load', dtype: from.dtype, buffer: from.id, at } as const;
  return { kind: 'map', shape: [from.size], roots: [{ buffer: to, element, at, whole: true }] };
}

/** Old values of states that are wanted after the states have changed, copied before anything else happens. */
function keepOldValues(program: KernelProgram): KernelProgram {
  const buffers = new Map(program.buffers);
  const copies = new Map<ValueId, ValueId>();
  const front: Kernel[] = [];
  const written = new Set(program.writes.map(({ state }) => state));
  let next = Math.max(-1, ...buffers.keys()) + 1;
  const kept = (id: ValueId): ValueId => {
    const buffer = buffers.get(id)!;
    if (buffer.origin !== 'state' || !written.has(buffer.index)) return id;
    const before = copies.get(id);
    if (before !== undefined) return before;
    const copy = next++;
    copies.set(id, copy);
    buffers.set(copy, { ...buffer, id: copy, origin: 'kernel', index: -1 });
    if (buffer.size > 0) front.push(copyKernel(buffer, copy));
    return copy;
  };
  const results = program.results.map(kept);
  const writes = program.writes.map(({ state, buffer }) => ({ state, buffer: kept(buffer) }));
  return { buffers, kernels: [...front, ...program.kernels], results, writes };
}

/** The writes whose value the kernel that computes it can put right into the state. */
function directWrites(
  program: KernelProgram,
  phases: readonly Phase[],
  canFail: (kernel: Kernel) => boolean,
): Map<ValueId, number> {
  const { buffers } = program;
  const stateIds = new Map(
    [...buffers.values()].filter((b) => b.origin === 'state').map((b) => [b.index, b.id]),
  );
  const reads = phases.map((phase) => phase.map(readsOf));
  // Up to this phase a kernel may still find a bad index, and the state must be as it was then.
  const lastFailure = phases.findLastIndex((phase) => phase.some(canFail));
  const direct = new Map<ValueId, number>();
  for (const { state, buffer } of program.writes) {
    if (buffers.get(buffer)!.origin !== 'kernel' || direct.has(buffer)) continue;
    const writers = phases.flatMap((phase, position) =>
      phase.filter((kernel) => writesOf(kernel).includes(buffer)).map((kernel) => ({ kernel, position })),
    );
    const old = stateIds.get(state)!;
    const first = writers[0];
    if (first === undefined || first.position <= lastFailure) continue;
    const lastReader = reads.findLastIndex((sets) => sets.some((set) => set.has(old)));
    const readers = lastReader < 0 ? 0 : reads[lastReader]!.filter((set) => set.has(old)).length;
    const isFree =
      lastReader < first.position ||
      (lastReader === first.position &&
        readers === 1 &&
        writers.length === 1 &&
        readsInPlace(first.kernel, old, buffer));
    if (isFree) direct.set(buffer, state);
  }
  return direct;
}

/**
 * Gives every buffer a place: a new value of a state goes right into the state where nothing reads the old one after,
 * an element-wise result into an operand that dies, all else into an arena whose parts are used again. Kernels of one
 * phase run side by side: what one of them reads is not given away before the phase ends.
 *
 * @param canFail whether a kernel may end the program early
 */
export function plan(fused: KernelProgram, canFail: (kernel: Kernel) => boolean): PlannedProgram {
  const program = keepOldValues(fused);
  const { buffers, results } = program;
  const phases = schedule(program);
  const direct = directWrites(program, phases, canFail);
  const places = new Map<ValueId, Place>();
  for (const { id, origin, index } of buffers.values())
    if (origin === 'state') places.set(id, { base: 'state', index });
  for (const [buffer, index] of direct) places.set(buffer, { base: 'state', index });
  const stores = program.writes
    .filter(({ state, buffer }) => direct.get(buffer) !== state)
    .map(({ state, buffer }) => ({ state, buffer }));

  const lastUse = new Map<ValueId, number>();
  phases.forEach((phase, position) => {
    for (const kernel of phase)
      for (const id of [...readsOf(kernel), ...writesOf(kernel)]) lastUse.set(id, position);
  });
  for (const id of [...results, ...stores.map(({ buffer }) => buffer)]) lastUse.set(id, phases.length);

  const arena = new Arena();
  const bytesOf = (id: ValueId): number => paddedBytes(buffers.get(id)!.dtype, buffers.get(id)!.size);
  const place = (id: ValueId): void => {
    if (!places.has(id)) places.set(id, { base: 'arena', offset: arena.take(bytesOf(id)) });
  };
  // Arguments are filled before the first kernel.
  for (const { id, origin } of buffers.values()) if (origin === 'argument') place(id);
  phases.forEach((phase, position) => {
    const used = phase.map((kernel) => ({ kernel, reads: readsOf(kernel) }));
    // Nothing fills an empty buffer, so it has no place until the end.
    const dying = new Set(
      used
        .flatMap(({ reads }) => [...reads])
        .filter((id) => lastUse.get(id) === position && buffers.get(id)!.size > 0),
    );
    for (const { kernel, reads } of used) {
      const own = [...reads].filter((id) =>
        used.every((other) => other.kernel === kernel || !other.reads.has(id)),
      );
      for (const id of writesOf(kernel)) {
        if (places.has(id)) continue;
        const heir = own.find((old) => dying.has(old) && isHeir(kernel, old, id));
        if (heir !== undefined) {
          places.set(id, places.get(heir)!);
          dying.delete(heir);
        } else place(id);
      }
    }
    for (const { kernel } of used)
      for (const id of writesOf(kernel)) if (lastUse.get(id) === position) dying.add(id);
    for (const id of dying) {
      const at = places.get(id)!;
      if (at.base === 'arena') arena.give(at.offset, bytesOf(id));
    }
  });
  // An argument or a result that no kernel touches still has its place.
  for (const id of buffers.keys()) place(id);

  function isHeir(kernel: Kernel, old: ValueId, id: ValueId): boolean {
    const from = buffers.get(old)!;
    const to = buffers.get(id)!;
    return (
      places.get(old)!.base === 'arena' &&
      from.size === to.size &&
      byteSize(from.dtype) === byteSize(to.dtype) &&
      (kernel.kind === 'map' || kernel.kind === 'rows') &&
      sizeOf(kernel.shape) === from.size &&
      readsInPlace(kernel, old, id)
    );
  }
  return { ...program, places, phases, stores, arenaBytes: arena.size };
}
