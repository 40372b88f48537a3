import { ShapeError, ValueError } from './errors.ts';

/** Sizes of the axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** Number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i]!;
  return size;
}

/** Row-major strides, in elements. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i]!;
  }
  return strides;
}

/** Whether elements lie in row-major order without gaps (strides of axes of size 1 do not matter). */
export function isContiguous(shape: Shape, strides: readonly number[]): boolean {
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = shape[i]!;
    if (size === 0) return true;
    if (size !== 1 && strides[i] !== step) return false;
    step *= size;
  }
  return true;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** `[2, 3]` as text. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** The NumPy broadcast of two shapes. Throws a ShapeError that names `op`. */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const x = i <= a.length ? a[a.length - i]! : 1;
    const y = i <= b.length ? b[b.length - i]! : 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeError(
        `${op}(): shapes must broadcast, got ${formatShape(a)} and ${formatShape(b)}. ` +
          `Axis ${rank - i} has sizes ${x} and ${y}: they must be equal or one of them 1.`,
      );
    }
    out[rank - i] = x === 1 ? y : x;
  }
  return out;
}

/** `axis` in [0, rank), counted from the end when negative. Throws a ShapeError that names `op`. */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normal < 0 || normal >= rank) {
    const range = rank === 0 ? 'a scalar has no axes' : `it must be an integer in [${-rank}, ${rank - 1}]`;
    throw new ShapeError(
      `${op}(): axis out of range, got ${axis} for a tensor with ${rank} axes. Here ${range}.`,
    );
  }
  return normal;
}

/** Axes as distinct ascending numbers; `undefined` means all. Throws a ShapeError that names `op`. */
export function normalizeAxes(
  op: string,
  axes: number | readonly number[] | undefined,
  rank: number,
): number[] {
  if (axes === undefined) {
    const all: number[] = [];
    for (let axis = 0; axis < rank; axis++) all.push(axis);
    return all;
  }
  const list = typeof axes === 'number' ? [axes] : axes;
  if (!Array.isArray(list)) {
    throw new ShapeError(`${op}(): axes must be a number or an array of numbers, got ${typeof list}.`);
  }
  const normal = list.map((axis) => normalizeAxis(op, axis, rank)).sort((a, b) => a - b);
  for (let i = 1; i < normal.length; i++) {
    if (normal[i] === normal[i - 1]) {
      throw new ShapeError(
        `${op}(): axes must be distinct, got [${list.join(', ')}]. Axis ${normal[i]} is named twice.`,
      );
    }
  }
  return normal;
}

/** `shape` without `axes` (sorted), or with size 1 in their place. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims = false): number[] {
  const out: number[] = [];
  let next = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    if (axes[next] !== axis) out.push(shape[axis]!);
    else {
      next++;
      if (keepDims) out.push(1);
    }
  }
  return out;
}

/** Throws unless it is an array, every size is a whole number ≥ 0 and the product is addressable. */
export function checkShape(op: string, shape: Shape): void {
  if (!Array.isArray(shape)) {
    throw new ShapeError(
      `${op}(): the shape must be an array of sizes, got ${String(shape)}. Write [${String(shape)}].`,
    );
  }
  for (const size of shape) {
    if (!Number.isInteger(size) || size < 0) {
      throw new ShapeError(`${op}(): sizes must be whole numbers of at least 0, got ${formatShape(shape)}.`);
    }
  }
  if (sizeOf(shape) > 2 ** 31 - 1) {
    throw new ShapeError(
      `${op}(): a tensor holds at most 2^31 - 1 elements, got ${formatShape(shape)} with ${sizeOf(shape)}. Split it.`,
    );
  }
}

/** Throws a ValueError that names `op` and `name` unless `value` is a whole number ≥ `least`. */
export function checkInteger(op: string, name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least) {
    throw new ValueError(`${op}(): ${name} must be a whole number of at least ${least}, got ${value}.`);
  }
}
