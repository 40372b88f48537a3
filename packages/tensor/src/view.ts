import type { MovementName, PrimitiveAttributes } from './primitives.ts';
import { contiguousStrides, isContiguous, sizeOf, type Shape } from './shape.ts';

/** Which elements of a storage a tensor shows: element (i, j, …) lies at `offset + i·strides[0] + j·strides[1] + …`. */
export interface Layout {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

type ViewRule<P extends MovementName> = (layout: Layout, attributes: PrimitiveAttributes[P]) => Layout | null;

/** Strides of `shape` over the same elements, or null where only a copy can show them in that order. */
function reshapedStrides(from: Layout, shape: Shape): number[] | null {
  if (isContiguous(from.shape, from.strides)) return contiguousStrides(shape);
  const strides = new Array<number>(shape.length);
  // Walk both shapes from the left, matching runs of axes with equal products; a run of the source must be mergeable.
  const source: [size: number, stride: number][] = [];
  for (let i = 0; i < from.shape.length; i++)
    if (from.shape[i] !== 1) source.push([from.shape[i]!, from.strides[i]!]);
  let s = 0;
  let t = 0;
  while (s < source.length && t < shape.length) {
    let sourceSize = source[s]![0];
    let targetSize = shape[t]!;
    const sourceStart = s;
    const targetStart = t;
    while (sourceSize !== targetSize) {
      if (sourceSize < targetSize) {
        if (++s >= source.length) return null;
        sourceSize *= source[s]![0];
      } else {
        if (++t >= shape.length) return null;
        targetSize *= shape[t]!;
      }
    }
    for (let i = sourceStart; i < s; i++)
      if (source[i]![1] !== source[i + 1]![0] * source[i + 1]![1]) return null;
    let step = source[s]![1];
    for (let i = t; i >= targetStart; i--) {
      strides[i] = step;
      step *= shape[i]!;
    }
    s++;
    t++;
  }
  // What is left has size 1 on both sides.
  for (; t < shape.length; t++) strides[t] = 1;
  return strides;
}

const rules: { readonly [P in MovementName]: ViewRule<P> } = {
  reshape: (from, { shape }) => {
    if (sizeOf(shape) === 0) return { shape, strides: contiguousStrides(shape), offset: from.offset };
    const strides = reshapedStrides(from, shape);
    return strides === null ? null : { shape, strides, offset: from.offset };
  },
  permute: (from, { axes }) => {
    const shape = [...axes];
    const strides = [...axes];
    for (let i = 0; i < axes.length; i++) {
      shape[i] = from.shape[axes[i]!]!;
      strides[i] = from.strides[axes[i]!]!;
    }
    return { shape, strides, offset: from.offset };
  },
  expand: (from, { shape }) => {
    const lead = shape.length - from.shape.length;
    const strides = new Array<number>(shape.length);
    for (let axis = 0; axis < shape.length; axis++) {
      const isRepeated = axis < lead || (from.shape[axis - lead] === 1 && shape[axis] !== 1);
      strides[axis] = isRepeated ? 0 : from.strides[axis - lead]!;
    }
    return { shape, strides, offset: from.offset };
  },
  slice: (from, { starts, stops, steps }) => ({
    shape: starts.map((start, axis) => Math.ceil((stops[axis]! - start) / steps[axis]!)),
    strides: steps.map((step, axis) => step * from.strides[axis]!),
    offset: starts.reduce((offset, start, axis) => offset + start * from.strides[axis]!, from.offset),
  }),
  flip: (from, { axes }) => ({
    shape: from.shape,
    strides: from.strides.map((stride, axis) => (axes.includes(axis) ? -stride : stride)),
    offset: axes.reduce(
      (offset, axis) => offset + Math.max(0, from.shape[axis]! - 1) * from.strides[axis]!,
      from.offset,
    ),
  }),
};

const movements: ReadonlySet<string> = new Set<MovementName>([
  'reshape',
  'permute',
  'expand',
  'slice',
  'flip',
]);

export function isMovement(name: string): name is MovementName {
  return movements.has(name);
}

/** The layout after a movement primitive, or null where it needs a copy (some reshapes of strided views). */
export function viewLayout<P extends MovementName>(
  name: P,
  layout: Layout,
  attributes: PrimitiveAttributes[P],
): Layout | null {
  return (rules[name] as ViewRule<P>)(layout, attributes);
}
