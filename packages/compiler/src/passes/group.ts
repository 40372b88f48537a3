import { sizeOf, type ValueId } from '@nadir/tensor';
import type { KernelProgram } from '../kernel.ts';
import { KernelGraph, type GraphNode } from './graph.ts';
import { GrowingNest, kernelOf, nestOf, type Nest } from './nests.ts';

/** Loads and stores of one loop beyond which it runs out of registers. */
const mostRoots = 8;
const mostLoads = 20;
/** Loops this short are joined whatever they read and however many they are: what they cost is the call. */
const shortLoop = 64;
const mostShortRoots = 128;

/**
 * Joins map kernels over the same loops into one, where they share what they read or one computes what the other reads. So
 * the update of a parameter, with its moments, is one pass over memory.
 */
export function group(program: KernelProgram): KernelProgram {
  const graph = new KernelGraph(program);
  const nests = new Map<GraphNode, GrowingNest>();
  const short = new Map<number, GraphNode>();
  const join = (first: GraphNode, second: GraphNode, nest: Nest, isShort: boolean): boolean => {
    const grown = nests.get(first);
    if (grown === undefined || sizeOf(grown.shape) !== sizeOf(nest.shape)) return false;
    const most = isShort ? mostShortRoots : mostRoots;
    if (grown.roots.length + nest.roots.length > most || !graph.canJoin(first, second)) return false;
    if (!isShort && grown.loads + grown.newLoads(nest) > mostLoads) return false;
    if (!grown.add(nest)) return false;
    graph.join(first, second, kernelOf(grown));
    return true;
  };
  for (const node of graph.nodes()) {
    const nest = node.kernel.kind === 'map' ? nestOf(node.kernel) : null;
    if (nest === null) continue;
    const size = sizeOf(nest.shape);
    const isShort = size <= shortLoop;
    const last = isShort ? short.get(size) : undefined;
    const candidates = [...(last === undefined ? [] : [last]), ...relatives(program, graph, node)];
    if (candidates.some((first) => join(first, node, nest, isShort))) continue;
    nests.set(node, new GrowingNest(nest));
    if (isShort) short.set(size, node);
  }
  dropStores(program, graph, nests);
  return graph.program();
}

/** What only the loop that computes it reads need not be stored: the turn has it at hand. */
function dropStores(
  { results, writes }: KernelProgram,
  graph: KernelGraph,
  nests: ReadonlyMap<GraphNode, GrowingNest>,
): void {
  const kept = new Set([...results, ...writes.map(({ buffer }) => buffer)]);
  const isNeeded = (buffer: ValueId): boolean => kept.has(buffer) || graph.readersOf(buffer).size > 0;
  for (const [node, nest] of nests) {
    if (nest.roots.every(({ buffer }) => isNeeded(buffer))) continue;
    nest.keep(isNeeded);
    graph.replace(node, kernelOf(nest));
  }
}

/** Earlier kernels that compute what this one reads, or that read the same, the nearest first. */
function relatives(program: KernelProgram, graph: KernelGraph, node: GraphNode): GraphNode[] {
  const found = new Set<GraphNode>();
  for (const buffer of node.reads) {
    for (const writer of graph.writersOf(buffer)) found.add(writer);
    if (program.buffers.get(buffer)!.size === 1) continue;
    for (const reader of graph.readersOf(buffer)) if (graph.isBefore(reader, node)) found.add(reader);
  }
  found.delete(node);
  return [...found].toSorted((a, b) => (graph.isBefore(a, b) ? 1 : -1));
}
