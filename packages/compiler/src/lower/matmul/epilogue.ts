import { byteSize } from '@nadir/tensor';
import { i32, type FunctionBuilder, type Local, type Operand } from '@nadir/wasm';
import type { MatmulKernel, Root } from '../../kernel.ts';
import {
  ElementEmitter,
  fixedParts,
  leavesOf,
  startOf,
  stepBytes,
  type KnownValues,
  type Leaf,
  type LeafPlace,
} from '../element.ts';
import { addressOf, type Lowering } from '../lowering.ts';
import { emitTurn, emitTurns, knownBefore } from '../map.ts';
import { mergeAxes, plus } from '../nest.ts';
import { lanesOfRest, type Lanes } from '../vector-memory.ts';
import { isVector } from '../vector-point.ts';

/** A block of a product in memory, in the orientation of the roots' loops. */
export interface ProductBlock {
  /** Address of its first element. */
  readonly at: Local<'i32'>;
  /** Bytes from one row, and elements from one column, to the next. */
  readonly rowBytes: number;
  readonly columnStride: number;
  /** Its first row among all rows of the batch, and how many rows it has. */
  readonly row: Local<'i32'>;
  readonly rows: Operand<'i32'>;
  /** Its first column, a multiple of four, and the one behind its last. */
  readonly column: Operand<'i32'>;
  readonly end: Operand<'i32'>;
}

/** Emits the loops of some roots of a product over a block of it. */
export function emitEpilogue(
  lowering: Lowering,
  f: FunctionBuilder,
  { shape, value }: MatmulKernel,
  roots: readonly Root[],
  block: ProductBlock,
): void {
  const elements = roots.map((root) => root.element);
  const leaves = leavesOf(elements);
  const isProduct = (leaf: Leaf): boolean => leaf.kind === 'load' && leaf.buffer === value;
  const rowShape = shape.slice(0, -1);
  const affines = [...leaves.map((leaf) => leaf.at), ...roots.map((root) => root.at)];
  const order = rowShape.map((_, axis) => axis);
  const rows = mergeAxes(
    rowShape,
    order,
    order.length,
    affines.map(({ strides }) => ({ strides: strides.slice(0, -1), offset: 0 })),
  );
  const starts = [
    ...leaves.map((leaf) => (isProduct(leaf) ? { base: block.at, offset: 0 } : startOf(lowering, f, leaf))),
    ...roots.map((root) => addressOf(lowering, f, root.buffer, root.at.offset)),
  ];
  const bytes = [...leaves.map(stepBytes), ...roots.map((root) => byteSize(root.element.dtype))];
  const strides = affines.map((at, i) =>
    i < leaves.length && isProduct(leaves[i]!) ? block.columnStride : at.strides.at(-1)!,
  );
  const vectors = elements.every((element) => isVector(element));
  // Blocks begin at multiples of four: only the last one has a rest.
  const rest = vectors ? lanesOfRest(shape.at(-1)!) : 0;
  const known = (lanes: Lanes | 0): KnownValues => {
    const placeOf = (leaf: Leaf): LeafPlace => {
      const { base, offset } = starts[leaves.indexOf(leaf)]!;
      return { address: base, offset, laneStride: 0 };
    };
    const emitter = new ElementEmitter(lowering, f, lanes, placeOf);
    const isFixed = (leaf: Leaf): boolean =>
      !isProduct(leaf) && leaf.at.strides.every((stride) => stride === 0);
    for (const part of fixedParts(elements, isFixed)) emitter.value(part);
    return emitter.values;
  };
  const values = known(vectors ? 4 : 0);
  const vectorEnd = rest > 0 ? f.let(i32.and(block.end, -4)) : block.end;

  // The block's own pointer counts from column 0, as all others do.
  const columnBytes = block.columnStride * (bytes[leaves.findIndex(isProduct)] ?? 0);
  const product = f.let(i32.sub(block.at, i32.mul(block.column, columnBytes)));
  const pointers = starts.map(({ base }, i) =>
    i < leaves.length && isProduct(leaves[i]!) ? product : f.let(base),
  );
  const isMerged = rows.sizes.length <= 1;
  const step = (i: number, axis: number): number => (rows.strides[i]![axis] ?? 0) * bytes[i]!;
  const isOwn = (i: number): boolean => pointers[i] === product;
  const index = f.local('i32', 'column');
  const counter = f.local('i32', 'row');
  const digit = f.local('i32', 'digit');
  if (isMerged) {
    pointers.forEach((pointer, i) => {
      if (!isOwn(i) && step(i, 0) !== 0) f.set(pointer, plus(pointer, block.row, step(i, 0)));
    });
  }
  const jump = (): void => {
    // Axes that do not run on into one another: the place of every row is computed anew.
    pointers.forEach((pointer, i) => isOwn(i) || f.set(pointer, starts[i]!.base));
    const rest = f.let(i32.add(block.row, counter));
    for (let axis = rows.sizes.length - 1; axis >= 0; axis--) {
      const size = rows.sizes[axis]!;
      f.set(digit, axis === 0 ? rest : i32.remU(rest, size));
      if (axis > 0) f.set(rest, i32.divU(rest, size));
      pointers.forEach((pointer, i) => {
        if (!isOwn(i) && step(i, axis) !== 0) f.set(pointer, plus(pointer, digit, step(i, axis)));
      });
    }
  };
  f.for(counter, { to: block.rows }, () => {
    if (!isMerged) jump();
    f.set(index, block.column);
    const turn = {
      lowering,
      f,
      roots,
      leaves,
      pointers,
      offsets: starts.map(({ offset }) => offset),
      strides,
      bytes,
      index,
    };
    emitTurns(turn, vectors ? 4 : 0, vectorEnd, values);
    if (rest > 0) {
      f.if(i32.ltS(index, block.end), () => emitTurn(turn, rest, knownBefore(turn, rest, values)));
    }
    f.set(product, i32.add(product, block.rowBytes));
    if (isMerged)
      pointers.forEach((pointer, i) => {
        if (!isOwn(i) && step(i, 0) !== 0) f.set(pointer, i32.add(pointer, step(i, 0)));
      });
  });
}
