import { byteSize, sizeOf, type DType } from '@nadir/tensor';
import { f32x4, i32, i32x4, select, type Expression, type FunctionBuilder, type Local } from '@nadir/wasm';
import { rowBlock, type Element, type RowKernel } from '../kernel.ts';
import { isKept, planRows, type RowPlan, type Stage, type Store } from '../passes/stages.ts';
import { partition, walkChunk } from './chunks.ts';
import { costOf } from './cost.ts';
import { addDown, partialType, startDown } from './down.ts';
import {
  ElementEmitter,
  fixedParts,
  leavesOf,
  startOf,
  stepBytes,
  storeElement,
  type Leaf,
  type LeafPlace,
  type Value,
} from './element.ts';
import { scalarFold, vectorFold, type ScalarFold, type VectorFold } from './fold.ts';
import { addressOf, scratchStart, type Lowering } from './lowering.ts';
import { mergeAxes, plus, walkAxes, type MergedNest } from './nest.ts';
import type { Scalar } from './scalar-point.ts';
import { lanesOfRest, type Lanes } from './vector-memory.ts';
import { isVector } from './vector-point.ts';

/** Elements of a simple vector loop that pass while a fold waits for its own last turn. */
const foldLatency = 8;
/** Accumulators beyond which one stage runs out of registers. */
const mostAccumulators = 4;

/** Where each kept row begins in the working memory, and where all end. */
function keptOffsets({ kept }: RowPlan, { shape, axes }: RowKernel): number[] {
  const length = sizeOf(axes.map((axis) => shape[axis]!));
  const offsets = [0];
  for (const dtype of kept) offsets.push(offsets.at(-1)! + Math.ceil((length * byteSize(dtype)) / 64) * 64);
  return offsets;
}

/** Bytes of working memory that a row kernel needs. */
export function rowBytes(kernel: RowKernel): number {
  return keptOffsets(planRows(kernel), kernel).at(-1)!;
}

interface Rows {
  readonly lowering: Lowering;
  readonly f: FunctionBuilder;
  readonly plan: RowPlan;
  readonly nest: MergedNest;
  /** Positions that loops move: the leaves, then the stores. */
  readonly places: ReadonlyMap<Leaf | Store, number>;
  readonly steps: readonly (readonly number[])[];
  readonly offsets: readonly number[];
  /** Whether all is computed in vectors. */
  readonly vectors: boolean;
}

/**
 * Emits one chunk of a row kernel: for each row its stages in order, each a loop along the row, and what is stored once a row.
 * Returns how many chunks there are.
 */
export function emitRowKernel(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: RowKernel,
  chunk: Local<'i32'>,
): number {
  const { shape, axes } = kernel;
  const plan = planRows(kernel);
  const stores = [...plan.stages.flatMap((stage) => stage.stores), ...plan.rowStores];
  const elements = [
    ...plan.stages.flatMap((stage) => stage.folds.map(({ operand }) => operand)),
    ...stores.map(({ element }) => element),
  ];
  const leaves = leavesOf(elements);
  const kept = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const moving: readonly (Leaf | Store)[] = [...leaves, ...stores];
  const nest = mergeAxes(
    shape,
    [...kept, ...axes],
    kept.length,
    moving.map(({ at }) => at),
  );
  const rows = keptOffsets(plan, kernel);
  const scratch = plan.kept.length > 0 ? f.let(scratchStart(lowering)) : null;
  const starts = moving.map((place) => {
    if ('buffer' in place && isKept(place.buffer))
      return { base: scratch!, offset: rows[-1 - place.buffer]! };
    return 'kind' in place
      ? startOf(lowering, f, place)
      : addressOf(lowering, f, place.buffer, place.at.offset);
  });
  const bytes = moving.map((place) => ('kind' in place ? stepBytes(place) : bytesOf(place)));
  const last = nest.sizes.length - 1;
  const vectors =
    nest.sizes[last]! >= 4 &&
    elements.every((element) => isVector(element)) &&
    plan.stages.every(({ stores: list }) =>
      list.every(
        (store) =>
          nest.strides[moving.indexOf(store)]![last] === 1 &&
          (store.down === undefined || store.element.dtype !== 'bool'),
      ),
    );
  // What is folded down lies behind what the blocks before have folded.
  const length = sizeOf(nest.sizes.slice(nest.split));
  const pointers = starts.map(({ base }, i) => {
    const place = moving[i]!;
    if ('kind' in place || place.down === undefined) return base;
    return f.let(i32.add(base, i32.mul(chunk, length * bytes[i]!)));
  });
  const row: Rows = {
    lowering,
    f,
    plan,
    nest,
    places: new Map(moving.map((place, i) => [place, i])),
    steps: nest.strides.map((strides, i) => strides.map((stride) => stride * bytes[i]!)),
    offsets: starts.map(({ offset }) => offset),
    vectors,
  };
  const outer = nest.sizes.slice(0, nest.split);
  const down = stores.filter((store) => store.down !== undefined);
  if (down.length === 0) {
    const cut = partition(outer, costOfRow(row));
    walkChunk(f, cut, nest.split, pointers, row.steps, chunk, (at) => emitRow(row, at));
    return cut.chunks;
  }
  for (const store of down) {
    const i = row.places.get(store)!;
    const start = i32.add(pointers[i]!, row.offsets[i]!);
    startDown(f, store.down!, store.element.dtype, start, length);
  }
  return walkBlock(f, outer, pointers, row.steps, chunk, (at) => emitRow(row, at));
}

