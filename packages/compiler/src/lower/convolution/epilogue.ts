import { byteSize } from '@nadir/tensor';
import { i32, type Expression, type FunctionBuilder, type Local } from '@nadir/wasm';
import type { ConvolutionGeometry, ConvolutionKernel, Epilogue } from '../../kernel.ts';
import {
  ElementEmitter,
  fixedParts,
  leavesOf,
  startOf,
  stepBytes,
  storeElement,
  type Leaf,
  type LeafPlace,
} from '../element.ts';
import { addressOf, type Lowering } from '../lowering.ts';
import { mergeAxes, plus, type MergedNest } from '../nest.ts';
import type { Lanes } from '../vector-memory.ts';
import { takeDigit, type Count, type PlaceBlock } from './blocks.ts';
import type { SumLayout } from './deliver.ts';

/** Neighbouring places of one filter of one image. */
export interface PlaceRun {
  /** Image · filters + filter. */
  readonly plane: Local<'i32'>;
  readonly first: Expression<'i32'>;
  readonly count: Count;
  /** Address of their sums. */
  readonly sums: Local<'i32'>;
}

/** The loops of an epilogue, the axes of planes before those of places; null where places are not one axis for all that it touches. */
export function placeNest(
  { shape, roots }: Epilogue,
  { batch, groups, filters }: ConvolutionGeometry,
): MergedNest | null {
  const leaves = leavesOf(roots.map((root) => root.element));
  const planes = batch * groups * filters;
  let split = 0;
  for (let count = 1; count < planes; split++) count *= shape[split] ?? planes;
  if (shape.slice(0, split).reduce((product, size) => product * size, 1) !== planes) return null;
  const order = shape.map((_, axis) => axis);
  const nest = mergeAxes(
    shape,
    order,
    split,
    [...leaves, ...roots].map(({ at }) => at),
  );
  const isRun = nest.sizes.length - nest.split <= 1;
  const stores = nest.strides.slice(leaves.length);
  const runsOn = stores.every((strides) => nest.sizes.length === nest.split || strides.at(-1) === 1);
  return isRun && runsOn ? nest : null;
}

/** Makes a function that emits the epilogue of a convolution for some places. */
export function epilogueEmitter(
  lowering: Lowering,
  f: FunctionBuilder,
  { geometry, buffer, epilogue }: ConvolutionKernel,
): ((run: PlaceRun) => void) | null {
  if (epilogue === undefined) return null;
  const { roots } = epilogue;
  const elements = roots.map((root) => root.element);
  const leaves = leavesOf(elements);
  const isSum = (leaf: Leaf): boolean => leaf.kind === 'load' && leaf.buffer === buffer;
  const { sizes, split, strides } = placeNest(epilogue, geometry)!;
  const starts = [
    ...leaves.map((leaf) => (isSum(leaf) ? null : startOf(lowering, f, leaf))),
    ...roots.map((root) => addressOf(lowering, f, root.buffer, root.at.offset)),
  ];
  const bytes = [...leaves.map(stepBytes), ...roots.map((root) => byteSize(root.element.dtype))];
  const along = strides.map((all) => (split < sizes.length ? all[split]! : 0));
  return ({ plane, first, count, sums }) => {
    const place = f.let(first);
    const pointers = starts.map((start, i) =>
      start === null ? sums : f.let(plus(start.base, place, along[i]! * bytes[i]!)),
    );
    const rest = f.let(plane);
    for (let axis = split - 1; axis >= 0; axis--) {
      const digit = axis === 0 ? rest : takeDigit(f, rest, sizes[axis]!);
      pointers.forEach((pointer, i) => {
        const step = strides[i]![axis]! * bytes[i]!;
        if (starts[i] !== null && step !== 0) f.set(pointer, plus(pointer, digit, step));
      });
    }
    const index = f.local('i32', 'place');
    const at = (i: number): Expression<'i32'> => plus(pointers[i]!, index, along[i]! * bytes[i]!);
    const emitter = (lanes: Lanes | 0, known?: ElementEmitter): ElementEmitter =>
      new ElementEmitter(
        lowering,
        f,
        lanes,
        (leaf): LeafPlace => {
          const i = leaves.indexOf(leaf);
          return { address: at(i), offset: starts[i]?.offset ?? 0, laneStride: along[i]! };
        },
        known?.values,
      );
    const turn = (lanes: Lanes, known: ElementEmitter): void => {
      const values = emitter(lanes, known);
      // All is read before anything is stored: a result may lie where an operand was.
      const results = elements.map((element) => values.value(element));
      elements.forEach((element, r) => {
        const i = leaves.length + r;
        storeElement(f, element.dtype, at(i), results[r]!, starts[i]!.offset, lanes);
      });
    };
    f.set(index, 0);
    const known = emitter(4);
    for (const part of fixedParts(elements, (leaf) => along[leaves.indexOf(leaf)] === 0)) known.value(part);
    const whole = typeof count === 'number' ? count & -4 : f.let(i32.and(count, -4));
    f.while(i32.ltS(index, whole), () => {
      turn(4, known);
      f.set(index, i32.add(index, 4));
    });
    const left = typeof count === 'number' ? count % 4 : f.let(i32.and(count, 3));
    for (const lanes of [1, 2, 3] as const) {
      if (typeof left === 'number') {
        if (left === lanes) turn(lanes, known);
      } else f.if(i32.eq(left, lanes), () => turn(lanes, known));
    }
  };
}

/** Emits the epilogue for the sums of one filter of a block. */
export function finishFilter(
  f: FunctionBuilder,
  { groups, filters, places }: ConvolutionGeometry,
  { images, rows, columns }: PlaceBlock,
  sums: SumLayout,
  filter: Expression<'i32'>,
  emit: (run: PlaceRun) => void,
): void {
  const [image, row] = [f.local('i32', 'image'), f.local('i32', 'row')];
  const plane = f.let(i32.add(i32.mul(images.from, groups * filters), filter));
  const from = f.let(sums.at);
  const width = places[1];
  const start = f.let(i32.add(i32.mul(rows.from, width), columns.from));
  f.for(image, { to: images.count }, () => {
    if (columns.count === width && sums.row === width * 4) {
      const count = typeof rows.count === 'number' ? rows.count * width : f.let(i32.mul(rows.count, width));
      emit({ plane, first: start, count, sums: from });
    } else {
      const first = f.let(start);
      const at = f.let(from);
      f.for(row, { to: rows.count }, () => {
        emit({ plane, first, count: columns.count, sums: at });
        f.set(first, i32.add(first, width));
        f.set(at, i32.add(at, sums.row));
      });
    }
    f.set(from, i32.add(from, sums.image));
    f.set(plane, i32.add(plane, groups * filters));
  });
}
