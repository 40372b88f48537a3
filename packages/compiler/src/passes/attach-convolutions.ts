import { contiguousStrides, type ValueId } from '@nadir/tensor';
import type { ConvolutionKernel, KernelProgram, Root } from '../kernel.ts';
import { placeNest } from '../lower/convolution/epilogue.ts';
import { isVector } from '../lower/vector-point.ts';
import { KernelGraph, type GraphNode } from './graph.ts';
import { GrowingNest, nestOf, type Nest } from './nests.ts';

/** Loads and stores of one loop beyond which it runs out of registers. */
const mostRoots = 8;
const mostLoads = 20;

/** The result of a convolution as a loop that stores what it has; null where loops cannot follow it. */
function resultNest({ part, geometry, buffer }: ConvolutionKernel): Nest | null {
  const { type, batch, groups, filters, places, target } = geometry;
  const isDense = target.step.every((step) => step === 1);
  if (type !== 'f32' || !isDense || (part !== 'product' && part !== 'winograd')) return null;
  const shape = [batch * groups * filters, places[0] * places[1]];
  const at = { strides: contiguousStrides(shape), offset: 0 };
  const element = { kind: 'load', dtype: 'float32', buffer, at } as const;
  return { shape, axes: [], roots: [{ buffer, element, at, whole: true }] };
}

/**
 * Lets element-wise loops that read a convolution join it: bias, activation and residual sum are computed for each block of it while the
 * block is in the cache, and the convolution itself is stored only where others read it.
 */
export function attachConvolutions(program: KernelProgram): KernelProgram {
  const graph = new KernelGraph(program);
  const buffers = new Map(program.buffers);
  const kept = new Set([...program.results, ...program.writes.map(({ buffer }) => buffer)]);
  const isNeeded = (buffer: ValueId): boolean => kept.has(buffer) || graph.readersOf(buffer).size > 0;
  for (const node of graph.nodes()) {
    const { kernel } = node;
    const own = kernel.kind === 'convolution' ? resultNest(kernel) : null;
    if (kernel.kind !== 'convolution' || own === null || graph.writersOf(kernel.buffer).size > 1) continue;
    const taken: Nest[] = [own];
    for (
      let next = joinable(graph, node, kernel, taken);
      next !== null;
      next = joinable(graph, node, kernel, taken)
    ) {
      taken.push(next.nest);
      graph.join(node, next.node, withRoots(kernel, next.grown));
    }
    if (taken.length === 1) continue;
    const { epilogue } = node.kernel as ConvolutionKernel;
    const roots = epilogue!.roots.filter((root: Root) => isNeeded(root.buffer));
    graph.replace(node, { ...kernel, epilogue: { ...epilogue!, roots } });
    if (!isNeeded(kernel.buffer)) buffers.delete(kernel.buffer);
  }
  return { ...graph.program(), buffers };
}

function withRoots(kernel: ConvolutionKernel, { shape, roots }: Nest): ConvolutionKernel {
  return { ...kernel, epilogue: { shape, roots } };
}

/** A loop that reads what a convolution, or a loop that has joined it, stores, and can join too. */
function joinable(
  graph: KernelGraph,
  node: GraphNode,
  kernel: ConvolutionKernel,
  taken: readonly Nest[],
): { readonly node: GraphNode; readonly nest: Nest; readonly grown: GrowingNest } | null {
  const readers = new Set(
    taken.flatMap(({ roots }) => roots.flatMap(({ buffer }) => [...graph.readersOf(buffer)])),
  );
  for (const reader of readers) {
    const nest = reader.kernel.kind === 'map' ? nestOf(reader.kernel) : null;
    if (nest === null || !nest.roots.every((root) => isVector(root.element))) continue;
    if (!graph.canJoin(node, reader)) continue;
    const grown = new GrowingNest(taken[0]!);
    const fits = [...taken.slice(1), nest].every((each) => grown.add(each));
    if (!fits || grown.roots.length > mostRoots || grown.loads > mostLoads) continue;
    if (placeNest({ shape: grown.shape, roots: grown.roots }, kernel.geometry) === null) continue;
    return { node: reader, nest, grown };
  }
  return null;
}
