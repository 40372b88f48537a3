import { i32, type Expression, type FunctionBuilder, type Local } from '@nadir/wasm';
import type { Shape } from '@nadir/tensor';
import type { Affine } from '../kernel.ts';

/** The axes of a loop nest after axes of one element were left out and neighbours that run on were made one. */
export interface MergedNest {
  readonly sizes: readonly number[];
  /** How many of the axes come from the first `split` axes of the order. */
  readonly split: number;
  /** The strides of every position over the merged axes. */
  readonly strides: readonly (readonly number[])[];
}

/**
 * Puts the axes of `shape` in `order`, and merges neighbours on the same side of `split` over which every position
 * runs on without a jump.
 */
export function mergeAxes(
  shape: Shape,
  order: readonly number[],
  split: number,
  positions: readonly Affine[],
): MergedNest {
  const sizes: number[] = [];
  const strides: number[][] = positions.map(() => []);
  let first = 0;
  order.forEach((axis, place) => {
    const size = shape[axis]!;
    if (place === split) first = sizes.length;
    if (size === 1) return;
    const last = sizes.length - 1;
    const sameSide = last >= (place >= split ? first : 0);
    const runsOn = sameSide && positions.every((at, i) => strides[i]![last] === at.strides[axis]! * size);
    if (runsOn) {
      sizes[last]! *= size;
      positions.forEach((at, i) => (strides[i]![last] = at.strides[axis]!));
    } else {
      sizes.push(size);
      positions.forEach((at, i) => strides[i]!.push(at.strides[axis]!));
    }
  });
  if (split >= order.length) first = sizes.length;
  return { sizes, split: first, strides };
}

/**
 * Emits the loops over axes `from … to − 1`. `pointers` hold for every position where it is; each loop moves copies of
 * those that its axis changes, by `steps[position][axis]`.
 */
export function walkAxes(
  f: FunctionBuilder,
  sizes: readonly number[],
  from: number,
  to: number,
  pointers: readonly Local<'i32'>[],
  steps: readonly (readonly number[])[],
  body: (pointers: readonly Local<'i32'>[]) => void,
): void {
  if (from >= to) {
    body(pointers);
    return;
  }
  const moving = pointers.map((pointer, i) => (steps[i]![from] === 0 ? pointer : f.let(pointer)));
  const counter = f.local('i32');
  f.for(counter, { to: sizes[from]! }, () => {
    walkAxes(f, sizes, from + 1, to, moving, steps, body);
    moving.forEach((pointer, i) => {
      if (pointer !== pointers[i]) f.set(pointer, i32.add(pointer, steps[i]![from]!));
    });
  });
}

/** `base + index · factor`, or `base` alone for 0. */
export function plus(base: Expression<'i32'>, index: Expression<'i32'>, factor: number): Expression<'i32'> {
  if (factor === 0) return base;
  return i32.add(base, factor === 1 ? index : i32.mul(index, factor));
}
