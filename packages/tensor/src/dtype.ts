/** The element types, from the lowest to the highest of the promotion order. `bool` is stored as bytes 0 and 1. */
export const dtypes = ['bool', 'uint8', 'int32', 'float32', 'float64'] as const;

/** The type of a tensor's elements. `float32` is the default. */
export type DType = (typeof dtypes)[number];

/** The element types that carry gradients. */
export type FloatDType = 'float32' | 'float64';

/** The arrays that hold elements of the five types. */
export type TypedArray = Uint8Array | Int32Array | Float32Array | Float64Array;

/** bool < integer < float: a 0-d operand promotes a dimensioned one only from a higher category. */
export type Category = 0 | 1 | 2;

const rank: Readonly<Record<DType, number>> = { bool: 0, uint8: 1, int32: 2, float32: 3, float64: 4 };
const categories: Readonly<Record<DType, Category>> = { bool: 0, uint8: 1, int32: 1, float32: 2, float64: 2 };
const bytes: Readonly<Record<DType, number>> = { bool: 1, uint8: 1, int32: 4, float32: 4, float64: 8 };

export function categoryOf(dtype: DType): Category {
  return categories[dtype];
}

/** Bytes per element. */
export function byteSize(dtype: DType): number {
  return bytes[dtype];
}

export function isFloat(dtype: DType): dtype is FloatDType {
  return dtype === 'float32' || dtype === 'float64';
}

export function isInteger(dtype: DType): boolean {
  return dtype === 'int32' || dtype === 'uint8';
}

/** The dtype that a typed array holds, or null for an array of another kind. `Uint8Array` is `uint8`. */
export function dtypeOfArray(array: ArrayBufferView): DType | null {
  if (array instanceof Float32Array) return 'float32';
  if (array instanceof Float64Array) return 'float64';
  if (array instanceof Int32Array) return 'int32';
  if (array instanceof Uint8Array) return 'uint8';
  return null;
}

/**
 * The common dtype of two dimensioned operands: the higher of the two in `bool < uint8 < int32 < float32 < float64`.
 *
 * |         | bool    | uint8   | int32   | float32 | float64 |
 * |---------|---------|---------|---------|---------|---------|
 * | bool    | bool    | uint8   | int32   | float32 | float64 |
 * | uint8   | uint8   | uint8   | int32   | float32 | float64 |
 * | int32   | int32   | int32   | int32   | float32 | float64 |
 * | float32 | float32 | float32 | float32 | float32 | float64 |
 * | float64 | float64 | float64 | float64 | float64 | float64 |
 */
export function promoteDTypes(a: DType, b: DType): DType {
  return rank[a] >= rank[b] ? a : b;
}

/** An operand of promotion: a dtype, and whether it is 0-d or a plain JavaScript number or boolean. */
export interface PromotionOperand {
  readonly dtype: DType;
  readonly rank: number;
}

/**
 * The common dtype of two operands, by torch's rule: a 0-d operand counts only when its category
 * (bool < integer < float) is above that of the dimensioned one.
 */
export function resultDType(a: PromotionOperand, b: PromotionOperand): DType {
  if (a.dtype === b.dtype) return a.dtype;
  if (a.rank === 0 && b.rank > 0) return categories[a.dtype] > categories[b.dtype] ? a.dtype : b.dtype;
  if (b.rank === 0 && a.rank > 0) return categories[b.dtype] > categories[a.dtype] ? b.dtype : a.dtype;
  return promoteDTypes(a.dtype, b.dtype);
}
