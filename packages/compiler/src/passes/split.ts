import { sizeOf, type DType, type Shape, type ValueId } from '@nadir/tensor';
import { grain } from '../lower/chunks.ts';
import { costOf } from '../lower/cost.ts';
import { partialType } from '../lower/down.ts';
import { leavesOf } from '../lower/element.ts';
import { mergeAxes } from '../lower/nest.ts';
import {
  keptPosition,
  rowBlock,
  type Affine,
  type Buffer,
  type Element,
  type Kernel,
  type KernelProgram,
  type ReduceKernel,
} from '../kernel.ts';

/** Results that threads can share as they are. */
const fewResults = 4;
/** Blocks of all results of a fold, and the least of neighbours in one: whole vectors for all accumulators. */
const mostParts = 64;
const leastBlock = 64;
/** Columns that are folded side by side: fewer fill no vector, more do not stay near. */
const leastColumns = 8;
const mostColumns = 2 ** 15;

/**
 * Splits folds of many rows to one into folds of blocks of rows, and of their results: threads share the blocks, and memory
 * is read in its order. The blocks follow from the sizes, so that the bits do not depend on the number of threads.
 */
export function split(program: KernelProgram): KernelProgram {
  const buffers = new Map(program.buffers);
  let next = Math.max(-1, ...buffers.keys()) + 1;
  const partial = (dtype: DType, size: number): Buffer => {
    const buffer: Buffer = { id: next++, dtype, size, origin: 'kernel', index: -1 };
    buffers.set(buffer.id, buffer);
    return buffer;
  };
  const kernels = program.kernels.flatMap((kernel) => {
    if (kernel.kind !== 'reduce') return [kernel];
    return foldsColumns(kernel) ? splitColumns(kernel, partial) : splitLong(kernel, partial);
  });
  return { ...program, buffers, kernels };
}

/** Whether a reduction folds whole rows into one row, and so many of them that more than one thread is wanted. */
function foldsColumns({ shape, axes, element }: ReduceKernel): boolean {
  const last = Math.max(-1, ...axes.filter((axis) => shape[axis] !== 1));
  const isLeading = shape.every((size, axis) => size === 1 || axes.includes(axis) === axis <= last);
  if (!isLeading || shape.includes(0)) return false;
  const rows = sizeOf(axes.map((axis) => shape[axis]!));
  const columns = sizeOf(shape) / rows;
  if (columns < leastColumns || columns > mostColumns || rows <= rowBlock(rows)) return false;
  return sizeOf(shape) * costOf([element], true) >= 2 * grain;
}

function splitColumns(
  { name, shape, axes, element, buffer, dtype }: ReduceKernel,
  partial: (dtype: DType, size: number) => Buffer,
): Kernel[] {
  const row = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const rows = sizeOf(axes.map((axis) => shape[axis]!));
  const columns = sizeOf(shape) / rows;
  const blocks = Math.ceil(rows / rowBlock(rows));
  const parts = partial(partialType(name, element.dtype), blocks * columns);
  return [
    {
      kind: 'rows',
      shape,
      axes: row,
      roots: [{ buffer: parts.id, element, at: along(shape, row), whole: true, down: name }],
    },
    combine(name, parts, [blocks, columns], buffer, dtype),
  ];
}

/** A fold to so few results that threads would find nothing to share, in blocks. */
function splitLong(kernel: ReduceKernel, partial: (dtype: DType, size: number) => Buffer): Kernel[] {
  const { name, shape, axes, element, buffer, dtype } = kernel;
  if (shape.includes(0)) return [kernel];
  const kept = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const leaves = leavesOf([element]);
  const places = [...leaves.map(({ at }) => at), keptPosition(shape, axes)];
  const nest = mergeAxes(shape, [...kept, ...axes], kept.length, places);
  const folded = nest.sizes.slice(nest.split);
  const results = sizeOf(nest.sizes.slice(0, nest.split));
  const parts = Math.min(
    Math.floor(mostParts / results),
    Math.floor((sizeOf(folded) * costOf([element], true)) / grain),
  );
  // The outermost axis is cut; along the innermost one, vectors stay whole.
  const unit = folded.length === 1 ? leastBlock : 1;
  const block = Math.ceil((folded[0] ?? 1) / Math.max(1, parts) / unit) * unit;
  const blocks = Math.ceil((folded[0] ?? 1) / block);
  if (results >= fewResults || blocks < 2) return [kernel];
  const moved = new Map(
    leaves.map((leaf, i) => [leaf, { strides: nest.strides[i]!, offset: leaf.at.offset }]),
  );
  const part = partial(partialType(name, element.dtype), blocks * results);
  return [
    {
      ...kernel,
      shape: nest.sizes,
      axes: folded.map((_, i) => nest.split + i),
      element: withPlaces(element, moved),
      buffer: part.id,
      dtype: part.dtype,
      block,
    },
    combine(name, part, [blocks, results], buffer, dtype),
  ];
}

/** An element whose loads and indices are at other places. */
function withPlaces(element: Element, places: ReadonlyMap<Element, Affine>): Element {
  const made = new Map<Element, Element>();
  const copy = (each: Element): Element => {
    const before = made.get(each);
    if (before !== undefined) return before;
    const at = places.get(each);
    const after =
      at !== undefined
        ? ({ ...each, at } as Element)
        : each.kind === 'point'
          ? { ...each, operands: each.operands.map(copy) }
          : each;
    made.set(each, after);
    return after;
  };
  return copy(element);
}

/** Folds parts, one row each, to a result. */
function combine(
  name: ReduceKernel['name'],
  { id, dtype }: Buffer,
  shape: readonly [blocks: number, columns: number],
  buffer: ValueId,
  to: DType,
): ReduceKernel {
  const element: Element = { kind: 'load', dtype, buffer: id, at: { strides: [shape[1], 1], offset: 0 } };
  return { kind: 'reduce', name, shape, axes: [0], element, buffer, dtype: to };
}

/** A row-major position over some of the axes. */
function along(shape: Shape, axes: readonly number[]): Affine {
  const strides = shape.map(() => 0);
  let step = 1;
  for (const axis of axes.toReversed()) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return { strides, offset: 0 };
}
