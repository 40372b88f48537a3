import { i32, select, type FunctionBuilder, type Local } from '@nadir/wasm';
import { walkAxes } from './nest.ts';

/**
 * How a loop nest is cut into chunks that may run in any order and on any thread: the axes before `axis` have one index
 * each in a chunk, `axis` itself a block of indices. It follows from the sizes alone, never from the number of threads.
 */
export interface Partition {
  readonly sizes: readonly number[];
  readonly axis: number;
  readonly block: number;
  readonly chunks: number;
}

/** Cost of a chunk, in elements of a simple vector loop: some microseconds, many times the price of handing it out. */
export const grain: number = 2 ** 14;

/**
 * Cuts loops over `sizes` into chunks of about one grain.
 *
 * @param cost of one turn of the innermost of the loops, in elements of a simple vector loop
 * @param multiple of which the blocks of the last axis are, so that vectors stay whole
 */
export function partition(sizes: readonly number[], cost: number, multiple = 1): Partition {
  const whole: Partition = { sizes, axis: 0, block: sizes[0] ?? 1, chunks: 1 };
  let inner = sizes.reduce((product, size) => product * size, cost);
  if (inner < 2 * grain) return whole;
  let outer = 1;
  for (let axis = 0; axis < sizes.length; axis++) {
    const size = sizes[axis]!;
    inner /= size;
    const isLast = axis === sizes.length - 1;
    if (inner >= grain && !isLast) {
      outer *= size;
      continue;
    }
    const unit = isLast ? multiple : 1;
    const fitting = Math.max(unit, Math.floor(grain / inner / unit) * unit);
    // Equal blocks: a small rest would keep one thread alone at the end.
    const blocks = Math.ceil(size / fitting);
    const block = Math.ceil(size / blocks / unit) * unit;
    return { sizes, axis, block, chunks: outer * Math.ceil(size / block) };
  }
  return whole;
}

/** The indices of the cut axis that belong to a chunk. */
export interface ChunkRange {
  readonly from: Local<'i32'>;
  readonly to: Local<'i32'>;
}

/**
 * Emits the loops of one chunk over axes `0 … walked − 1`, as {@link walkAxes} does. Where the cut axis is the one behind them, the
 * body gets its range; null: all of it.
 */
export function walkChunk(
  f: FunctionBuilder,
  { sizes, axis, block, chunks }: Partition,
  walked: number,
  pointers: readonly Local<'i32'>[],
  steps: readonly (readonly number[])[],
  chunk: Local<'i32'>,
  body: (pointers: readonly Local<'i32'>[], range: ChunkRange | null) => void,
): void {
  if (chunks === 1) {
    walkAxes(f, sizes, 0, walked, pointers, steps, (inner) => body(inner, null));
    return;
  }
  const blocks = Math.ceil(sizes[axis]! / block);
  const rest = f.let(chunk);
  const takeIndex = (size: number): Local<'i32'> => {
    const index = f.let(i32.remU(rest, size));
    f.set(rest, i32.divU(rest, size));
    return index;
  };
  const from = takeIndex(blocks);
  f.set(from, i32.mul(from, block));
  const to = f.let(i32.add(from, block), 'chunk_end');
  f.set(to, select(i32.ltS(to, sizes[axis]!), to, i32.const(sizes[axis]!)));
  const moved = pointers.map((pointer) => f.let(pointer));
  const move = (index: Local<'i32'>, along: number): void => {
    moved.forEach((pointer, i) => {
      const step = steps[i]![along]!;
      if (step !== 0) f.set(pointer, i32.add(pointer, i32.mul(index, step)));
    });
  };
  for (let outer = axis - 1; outer >= 0; outer--) move(takeIndex(sizes[outer]!), outer);
  if (axis >= walked) {
    body(moved, { from, to });
    return;
  }
  move(from, axis);
  const counter = f.let(from);
  f.while(i32.ltS(counter, to), () => {
    walkAxes(f, sizes, axis + 1, walked, moved, steps, (inner) => body(inner, null));
    moved.forEach((pointer, i) => {
      if (steps[i]![axis] !== 0) f.set(pointer, i32.add(pointer, steps[i]![axis]!));
    });
    f.set(counter, i32.add(counter, 1));
  });
}