function bytesOf({ element: { dtype }, down }: Store): number {
  return byteSize(down === undefined ? dtype : partialType(down, dtype));
}

/** Emits the loop over one block of the rows, numbered over all outer axes. Returns how many blocks there are. */
function walkBlock(
  f: FunctionBuilder,
  sizes: readonly number[],
  pointers: readonly Local<'i32'>[],
  steps: readonly (readonly number[])[],
  chunk: Local<'i32'>,
  body: (pointers: readonly Local<'i32'>[]) => void,
): number {
  const rows = sizeOf(sizes);
  const block = rowBlock(rows);
  const chunks = Math.ceil(rows / block);
  if (sizes.length === 1) {
    walkChunk(f, { sizes, axis: 0, block, chunks }, 1, pointers, steps, chunk, body);
    return chunks;
  }
  const row = f.let(i32.mul(chunk, block), 'row');
  const end = f.let(i32.add(row, block), 'end');
  f.set(end, select(i32.ltS(end, rows), end, i32.const(rows)));
  f.while(i32.ltS(row, end), () => {
    const rest = f.let(row);
    const moved = pointers.map((pointer) => f.let(pointer));
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      const index = f.let(axis === 0 ? rest : i32.remU(rest, sizes[axis]!));
      if (axis > 0) f.set(rest, i32.divU(rest, sizes[axis]!));
      moved.forEach((pointer, i) => {
        const step = steps[i]![axis]!;
        if (step !== 0) f.set(pointer, i32.add(pointer, i32.mul(index, step)));
      });
    }
    body(moved);
    f.set(row, i32.add(row, 1));
  });
  return chunks;
}

/** Cost of one row, in elements of a simple vector loop. */
function costOfRow({ plan, nest, vectors }: Rows): number {
  const length = sizeOf(nest.sizes.slice(nest.split));
  const cost = plan.stages.reduce(
    (sum, { folds, stores }) =>
      sum +
      costOf([...folds.map(({ operand }) => operand), ...stores.map(({ element }) => element)], vectors),
    0,
  );
  return length * cost;
}

function emitRow(rows: Rows, pointers: readonly Local<'i32'>[]): void {
  const { f, plan, places, offsets, vectors } = rows;
  // What is the same along the row: first the loads that do not move, then what was folded.
  const known = new Map<Element, Value>();
  const fixed = (element: Element): Value => {
    const placeOf = (leaf: Leaf): LeafPlace => {
      const i = places.get(leaf)!;
      return { address: pointers[i]!, offset: offsets[i]!, laneStride: 0 };
    };
    const emitter = new ElementEmitter(rows.lowering, f, vectors ? 4 : 0, placeOf, known);
    const value = emitter.value(element);
    for (const [each, made] of emitter.values) known.set(each, made);
    return value;
  };
  for (const stage of plan.stages) emitStage(rows, stage, pointers, known, fixed);
  for (const store of plan.rowStores) {
    const i = places.get(store)!;
    const { dtype } = store.element;
    storeElement(f, dtype, pointers[i]!, fixed(store.element), offsets[i]!, vectors ? 1 : 0);
  }
}

/** The folds of one stage while its loop runs. */
interface Accumulator {
  readonly total: ScalarFold;
  readonly folds: readonly VectorFold[];
}

