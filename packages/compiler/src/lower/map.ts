import { byteSize } from '@nadir/tensor';
import {
  i32,
  memory,
  select,
  type Expression,
  type FunctionBuilder,
  type Local,
  type Operand,
} from '@nadir/wasm';
import type { FillKernel, MapKernel, Root } from '../kernel.ts';
import { partition, walkChunk } from './chunks.ts';
import { costOf } from './cost.ts';
import {
  ElementEmitter,
  fixedParts,
  leavesOf,
  startOf,
  stepBytes,
  storeElement,
  type KnownValues,
  type Leaf,
  type LeafPlace,
} from './element.ts';
import { addressOf, bufferOf, pointerTo, type Lowering } from './lowering.ts';
import { mergeAxes, plus } from './nest.ts';
import { scalarConstant, storeScalar, type Scalar } from './scalar-point.ts';
import { lanesOfRest, type Lanes } from './vector-memory.ts';
import { isVector } from './vector-point.ts';

/**
 * Emits one chunk of a map kernel: outer loops that move pointers, and an inner loop over vectors of four with a scalar tail.
 * Returns how many chunks there are.
 */
export function emitMap(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: MapKernel,
  chunk: Local<'i32'>,
): number {
  const { roots, shape } = kernel;
  const elements = roots.map((root) => root.element);
  const leaves = leavesOf(elements);
  const order = shape.map((_, axis) => axis);
  const nest = mergeAxes(shape, order, order.length, [
    ...leaves.map((leaf) => leaf.at),
    ...roots.map((root) => root.at),
  ]);
  const starts = [
    ...leaves.map((leaf) => startOf(lowering, f, leaf)),
    ...roots.map((root) => addressOf(lowering, f, root.buffer, root.at.offset)),
  ];
  const bytes = [...leaves.map(stepBytes), ...roots.map((root) => byteSize(root.element.dtype))];
  const steps = nest.strides.map((strides, i) => strides.map((stride) => stride * bytes[i]!));
  const inner = nest.sizes.length - 1;
  const count = inner < 0 ? 1 : nest.sizes[inner]!;
  const storesRunOn = roots.every((_, i) => inner >= 0 && nest.strides[leaves.length + i]![inner] === 1);
  const vectors = count >= 4 && storesRunOn && elements.every((element) => isVector(element));
  // The last vector may run over the end of a buffer, where there is room for it, but not into the next row.
  const mayOverrun =
    inner === 0 &&
    roots.every((root) => root.whole) &&
    nest.strides.every(([stride]) => stride === 0 || stride === 1);
  const cut = partition(nest.sizes, costOf(elements, vectors), 4);
  walkChunk(
    f,
    cut,
    Math.max(0, inner),
    starts.map(({ base }) => base),
    steps,
    chunk,
    (pointers, range) => {
      const index = f.local('i32', 'i');
      const turn: Turn = {
        lowering,
        f,
        roots,
        leaves,
        pointers,
        offsets: starts.map(({ offset }) => offset),
        strides: nest.strides.map((strides) => (inner < 0 ? 0 : strides[inner]!)),
        bytes,
        index,
      };
      const rest = mayOverrun ? 0 : lanesOfRest(count);
      f.set(index, range === null ? 0 : range.from);
      if (!vectors) emitTurns(turn, 0, range === null ? count : range.to);
      else if (range === null) {
        emitTurns(turn, 4, count - rest);
        if (rest > 0) emitTurn(turn, rest, knownBefore(turn, rest));
      } else {
        emitTurns(turn, 4, rest === 0 ? range.to : f.let(i32.and(range.to, -4)));
        // Blocks are multiples of four: only the last one has a rest.
        if (rest > 0) f.if(i32.ltS(index, range.to), () => emitTurn(turn, rest, knownBefore(turn, rest)));
      }
    },
  );
  return cut.chunks;
}

