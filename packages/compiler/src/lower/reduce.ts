import { byteSize } from '@nadir/tensor';
import { i32, select, type Expression, type FunctionBuilder, type Local, type Operand } from '@nadir/wasm';
import { keptPosition, type ReduceKernel } from '../kernel.ts';
import { partition, walkChunk } from './chunks.ts';
import { costOf } from './cost.ts';
import {
  ElementEmitter,
  fixedParts,
  leavesOf,
  startOf,
  stepBytes,
  type Leaf,
  type LeafPlace,
} from './element.ts';
import { scalarFold, vectorFold, type ScalarFold, type VectorFold } from './fold.ts';
import { addressOf, type Lowering } from './lowering.ts';
import { mergeAxes, plus, walkAxes, type MergedNest } from './nest.ts';
import { storeScalar } from './scalar-point.ts';
import { lanesOfRest, storeLanes, type Lanes } from './vector-memory.ts';
import { isVector } from './vector-point.ts';

/** Accumulators of a row. */
const rowVectors = 4;
/** Vectors of columns that are folded side by side. */
const columnVectors = 4;

interface Plan {
  readonly lowering: Lowering;
  readonly f: FunctionBuilder;
  readonly kernel: ReduceKernel;
  readonly leaves: readonly Leaf[];
  readonly nest: MergedNest;
  /** Bytes of a step along each merged axis, of every leaf and last of the result. */
  readonly steps: readonly (readonly number[])[];
  readonly offsets: readonly number[];
  readonly starts: readonly Local<'i32'>[];
  readonly chunk: Local<'i32'>;
}

/**
 * Emits one chunk of a reduction: along vectors of a row where the last axis is folded, else of columns side by side.
 * Returns how many chunks there are.
 */
export function emitReduce(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: ReduceKernel,
  chunk: Local<'i32'>,
): number {
  const { shape, axes, element, buffer, dtype } = kernel;
  const leaves = leavesOf([element]);
  const kept = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const position = keptPosition(shape, axes);
  const nest = mergeAxes(shape, [...kept, ...axes], kept.length, [
    ...leaves.map((leaf) => leaf.at),
    position,
  ]);
  const starts = [...leaves.map((leaf) => startOf(lowering, f, leaf)), addressOf(lowering, f, buffer)];
  const bytes = [...leaves.map(stepBytes), byteSize(dtype)];
  const plan: Plan = {
    lowering,
    f,
    kernel,
    leaves,
    nest,
    steps: nest.strides.map((strides, i) => strides.map((stride) => stride * bytes[i]!)),
    offsets: starts.map(({ offset }) => offset),
    starts: starts.map(({ base }) => base),
    chunk,
  };
  const { sizes, split, strides } = nest;
  const vectors = isVector(element) && element.dtype !== 'bool';
  const column = split - 1;
  const row = sizes.length - 1;
  // Whether leaves run on along the columns, and not along the rows.
  const runs = (axis: number): number => leaves.filter((_, i) => strides[i]![axis] === 1).length;
  const byColumns =
    vectors &&
    column >= 0 &&
    sizes[column]! >= 4 &&
    (row < split || (runs(column) > 0 && runs(column) >= runs(row)) || sizes[row]! < 4);
  if (byColumns && kernel.block === undefined) return emitColumns(plan);
  return emitRows(plan, vectors && row >= split && sizes[row]! >= 8);
}

/** Cost of one element of the result, in elements of a simple vector loop. */
function costOfResult({ kernel, nest }: Plan, vectors: boolean): number {
  const folded = nest.sizes.slice(nest.split).reduce((product, size) => product * size, 1);
  return folded * costOf([kernel.element], vectors);
}

function emitter(
  plan: Plan,
  lanes: Lanes | 0,
  placeOf: (leaf: Leaf, i: number) => LeafPlace,
  known?: ElementEmitter,
): ElementEmitter {
  const places = new Map(plan.leaves.map((leaf, i) => [leaf, i]));
  return new ElementEmitter(
    plan.lowering,
    plan.f,
    lanes,
    (leaf) => placeOf(leaf, places.get(leaf)!),
    known?.values,
  );
}

