import { contiguousStrides, sameShape, sizeOf, type ValueId } from '@nadir/tensor';
import {
  readsOf,
  visitLoads,
  writesOf,
  type Affine,
  type Element,
  type Kernel,
  type KernelProgram,
  type MapKernel,
} from '../kernel.ts';

/** Loads and stores of one loop beyond which it runs out of registers. */
const mostRoots = 8;
const mostLoads = 20;
/** Loops this short are joined whatever they read: what they cost is the call. */
const shortLoop = 64;

function sameAffine(a: Affine, b: Affine): boolean {
  return a.offset === b.offset && sameShape(a.strides, b.strides);
}

/** Whether every load of the buffers `written` by `into` is at the place that the turn of the loop has just computed. */
function readsInPlace(kernel: MapKernel, into: MapKernel): boolean {
  const written = new Set(writesOf(into));
  const rowMajor = { strides: contiguousStrides(kernel.shape), offset: 0 };
  let fits = true;
  visitLoads(
    kernel.roots.map((root) => root.element),
    (load) => {
      if (written.has(load.buffer) && !sameAffine(load.at, rowMajor)) fits = false;
    },
  );
  return fits;
}

function joinable(kernel: Kernel): kernel is MapKernel {
  return kernel.kind === 'map' && kernel.roots.every((root) => root.whole);
}

function countLoads(kernels: readonly MapKernel[]): number {
  const loads = new Set<string>();
  for (const kernel of kernels)
    visitLoads(
      kernel.roots.map((root) => root.element),
      ({ buffer, at }) => loads.add(`${buffer} ${at.strides.join()} ${at.offset}`),
    );
  return loads.size;
}

/** Two map kernels as one: what the first computes, the second takes from the turn instead of from memory. */
export function join(first: MapKernel, second: MapKernel): MapKernel {
  const known = new Map<string, Element>();
  const ids = new Map<Element, number>();
  const made = new Map<Element, Element>();
  const computed = new Map<ValueId, Element>();
  const unique = (key: string, element: Element): Element => {
    const before = known.get(key);
    if (before !== undefined) return before;
    known.set(key, element);
    ids.set(element, ids.size);
    return element;
  };
  const copy = (element: Element): Element => {
    const before = made.get(element);
    if (before !== undefined) return before;
    const after = copied(element);
    made.set(element, after);
    return after;
  };
  const copied = (element: Element): Element => {
    switch (element.kind) {
      case 'load':
        return (
          computed.get(element.buffer) ??
          unique(`load ${element.buffer} ${element.at.strides.join()} ${element.at.offset}`, element)
        );
      case 'constant':
        return unique(
          `constant ${element.dtype} ${Object.is(element.value, -0) ? '-0' : element.value}`,
          element,
        );
      case 'index':
        return unique(`index ${element.dtype} ${element.at.strides.join()} ${element.at.offset}`, element);
      case 'point': {
        const operands = element.operands.map(copy);
        const key = `${element.name} ${element.dtype} ${operands.map((operand) => ids.get(operand)).join()}`;
        return unique(key, { ...element, operands });
      }
    }
  };
  const roots = [...first.roots, ...second.roots].map((root) => {
    const element = copy(root.element);
    computed.set(root.buffer, element);
    return { ...root, element };
  });
  return { ...first, roots };
}

/**
 * Joins map kernels over one shape into one loop: a kernel moves forward to an earlier one of its shape, where all that
 * it reads is there already. So the update of a parameter, with its moments, is one pass over memory.
 */
export function group(program: KernelProgram): KernelProgram {
  const out: Kernel[] = [];
  const reads: Set<ValueId>[] = [];
  /** The last kernel that writes, and the last that reads, a buffer. */
  const writer = new Map<ValueId, number>();
  const reader = new Map<ValueId, number>();
  const args = [...program.buffers.values()].filter(({ origin }) => origin === 'argument').length;
  const replaced = new Map(program.writes.map(({ state, buffer }) => [buffer, args + state]));
  const note = (position: number, kernel: Kernel): void => {
    reads[position] = readsOf(kernel);
    for (const buffer of reads[position]) reader.set(buffer, Math.max(reader.get(buffer) ?? 0, position));
    for (const buffer of writesOf(kernel)) writer.set(buffer, position);
  };
  const target = (kernel: MapKernel): number => {
    const wanted = readsOf(kernel);
    let earliest = 0;
    for (const buffer of wanted) earliest = Math.max(earliest, writer.get(buffer) ?? 0);
    // A new value of a state must not overtake a reader of the old one.
    for (const { buffer } of kernel.roots) {
      const state = replaced.get(buffer);
      if (state !== undefined) earliest = Math.max(earliest, reader.get(state) ?? 0);
    }
    for (let position = out.length - 1; position >= earliest; position--) {
      const other = out[position]!;
      if (!joinable(other) || !sameShape(other.shape, kernel.shape)) continue;
      if (other.roots.length + kernel.roots.length > mostRoots) continue;
      if (!readsInPlace(kernel, other)) continue;
      const produced = new Set(writesOf(other));
      const isRelated = [...wanted].some(
        (buffer) =>
          produced.has(buffer) || (reads[position]!.has(buffer) && program.buffers.get(buffer)!.size > 1),
      );
      if (!isRelated && sizeOf(kernel.shape) > shortLoop) continue;
      if (countLoads([other, kernel]) <= mostLoads) return position;
    }
    return -1;
  };
  for (const kernel of program.kernels) {
    const position = joinable(kernel) ? target(kernel) : -1;
    if (position < 0) note(out.push(kernel) - 1, kernel);
    else {
      out[position] = join(out[position] as MapKernel, kernel as MapKernel);
      note(position, out[position]);
    }
  }
  return { ...program, kernels: out };
}