/** The innermost loop of a map: where everything is. */
export interface Turn {
  readonly lowering: Lowering;
  readonly f: FunctionBuilder;
  readonly roots: readonly Root[];
  readonly leaves: readonly Leaf[];
  readonly pointers: readonly Local<'i32'>[];
  readonly offsets: readonly number[];
  /** Elements from one turn to the next, of every position. */
  readonly strides: readonly number[];
  readonly bytes: readonly number[];
  readonly index: Local<'i32'>;
}

function emitterOf(turn: Turn, lanes: Lanes | 0, known?: KnownValues): ElementEmitter {
  const { lowering, f, leaves, offsets, strides } = turn;
  const places = new Map(leaves.map((leaf, i) => [leaf, i]));
  const placeOf = (leaf: Leaf): LeafPlace => {
    const i = places.get(leaf)!;
    return { address: addressAt(turn, i), offset: offsets[i]!, laneStride: strides[i]! };
  };
  return new ElementEmitter(lowering, f, lanes, placeOf, known);
}

function addressAt({ pointers, index, strides, bytes }: Turn, i: number): Expression<'i32'> {
  return plus(pointers[i]!, index, strides[i]! * bytes[i]!);
}

/** What is the same in every turn, besides what is known before. */
export function knownBefore(turn: Turn, lanes: Lanes | 0, known?: KnownValues): KnownValues {
  const { roots, leaves, strides } = turn;
  const before = emitterOf(turn, lanes, known);
  const places = new Map(leaves.map((leaf, i) => [leaf, i]));
  const elements = roots.map((root) => root.element);
  for (const part of fixedParts(elements, (leaf) => strides[places.get(leaf)!] === 0)) before.value(part);
  return before.values;
}

/** The inner loop from the index on up to `end`. */
export function emitTurns(turn: Turn, lanes: 4 | 0, end: Operand<'i32'>, known?: KnownValues): void {
  const { f, index } = turn;
  const before = knownBefore(turn, lanes, known);
  f.while(i32.ltS(index, end), () => {
    emitTurn(turn, lanes, before);
    f.set(index, i32.add(index, Math.max(1, lanes)));
  });
}

/** One turn. */
export function emitTurn(turn: Turn, lanes: Lanes | 0, before: KnownValues): void {
  const { f, roots, leaves, offsets } = turn;
  const emitter = emitterOf(turn, lanes, before);
  // All is read before anything is stored: a result may lie where an operand was.
  const values = roots.map(({ element }) => emitter.value(element));
  roots.forEach(({ element }, r) => {
    const i = leaves.length + r;
    storeElement(f, element.dtype, addressAt(turn, i), values[r]!, offsets[i]!, lanes);
  });
}

/** Bytes that a chunk of a fill writes. */
const fillBytes = 2 ** 17;

/** Emits one chunk of a fill kernel, and returns how many there are. */
export function emitFill(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: FillKernel,
  chunk: Local<'i32'>,
): number {
  const { dtype, size } = bufferOf(lowering, kernel.buffer);
  const bytes = byteSize(dtype);
  const start = f.let(i32.mul(chunk, fillBytes));
  const rest = f.let(i32.sub(size * bytes, start));
  const length = f.let(select(i32.ltS(rest, fillBytes), rest, i32.const(fillBytes)));
  const at = f.let(i32.add(pointerTo(lowering, f, kernel.buffer), start));
  const chunks = Math.ceil((size * bytes) / fillBytes);
  if (Object.is(kernel.value, 0)) {
    f.do(memory.fill(at, 0, length));
    return chunks;
  }
  const value = f.let(
    scalarConstant(
      dtype,
      dtype === 'int32'
        ? kernel.value | 0
        : dtype === 'uint8' || dtype === 'bool'
          ? kernel.value & 255
          : kernel.value,
    ),
  ) as Scalar;
  const end = f.let(i32.add(at, length));
  f.while(i32.ltU(at, end), () => {
    f.do(storeScalar(dtype, at, value, 0));
    f.set(at, i32.add(at, bytes));
  });
  return chunks;
}
