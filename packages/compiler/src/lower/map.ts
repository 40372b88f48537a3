import { byteSize } from '@nadir/tensor';
import { i32, memory, type Expression, type FunctionBuilder, type Local } from '@nadir/wasm';
import type { FillKernel, MapKernel, Root } from '../kernel.ts';
import {
  ElementEmitter,
  fixedParts,
  leavesOf,
  startOf,
  stepBytes,
  storeElement,
  storeVector,
  type Leaf,
  type LeafPlace,
} from './element.ts';
import { addressOf, bufferOf, pointerTo, type Lowering } from './lowering.ts';
import { mergeAxes, plus, walkAxes } from './nest.ts';
import { scalarConstant, storeScalar, type Scalar } from './scalar-point.ts';
import { isVector } from './vector-point.ts';

/** Emits a map kernel: outer loops that move pointers, and an inner loop over vectors of four with a scalar tail. */
export function emitMap(lowering: Lowering, f: FunctionBuilder, kernel: MapKernel): void {
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
  walkAxes(
    f,
    nest.sizes,
    0,
    Math.max(0, inner),
    starts.map(({ base }) => base),
    steps,
    (pointers) => {
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
      const whole = mayOverrun ? count : count - (count % 4);
      f.set(index, 0);
      if (vectors) emitTurns(turn, true, whole);
      if (!vectors || whole < count) emitTurns(turn, false, count);
    },
  );
}

interface Turn {
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

/** The inner loop from the index on up to `end`. */
function emitTurns(turn: Turn, isVectorTurn: boolean, end: number): void {
  const { lowering, f, roots, leaves, pointers, offsets, strides, bytes, index } = turn;
  const places = new Map(leaves.map((leaf, i) => [leaf, i]));
  const at = (i: number): Expression<'i32'> => plus(pointers[i]!, index, strides[i]! * bytes[i]!);
  const placeOf = (leaf: Leaf): LeafPlace => {
    const i = places.get(leaf)!;
    return { address: at(i), offset: offsets[i]!, laneStride: strides[i]! };
  };
  const before = new ElementEmitter(lowering, f, isVectorTurn, placeOf);
  const elements = roots.map((root) => root.element);
  for (const part of fixedParts(elements, (leaf) => strides[places.get(leaf)!] === 0)) {
    if (isVectorTurn) before.vector(part);
    else before.scalar(part);
  }
  f.while(i32.ltS(index, end), () => {
    const emitter = new ElementEmitter(lowering, f, isVectorTurn, placeOf, before.values);
    // All is read before anything is stored: a result may lie where an operand was.
    const values = elements.map((element) =>
      isVectorTurn ? emitter.vector(element) : emitter.scalar(element),
    );
    roots.forEach(({ element }, r) => {
      const i = leaves.length + r;
      f.do(
        isVectorTurn
          ? storeVector(element, at(i), values[r] as Local<'v128'>, offsets[i]!)
          : storeElement(element, at(i), values[r] as Scalar, offsets[i]!),
      );
    });
    f.set(index, i32.add(index, isVectorTurn ? 4 : 1));
  });
}

/** Emits a fill kernel. */
export function emitFill(lowering: Lowering, f: FunctionBuilder, kernel: FillKernel): void {
  const { dtype, size } = bufferOf(lowering, kernel.buffer);
  const bytes = byteSize(dtype);
  if (Object.is(kernel.value, 0)) {
    f.do(memory.fill(pointerTo(lowering, f, kernel.buffer), 0, size * bytes));
    return;
  }
  const at = f.let(pointerTo(lowering, f, kernel.buffer));
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
  f.for(f.local('i32'), { to: size }, () => {
    f.do(storeScalar(dtype, at, value, 0));
    f.set(at, i32.add(at, bytes));
  });
}
