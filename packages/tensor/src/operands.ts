import { apply, isRecording } from './dispatch.ts';
import { allocate } from './allocation.ts';
import { categoryOf, isFloat, resultDType, type DType } from './dtype.ts';
import { ValueError } from './errors.ts';
import { none, type BinaryName, type ComparisonName } from './primitives.ts';
import { broadcastShapes, sameShape, type Shape } from './shape.ts';
import { Storage } from './storage.ts';
import { Tensor } from './tensor.ts';

/** What takes part in arithmetic: a tensor, or a plain number or boolean that adapts to the tensor's dtype. */
export type Operand = Tensor | number | boolean;

/** One axis or several; negative ones count from the end. Left out: all axes. */
export type Axes = number | readonly number[];

export interface KeepDims {
  /** Keep reduced axes with size 1. Default false. */
  readonly keepDims?: boolean;
}

/** Per axis the number of elements to add before and after. */
export type PadWidths = readonly (readonly [before: number, after: number])[];

/** A range of one axis, as NumPy's `start:stop:step`. Made by `slice()`. */
export interface SliceIndex {
  readonly kind: 'slice';
  readonly start: number | null;
  readonly stop: number | null;
  readonly step: number;
}

/** What `at()` takes per axis: an index, a range, an index tensor, a mask, a new axis (`null`), or the rest (`'...'`). */
export type IndexArgument = number | SliceIndex | Tensor | readonly number[] | null | '...';

const scalarStrides: readonly number[] = [];
const scalarShape: Shape = [];

/** A 0-d tensor of `value`, cast as typed arrays cast. In a recorded program a constant, not a captured storage. */
export function scalar(value: number, dtype: DType): Tensor {
  if (isRecording()) {
    return apply('full', [], {
      shape: scalarShape,
      dtype,
      value: dtype === 'bool' ? Number(value !== 0) : value,
    });
  }
  const array = allocate(dtype, 1);
  array[0] = dtype === 'bool' ? Number(value !== 0) : value;
  return new Tensor(Storage.host(array, dtype), scalarShape, scalarStrides, 0, null);
}

/** The whole numbers that an integer dtype holds. */
const integerRange: Readonly<Record<'uint8' | 'int32', readonly [low: number, high: number]>> = {
  uint8: [0, 255],
  int32: [-(2 ** 31), 2 ** 31 - 1],
};

/**
 * `value` as a tensor beside operands of `dtype`: a boolean adapts to any dtype, a number to a number's; a number beside bool
 * is int32 when whole, and a fraction beside an integer float32. Throws a ValueError that names `op` for a whole number that
 * an integer dtype does not hold.
 */
export function coerce(op: string, value: Operand, dtype: DType): Tensor {
  if (value instanceof Tensor) return value;
  if (typeof value === 'boolean') return scalar(Number(value), dtype);
  if (typeof value !== 'number') {
    throw new ValueError(`${op}(): needs a Tensor, a number or a boolean, got ${typeof value}.`);
  }
  if (isFloat(dtype)) return scalar(value, dtype);
  if (!Number.isInteger(value)) return scalar(value, 'float32');
  const integer = dtype === 'bool' ? 'int32' : dtype;
  const [low, high] = integerRange[integer];
  if (value < low || value > high) {
    throw new ValueError(
      `${op}(): ${value} is outside ${integer}, which holds ${low} to ${high}. cast() the tensor to a wider dtype first.`,
    );
  }
  return scalar(value, integer);
}

function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : apply('cast', [x], { dtype });
}

/** `x` expanded to `shape`, which it must broadcast to. */
export function expandTo(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : apply('expand', [x], { shape });
}

/** Both operands as tensors of one shape and dtype. Throws a ShapeError that names `op`. */
export function align(op: string, a: Operand, b: Operand): readonly [Tensor, Tensor] {
  let x = a instanceof Tensor ? a : coerce(op, a, b instanceof Tensor ? b.dtype : 'float32');
  let y = b instanceof Tensor ? b : coerce(op, b, x.dtype);
  if (x.dtype !== y.dtype) {
    const dtype = resultDType(x, y);
    x = cast(x, dtype);
    y = cast(y, dtype);
  }
  if (!sameShape(x.shape, y.shape)) {
    const shape = broadcastShapes(op, x.shape, y.shape);
    x = expandTo(x, shape);
    y = expandTo(y, shape);
  }
  return [x, y];
}

/** A binary primitive with broadcasting and promotion. */
export function binary(op: string, name: BinaryName | ComparisonName, a: Operand, b: Operand): Tensor {
  return apply(name, align(op, a, b), none);
}

/** `x` itself when it is float, else its cast to float32. */
export function toFloat(x: Tensor): Tensor {
  return categoryOf(x.dtype) === 2 ? x : cast(x, 'float32');
}
