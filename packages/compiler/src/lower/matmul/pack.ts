import { byteSize } from '@nadir/tensor';
import {
  call,
  i32,
  memory,
  select,
  transposeLanes,
  v128,
  type FunctionBuilder,
  type Local,
  type Operand,
} from '@nadir/wasm';
import type { PackKernel } from '../../kernel.ts';
import { partition, walkChunk } from '../chunks.ts';
import { costOf } from '../cost.ts';
import {
  ElementEmitter,
  leavesOf,
  startOf,
  stepBytes,
  storeElement,
  type Leaf,
  type LeafPlace,
} from '../element.ts';
import { pointerTo, type Lowering } from '../lowering.ts';
import { mergeAxes, plus } from '../nest.ts';
import { isVector } from '../vector-point.ts';

/** Panels of one item of the batch that a chunk fills: from where, and where to. */
interface Panels {
  readonly lowering: Lowering;
  readonly f: FunctionBuilder;
  readonly kernel: PackKernel;
  readonly leaves: readonly Leaf[];
  /** Of every leaf, at the first panel of the item. */
  readonly pointers: readonly Local<'i32'>[];
  readonly offsets: readonly number[];
  /** Bytes from one step of depth, and from one column, to the next, of every leaf. */
  readonly depthSteps: readonly number[];
  readonly columnSteps: readonly number[];
  readonly target: Local<'i32'>;
  readonly from: Operand<'i32'>;
  readonly to: Operand<'i32'>;
}

/** Emits one chunk of the packing of a factor: some panels of one or more items of the batch. Returns how many chunks there are. */
export function emitPack(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: PackKernel,
  chunk: Local<'i32'>,
): number {
  const { shape, element, width, buffer } = kernel;
  const [depth, columns] = shape.slice(-2) as [number, number];
  const panels = Math.ceil(columns / width);
  const size = byteSize(element.dtype);
  const leaves = leavesOf([element]);
  const batch = shape.slice(0, -2);
  // The result moves along with the leaves, item by item.
  const item = panels * depth * width;
  const own = batch.map(
    (_, axis) => item * batch.slice(axis + 1).reduce((product, count) => product * count, 1),
  );
  const nest = mergeAxes(
    batch,
    batch.map((_, axis) => axis),
    batch.length,
    [...leaves.map((leaf) => leaf.at.strides.slice(0, -2)), own].map((strides) => ({ strides, offset: 0 })),
  );
  const starts = leaves.map((leaf) => startOf(lowering, f, leaf));
  const bytes = [...leaves.map(stepBytes), size];
  const steps = nest.strides.map((strides, i) => [...strides.map((stride) => stride * bytes[i]!), 0]);
  const vectors = isVector(element);
  const cut = partition([...nest.sizes, panels], depth * width * costOf([element], vectors));
  const pointers = [...starts.map(({ base }) => base), f.let(pointerTo(lowering, f, buffer))];
  walkChunk(f, cut, nest.sizes.length, pointers, steps, chunk, (moved, range) => {
    const part: Panels = {
      lowering,
      f,
      kernel,
      leaves,
      pointers: moved.slice(0, -1),
      offsets: starts.map(({ offset }) => offset),
      depthSteps: leaves.map((leaf, i) => leaf.at.strides.at(-2)! * bytes[i]!),
      columnSteps: leaves.map((leaf, i) => leaf.at.strides.at(-1)! * bytes[i]!),
      target: moved.at(-1)!,
      from: range?.from ?? 0,
      to: range?.to ?? panels,
    };
    if (element.kind === 'load') emitCopies(part);
    else emitComputed(part, vectors);
  });
  return cut.chunks;
}

function emitCopies({
  lowering,
  f,
  kernel,
  pointers,
  offsets,
  depthSteps,
  columnSteps,
  target,
  from,
  to,
}: Panels): void {
  const { shape, width, element } = kernel;
  const [depth, columns] = shape.slice(-2) as [number, number];
  const first = f.let(i32.mul(from, width));
  const end = f.let(i32.mul(to, width));
  const count = f.let(i32.sub(select(i32.ltS(end, columns), end, i32.const(columns)), first));
  const { pack } = lowering.products(element.dtype === 'float64' ? 'f64' : 'f32');
  f.do(
    call(pack(), {
      target: i32.add(target, i32.mul(first, depth * byteSize(element.dtype))),
      source: i32.add(i32.add(pointers[0]!, offsets[0]!), i32.mul(first, columnSteps[0]!)),
      widthStride: columnSteps[0]!,
      depthStride: depthSteps[0]!,
      count,
      depth,
    }),
  );
}