function emitStage(
  rows: Rows,
  { folds, stores }: Stage,
  pointers: readonly Local<'i32'>[],
  known: Map<Element, Value>,
  fixed: (element: Element) => Value,
): void {
  const { f, nest, places, steps, vectors } = rows;
  const { sizes, split, strides } = nest;
  const last = sizes.length - 1;
  const count = sizes[last]!;
  const elements = [...folds.map(({ operand }) => operand), ...stores.map(({ element }) => element)];
  const isStill = (leaf: Leaf, from: number): boolean =>
    strides[places.get(leaf)!]!.every((stride, axis) => axis < from || stride === 0);
  for (const part of fixedParts(elements, (leaf) => isStill(leaf, split))) fixed(part);
  // More than one vector a turn pays where folds would wait for themselves.
  const waiting = Math.ceil(foldLatency / costOf(elements, true));
  const width = folds.length === 0 ? 1 : Math.min(waiting, Math.ceil(mostAccumulators / folds.length));
  const unrolled = vectors && count >= 16 * width ? width : 1;
  const accumulators = folds.map(({ fold, operand }): Accumulator => {
    const vector = (): VectorFold => vectorFold(f, fold.name, operand.dtype as 'float32' | 'int32');
    const lanes = Array.from({ length: vectors ? unrolled : 0 }, vector);
    for (const each of lanes) each.reset();
    return { total: scalarFold(f, fold.name, operand.dtype, fold.dtype), folds: lanes };
  });
  walkAxes(f, sizes, split, last, pointers, steps, (inner) => {
    const index = f.local('i32', 'i');
    const addressAt = (i: number): Expression<'i32'> => plus(inner[i]!, index, steps[i]![last]!);
    const emitter = (lanes: Lanes | 0, before: ReadonlyMap<Element, Value>): ElementEmitter => {
      const placeOf = (leaf: Leaf): LeafPlace => {
        const i = places.get(leaf)!;
        return { address: addressAt(i), offset: rows.offsets[i]!, laneStride: strides[i]![last]! };
      };
      return new ElementEmitter(rows.lowering, f, lanes, placeOf, before);
    };
    const hoisted = emitter(vectors ? 4 : 0, known);
    if (split < last)
      for (const part of fixedParts(elements, (leaf) => isStill(leaf, last))) hoisted.value(part);
    const turn = (lanes: Lanes | 0, which: number): void => {
      const each = emitter(lanes, hoisted.values);
      // All is read before anything is stored: a result may lie where an operand was.
      const values = elements.map((element) => each.value(element));
      accumulators.forEach(({ total, folds: vectorFolds }, k) => {
        if (lanes === 0) total.add(values[k] as Scalar);
        else vectorFolds[which]!.add(values[k] as Local<'v128'>, lanes);
      });
      stores.forEach((store, k) => {
        const i = places.get(store)!;
        const { dtype } = store.element;
        const value = values[folds.length + k]!;
        if (store.down !== undefined)
          addDown(f, store.down, dtype, addressAt(i), rows.offsets[i]!, value, lanes);
        else storeElement(f, dtype, addressAt(i), value, rows.offsets[i]!, lanes);
      });
      f.set(index, i32.add(index, Math.max(1, lanes)));
    };
    const turns = (lanes: 4 | 0, vectorsATurn: number, end: number): void =>
      f.while(i32.ltS(index, end), () => {
        for (let v = 0; v < vectorsATurn; v++) turn(lanes, v);
      });
    f.set(index, 0);
    if (!vectors) {
      turns(0, 1, count);
      return;
    }
    const rest = lanesOfRest(count);
    const wide = count - (count % (4 * unrolled));
    turns(4, unrolled, wide);
    if (wide < count - rest) turns(4, 1, count - rest);
    if (rest !== 0) turn(rest, 0);
  });
  folds.forEach(({ fold }, k) => {
    const { total, folds: lanes } = accumulators[k]!;
    for (const each of lanes) each.into(total);
    const result = total.result();
    known.set(fold, vectors ? f.let(spread(fold.dtype, result)) : result);
  });
}

function spread(dtype: DType, value: Scalar): Expression<'v128'> {
  return dtype === 'float32' ? f32x4.splat(value as Local<'f32'>) : i32x4.splat(value as Local<'i32'>);
}