function emitRows(plan: Plan, vectors: boolean): number {
  const { f, kernel, nest, steps, starts } = plan;
  const { sizes, split } = nest;
  if (kernel.block === undefined) {
    const cut = partition(sizes.slice(0, split), costOfResult(plan, vectors));
    walkChunk(f, cut, split, starts, steps, plan.chunk, (pointers) =>
      foldOne(plan, vectors, pointers, sizes[split]!),
    );
    return cut.chunks;
  }
  // A chunk is one block for one result: the blocks of the first result come first.
  const { block } = kernel;
  const count = sizes[split]!;
  const blocks = Math.ceil(count / block);
  const results = sizes.slice(0, split).reduce((product, size) => product * size, 1);
  const which = f.let(i32.remU(plan.chunk, blocks));
  const result = f.let(i32.divU(plan.chunk, blocks));
  const pointers = starts.map((start) => f.let(start));
  const move = (i: number, by: Expression<'i32'>): void => f.set(pointers[i]!, i32.add(pointers[i]!, by));
  const place = pointers.length - 1;
  move(place, i32.mul(i32.mul(which, results), byteSize(kernel.dtype)));
  const from = f.let(i32.mul(which, block));
  const rest = f.let(result);
  for (let axis = split - 1; axis >= 0; axis--) {
    const index = f.let(axis === 0 ? rest : i32.remU(rest, sizes[axis]!));
    if (axis > 0) f.set(rest, i32.divU(rest, sizes[axis]!));
    pointers.forEach((_, i) => {
      if (steps[i]![axis] !== 0) move(i, i32.mul(index, steps[i]![axis]!));
    });
  }
  plan.leaves.forEach((_, i) => {
    if (steps[i]![split] !== 0) move(i, i32.mul(from, steps[i]![split]!));
  });
  const left = i32.sub(count, from);
  foldOne(plan, vectors, pointers, f.let(select(i32.ltS(left, block), left, i32.const(block))));
  return blocks * results;
}

/** Folds one result from where the pointers are: `count` indices of the first folded axis, and all of the others. */
function foldOne(
  plan: Plan,
  vectors: boolean,
  pointers: readonly Local<'i32'>[],
  count: number | Local<'i32'> | undefined,
): void {
  const { f, kernel, leaves, nest, steps, offsets } = plan;
  const { sizes, split } = nest;
  const { element, name, dtype } = kernel;
  const last = sizes.length - 1;
  const total = scalarFold(f, name, element.dtype, dtype);
  // Several accumulators: one alone would wait for its own last addition in every turn.
  const wide = vectors && sizes[last]! >= 4 * rowVectors ? rowVectors : 1;
  const folds = Array.from({ length: vectors ? wide : 0 }, () =>
    vectorFold(f, name, element.dtype as 'float32' | 'int32'),
  );
  for (const fold of folds) fold.reset();
  if (count === undefined) foldRow(plan, total, folds, pointers, 1);
  else if (split === last) foldRow(plan, total, folds, pointers, count);
  else {
    const moving = pointers.map((pointer) => f.let(pointer));
    f.for(f.local('i32'), { to: count }, () => {
      walkAxes(f, sizes, split + 1, last, moving, steps, (inner) =>
        foldRow(plan, total, folds, inner, sizes[last]!),
      );
      leaves.forEach((_, i) => {
        if (steps[i]![split] !== 0) f.set(moving[i]!, i32.add(moving[i]!, steps[i]![split]!));
      });
    });
  }
  for (const fold of folds) fold.into(total);
  const at = leaves.length;
  f.do(storeScalar(dtype, pointers[at]!, total.result(), offsets[at]!));
}

