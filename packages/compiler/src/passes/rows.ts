import { sizeOf, type Shape, type ValueId } from '@nadir/tensor';
import type { Kernel, KernelProgram } from '../kernel.ts';
import { KernelGraph, type GraphNode } from './graph.ts';
import { GrowingNest, kernelOf, nestOf, type Nest } from './nests.ts';

/** Loads and stores of one loop beyond which it gains nothing more. */
const mostRoots = 12;
const mostLoads = 24;
/** Elements of a row that stay near from one stage to the next. */
const longestRow = 2 ** 16;
/** Rows that give threads enough to share, and elements below which one thread is enough. */
const enoughRows = 16;
const fewElements = 2 ** 15;

const rowLength = (shape: Shape, axes: readonly number[]): number =>
  axes.reduce((product, axis) => product * shape[axis]!, 1);

/** Whether a fold is along rows that lie in memory as they are, and of a size that pays. */
function isRowFold(kernel: Kernel): boolean {
  if (kernel.kind === 'rows') return true;
  if (kernel.kind !== 'reduce') return false;
  const { shape, axes } = kernel;
  const length = rowLength(shape, axes);
  const last = shape.findLastIndex((size) => size !== 1);
  if (!axes.includes(last) || length > longestRow) return false;
  return sizeOf(shape) / length >= enoughRows || sizeOf(shape) <= fewElements;
}

/**
 * Joins folds along rows, what they read and what is made of their results into row kernels: a loop over rows in which one
 * stage follows another while the row is near. A softmax, a normalization and their gradients read and write memory once.
 */
export function rows(program: KernelProgram): KernelProgram {
  const graph = new KernelGraph(program);
  const nests = new Map<GraphNode, GrowingNest>();
  const join = (first: GraphNode, second: GraphNode): boolean => {
    const [grown, other] = [nests.get(first), nests.get(second)];
    if (grown === undefined || other === undefined) return false;
    if (grown.axes.length === 0 && other.axes.length === 0) return false;
    if (grown.roots.length + other.roots.length > mostRoots) return false;
    if (grown.loads + grown.newLoads(other) > mostLoads) return false;
    if (!graph.canJoin(first, second) || !grown.add(other)) return false;
    graph.join(first, second, kernelOf(grown));
    nests.delete(second);
    return true;
  };
  for (const node of graph.nodes()) {
    const nest = node.kernel.kind === 'map' || isRowFold(node.kernel) ? nestOf(node.kernel) : null;
    if (nest === null) continue;
    nests.set(node, new GrowingNest(nest));
    let current: GraphNode | undefined = node;
    while (current !== undefined) {
      const last: GraphNode = current;
      current = relatives(program, graph, last, nests.get(last)!).find((first) => join(first, last));
    }
  }
  const kept = new Set([...program.results, ...program.writes.map(({ buffer }) => buffer)]);
  for (const [node, nest] of nests) {
    if (node.kernel.kind !== 'rows') continue;
    nest.keep((buffer) => kept.has(buffer) || graph.readersOf(buffer).size > 0);
    graph.replace(node, kernelOf(nest));
  }
  return graph.program();
}

/** Earlier kernels that compute what this one reads, or that read the same: of the nearest first. */
function relatives(
  { buffers }: KernelProgram,
  graph: KernelGraph,
  node: GraphNode,
  { shape }: Nest,
): GraphNode[] {
  const found = new Set<GraphNode>();
  const isLarge = (buffer: ValueId): boolean => 2 * buffers.get(buffer)!.size >= sizeOf(shape);
  for (const buffer of node.reads) {
    for (const writer of graph.writersOf(buffer)) found.add(writer);
    if (!isLarge(buffer)) continue;
    for (const reader of graph.readersOf(buffer)) if (graph.isBefore(reader, node)) found.add(reader);
  }
  found.delete(node);
  return [...found].toSorted((a, b) => (graph.isBefore(a, b) ? 1 : -1));
}
