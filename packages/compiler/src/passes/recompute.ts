import { byteSize, sizeOf, type ValueId } from '@nadir/tensor';
import { costOfPoint } from '../lower/cost.ts';
import { readsOf, visitElements, type Kernel, type KernelProgram } from '../kernel.ts';
import { KernelGraph, type GraphNode } from './graph.ts';
import { GrowingNest, kernelOf, nestOf, type Nest } from './nests.ts';

/** What moving four bytes of each element costs, in elements of a simple vector loop. */
const costOfFourBytes = 4;
/** Smaller values stay in the nearest caches between their kernels. */
const fewElements = 2 ** 12;

/**
 * Leaves out values that their readers can as well compute from what they read: the gradient of an activation needs the
 * operand of a forward pass, not also its double, its square and its mask. A value goes if moving it costs more than its
 * operands and its arithmetic in every reader; what a product makes stays, because a product can change it on its way.
 */
export function recompute(program: KernelProgram): KernelProgram {
  const graph = new KernelGraph(program);
  const needed = new Set([...program.results, ...program.writes.map(({ buffer }) => buffer)]);
  const written = writtenStates(program);
  for (const node of graph.nodes().toReversed()) {
    const nest = node.kernel.kind === 'map' ? nestOf(node.kernel) : null;
    if (nest === null || nest.roots.length > 1 || sizeOf(nest.shape) < fewElements) continue;
    const { buffer } = nest.roots[0]!;
    const reads = [...node.reads];
    if (needed.has(buffer) || reads.some((id) => written.has(id) || isOfProduct(graph, id))) continue;
    const readers = [...graph.readersOf(buffer)];
    const without = readers.map((reader) => withinReader(nest, reader));
    if (without.includes(null)) continue;
    const points = costOfPoints(nest);
    let gain = trafficOf(program, [buffer], nest);
    readers.forEach((reader, i) => {
      const before = trafficOf(program, reader.reads, nest);
      gain += before - trafficOf(program, readsOf(without[i]!), nest) - points;
    });
    if (gain <= 0) continue;
    readers.forEach((reader, i) => graph.replace(reader, without[i]!));
    graph.remove(node);
  }
  return graph.program();
}

/** States that get a new value: a reader of the old one more might keep it from being written in place. */
function writtenStates({ buffers, writes }: KernelProgram): Set<ValueId> {
  const indices = new Set(writes.map(({ state }) => state));
  const states = [...buffers.values()].filter(
    ({ origin, index }) => origin === 'state' && indices.has(index),
  );
  return new Set(states.filter(({ size }) => size >= fewElements).map(({ id }) => id));
}

function isOfProduct(graph: KernelGraph, buffer: ValueId): boolean {
  return [...graph.writersOf(buffer)].some(({ kernel }) => kernel.kind === 'primitive');
}

/** A reader that computes a value itself, or null where it reads it elsewhere than at the place of its turn. */
function withinReader(nest: Nest, reader: GraphNode): Kernel | null {
  const { kernel } = reader;
  const loops = kernel.kind === 'map' || kernel.kind === 'reduce' ? nestOf(kernel) : null;
  if (loops === null || sizeOf(loops.shape) !== sizeOf(nest.shape)) return null;
  const grown = new GrowingNest(nest);
  if (!grown.add(loops)) return null;
  const { buffer } = nest.roots[0]!;
  grown.keep((id) => id !== buffer);
  return kernelOf(grown);
}

function costOfPoints({ roots }: Nest): number {
  let cost = 0;
  visitElements(
    roots.map((root) => root.element),
    (element) => {
      if (element.kind === 'point') cost += costOfPoint(element.name);
    },
  );
  return cost;
}

/** What moving one element of each of some buffers costs, or the part of one that falls to each element of a nest. */
function trafficOf({ buffers }: KernelProgram, ids: Iterable<ValueId>, nest: Nest): number {
  let bytes = 0;
  for (const id of ids) {
    const { dtype, size } = buffers.get(id)!;
    bytes += byteSize(dtype) * Math.min(1, size / sizeOf(nest.shape));
  }
  return (bytes / 4) * costOfFourBytes;
}