/** The loop along the last axis. Where `end` is not a constant, it is a multiple of all vectors or the end of the axis. */
function foldRow(
  plan: Plan,
  total: ScalarFold,
  folds: readonly VectorFold[],
  pointers: readonly Local<'i32'>[],
  end: number | Local<'i32'>,
): void {
  const { f, kernel, leaves, nest, steps, offsets } = plan;
  const { sizes, split, strides } = nest;
  const { element } = kernel;
  const last = sizes.length - 1;
  const hasRow = last >= split;
  const index = f.local('i32', 'i');
  f.set(index, 0);
  const placeOf = (_: Leaf, i: number): LeafPlace => ({
    address: hasRow ? plus(pointers[i]!, index, steps[i]![last]!) : pointers[i]!,
    offset: offsets[i]!,
    laneStride: hasRow ? strides[i]![last]! : 0,
  });
  const isFixed = (leaf: Leaf): boolean => !hasRow || strides[leaves.indexOf(leaf)]![last] === 0;
  const before = emitter(plan, folds.length > 0 ? 4 : 0, placeOf);
  for (const part of fixedParts([element], isFixed)) before.value(part);
  if (folds.length === 0) {
    f.while(i32.ltS(index, end), () => {
      total.add(emitter(plan, 0, placeOf, before).scalar(element));
      f.set(index, i32.add(index, 1));
    });
    return;
  }
  const whole = (multiple: number): Operand<'i32'> =>
    typeof end === 'number' ? end - (end % multiple) : f.let(i32.and(end, -multiple));
  const turns = (taken: readonly VectorFold[]): void =>
    f.while(i32.ltS(index, whole(4 * taken.length)), () => {
      for (const fold of taken) {
        fold.add(emitter(plan, 4, placeOf, before).vector(element));
        f.set(index, i32.add(index, 4));
      }
    });
  turns(folds);
  const count = sizes[last]!;
  if (count % (4 * folds.length) >= 4) turns(folds.slice(0, 1));
  const rest = lanesOfRest(count);
  if (rest === 0) return;
  const addRest = (): void => folds[0]!.add(emitter(plan, rest, placeOf, before).vector(element), rest);
  if (typeof end === 'number') addRest();
  else f.if(i32.ltS(index, end), addRest);
}

function emitColumns(plan: Plan): number {
  const { f, kernel, leaves, nest, steps, offsets, starts } = plan;
  const { sizes, split, strides } = nest;
  const { element, name, dtype } = kernel;
  const column = split - 1;
  const count = sizes[column]!;
  const result = leaves.length;
  const cut = partition(sizes.slice(0, split), costOfResult(plan, true), 4 * columnVectors);
  walkChunk(f, cut, column, starts, steps, plan.chunk, (pointers, range) => {
    const index = f.local('i32', 'column');
    f.set(index, range === null ? 0 : range.from);
    const shifted = (): Local<'i32'>[] =>
      pointers.map((pointer, i) => f.let(plus(pointer, index, steps[i]![column]!)));
    const place = (at: readonly Local<'i32'>[], i: number, lane: number): LeafPlace => {
      const bytes = lane * steps[i]![column]!;
      // A constant joins the offset of the instruction as long as it is not negative.
      const address: Expression<'i32'> =
        bytes < 0 || leaves[i]!.kind === 'index' ? i32.add(at[i]!, bytes) : at[i]!;
      const offset = offsets[i]! + (bytes < 0 || leaves[i]!.kind === 'index' ? 0 : bytes);
      return { address, offset, laneStride: strides[i]![column]! };
    };
    const block = (vectors: number, lanes: Lanes): void => {
      const folds = Array.from({ length: vectors }, () =>
        vectorFold(f, name, element.dtype as 'float32' | 'int32'),
      );
      for (const fold of folds) fold.reset();
      const at = shifted();
      walkAxes(f, sizes, split, sizes.length, at, steps, (inner) => {
        folds.forEach((fold, v) => {
          fold.add(emitter(plan, lanes, (_, i) => place(inner, i, 4 * v)).vector(element));
        });
      });
      folds.forEach((fold, v) =>
        storeLanes(f, dtype, at[result]!, f.let(fold.lanes()), offsets[result]! + 16 * v, lanes),
      );
      f.set(index, i32.add(index, 4 * vectors));
    };
    // The last index at which a block of this many columns may begin, plus one; a cut leaves the rest to its last chunk.
    const limit = (columns: number): Operand<'i32'> =>
      range === null ? count - (count % columns) : f.let(i32.and(range.to, -columns));
    if (count >= 4 * columnVectors)
      f.while(i32.ltS(index, limit(4 * columnVectors)), () => block(columnVectors, 4));
    if (count % (4 * columnVectors) >= 4) f.while(i32.ltS(index, limit(4)), () => block(1, 4));
    const rest = lanesOfRest(count);
    if (rest !== 0) f.if(i32.ltS(index, range === null ? count : range.to), () => block(1, rest));
  });
  return cut.chunks;
}
