import { byteSize, ProgramError, type Shape, type ValueId } from '@nadir/tensor';
import {
  readsOf,
  visitElements,
  writesOf,
  type Affine,
  type Element,
  type Kernel,
  type KernelProgram,
} from '../kernel.ts';
import type { PlannedProgram } from './plan.ts';
import { formatKernel } from './print.ts';

function fail(pass: string, what: string, kernel: Kernel | null): never {
  throw new ProgramError(
    `${pass}(): broke the program, ${what}${kernel === null ? '' : ` in ${formatKernel(kernel)}`}.`,
  );
}

/** The least and the greatest position of a loop nest over `shape`. */
function reach({ strides, offset }: Affine, shape: Shape): readonly [least: number, greatest: number] {
  let [least, greatest] = [offset, offset];
  shape.forEach((size, axis) => {
    const way = strides[axis]! * (size - 1);
    if (way < 0) least += way;
    else greatest += way;
  });
  return [least, greatest];
}

/** Every place that a kernel touches, with the loop nest in which it does. */
function placesOf(kernel: Kernel): { buffer: ValueId; at: Affine; shape: Shape }[] {
  const loads = (
    elements: readonly Element[],
    shape: Shape,
  ): { buffer: ValueId; at: Affine; shape: Shape }[] => {
    const places: { buffer: ValueId; at: Affine; shape: Shape }[] = [];
    visitElements(elements, (element) => {
      if (element.kind === 'load') places.push({ buffer: element.buffer, at: element.at, shape });
    });
    return places;
  };
  switch (kernel.kind) {
    case 'map':
    case 'rows': {
      const stores = kernel.roots.map(({ buffer, at }) => ({ buffer, at, shape: kernel.shape }));
      return [
        ...loads(
          kernel.roots.map((root) => root.element),
          kernel.shape,
        ),
        ...stores,
      ];
    }
    case 'reduce':
      return loads([kernel.element], kernel.shape);
    case 'convolution': {
      const { operands, epilogue, buffer } = kernel;
      const views = operands.map((view) => ({ buffer: view.buffer, at: view, shape: view.shape }));
      if (epilogue === undefined) return views;
      const { roots, shape } = epilogue;
      const stores = roots.map((root) => ({ buffer: root.buffer, at: root.at, shape }));
      const reads = loads(
        roots.map((root) => root.element),
        shape,
      ).filter((load) => load.buffer !== buffer);
      return [...views, ...stores, ...reads];
    }
    case 'primitive':
      return kernel.operands.map((view) => ({ buffer: view.buffer, at: view, shape: view.shape }));
    default:
      return [];
  }
}

/**
 * Checks kernels over buffers: every position lies inside its buffer, and everything is computed before it is read.
 *
 * @throws ProgramError that names the pass and the kernel
 */
export function verifyKernels(pass: string, program: KernelProgram): void {
  const { buffers, kernels, results, writes } = program;
  const known = new Set<ValueId>();
  for (const { id, origin, size } of buffers.values()) if (origin !== 'kernel' || size === 0) known.add(id);
  for (const kernel of kernels) {
    for (const { buffer: id, at, shape } of placesOf(kernel)) {
      const buffer = buffers.get(id);
      if (buffer === undefined) fail(pass, `%${id} is no buffer`, kernel);
      // A nest without turns touches nothing.
      if (shape.includes(0)) continue;
      const [least, greatest] = reach(at, shape);
      if (least < 0 || greatest >= buffer.size)
        fail(pass, `positions ${least} to ${greatest} of %${id} with ${buffer.size} elements`, kernel);
    }
    for (const id of readsOf(kernel))
      if (!known.has(id)) fail(pass, `%${id} is read before it is computed`, kernel);
    for (const id of writesOf(kernel)) {
      if (buffers.get(id)?.origin !== 'kernel') fail(pass, `%${id} is not the program's to write`, kernel);
      known.add(id);
    }
  }
  for (const id of [...results, ...writes.map(({ buffer }) => buffer)])
    if (!known.has(id)) fail(pass, `%${id} is never computed`, null);
}

/** An interval of the arena, or the place of one state. */
interface Room {
  readonly base: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Checks a plan: at every read the place still holds what was written, and kernels that run side by side neither write one
 * place nor write what another reads.
 *
 * @throws ProgramError that names the kernel
 */
export function verifyPlan(program: PlannedProgram): void {
  const { buffers, places, phases, results, stores } = program;
  const roomOf = (id: ValueId): Room => {
    const place = places.get(id);
    const { dtype, size } = buffers.get(id)!;
    if (place === undefined) return fail('plan', `%${id} has no place`, null);
    if (place.base === 'state') return { base: place.index, from: 0, to: 1 };
    return { base: -1, from: place.offset, to: place.offset + size * byteSize(dtype) };
  };
  const overlap = (a: Room, b: Room): boolean => a.base === b.base && a.from < b.to && b.from < a.to;
  /** What lies where it was put. */
  const live = new Map<ValueId, Room>();
  for (const { id, origin } of buffers.values()) if (origin !== 'kernel') live.set(id, roomOf(id));
  const check = (id: ValueId, kernel: Kernel | null): void => {
    if (!live.has(id) && buffers.get(id)!.size > 0)
      fail('plan', `%${id} was overwritten before its use`, kernel);
  };
  for (const phase of phases) {
    const reads = phase.map((kernel) => [...readsOf(kernel)].map((id) => ({ id, room: roomOf(id) })));
    const stored = phase.map((kernel) => writesOf(kernel).map((id) => ({ id, room: roomOf(id) })));
    phase.forEach((kernel, k) => {
      for (const { id } of reads[k]!) check(id, kernel);
      for (const { id, room } of stored[k]!)
        phase.forEach((_, other) => {
          if (other === k) return;
          const hit = [...reads[other]!, ...stored[other]!].find((use) => overlap(room, use.room));
          if (hit !== undefined) fail('plan', `%${id} lies on %${hit.id} of a kernel beside it`, kernel);
        });
    });
    for (const { id, room } of stored.flat()) {
      for (const [other, taken] of live) if (other !== id && overlap(room, taken)) live.delete(other);
      live.set(id, room);
    }
  }
  for (const id of [...results, ...stores.map(({ buffer }) => buffer)]) check(id, null);
}