/** Elements that are computed on their way into the panels. */
function emitComputed(part: Panels, vectors: boolean): void {
  const { f, kernel, leaves, columnSteps, target, from, to } = part;
  const { shape, width, element } = kernel;
  const [depth, columns] = shape.slice(-2) as [number, number];
  const panelBytes = depth * width * byteSize(element.dtype);
  const panel = f.let(typeof from === 'number' ? i32.const(from) : from);
  const runs = (axis: -1 | -2): number => leaves.filter((leaf) => leaf.at.strides.at(axis) === 1).length;
  f.while(i32.ltS(panel, to), () => {
    const pointers = part.pointers.map((pointer, i) => f.let(plus(pointer, panel, width * columnSteps[i]!)));
    const turn: Turn = { ...part, pointers, target: f.let(i32.add(target, i32.mul(panel, panelBytes))) };
    const whole = (): void => {
      if (!vectors) emitScalars(turn, 0, width, 0);
      else if (runs(-1) >= runs(-2)) emitRows(turn);
      else {
        emitSquares(turn);
        if (depth % 4 > 0) emitScalars(turn, 0, width, depth - (depth % 4));
      }
    };
    const partial = (): void => {
      f.do(memory.fill(turn.target, 0, panelBytes));
      emitScalars(turn, 0, columns % width, 0);
    };
    if (columns % width === 0) whole();
    else if (columns < width) partial();
    else f.if(i32.eq(panel, Math.floor(columns / width)), partial, whole);
    f.set(panel, i32.add(panel, 1));
  });
}

/** One panel. */
type Turn = Panels;

/** Emits elements at a step of depth and a column. */
function emitterAt(
  { lowering, f, leaves, pointers, offsets, depthSteps, columnSteps }: Turn,
  isVectorTurn: boolean,
  alongDepth: boolean,
  depth: Operand<'i32'>,
  column: Operand<'i32'>,
): ElementEmitter {
  const placeOf = (leaf: Leaf): LeafPlace => {
    const i = leaves.indexOf(leaf);
    const across = i32.add(i32.mul(depth, depthSteps[i]!), i32.mul(column, columnSteps[i]!));
    const laneStride = leaf.at.strides.at(alongDepth ? -2 : -1)!;
    return { address: i32.add(pointers[i]!, across), offset: offsets[i]!, laneStride };
  };
  return new ElementEmitter(lowering, f, isVectorTurn ? 4 : 0, placeOf);
}

/** Vectors run along the columns. */
function emitRows(turn: Turn): void {
  const { f, kernel, target } = turn;
  const { shape, width, element } = kernel;
  const step = f.local('i32', 'depth_at');
  const to = f.let(target);
  f.for(step, { to: shape.at(-2)! }, () => {
    for (let column = 0; column < width; column += 4) {
      const value = emitterAt(turn, true, false, step, column).vector(element);
      f.do(v128.store(to, value, 4 * column, 4));
    }
    f.set(to, i32.add(to, 4 * width));
  });
}

/** Vectors run along the depth: squares of four by four are transposed in registers. */
function emitSquares(turn: Turn): void {
  const { f, kernel, target } = turn;
  const { shape, width, element } = kernel;
  const depth = shape.at(-2)!;
  const [step, column] = [f.local('i32', 'depth_at'), f.local('i32', 'column')];
  f.for(column, { to: width, step: 4 }, () => {
    const to = f.let(i32.add(target, i32.shl(column, 2)));
    f.for(step, { to: depth - (depth % 4), step: 4 }, () => {
      const rows = [0, 1, 2, 3].map((lane) => {
        const at = lane === 0 ? column : f.let(i32.add(column, lane));
        return emitterAt(turn, true, true, step, at).vector(element);
      });
      transposeLanes('f32', rows).forEach((value, p) => f.do(v128.store(to, value, 4 * width * p, 4)));
      f.set(to, i32.add(to, 16 * width));
    });
  });
}

function emitScalars(turn: Turn, fromColumn: number, toColumn: number, fromDepth: number): void {
  const { f, kernel, target } = turn;
  const { shape, width, element } = kernel;
  const size = byteSize(element.dtype);
  const [step, column] = [f.local('i32', 'depth_at'), f.local('i32', 'column')];
  f.for(column, { from: fromColumn, to: toColumn }, () => {
    const to = f.let(i32.add(target, i32.mul(i32.add(column, fromDepth * width), size)));
    f.for(step, { from: fromDepth, to: shape.at(-2)! }, () => {
      const value = emitterAt(turn, false, false, step, column).scalar(element);
      storeElement(f, element.dtype, to, value, 0, 0);
      f.set(to, i32.add(to, width * size));
    });
  });
}
