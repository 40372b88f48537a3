import { apply } from '../dispatch.ts';
import { allocate } from '../allocation.ts';
import { dtypeOfArray, dtypes, isFloat, promoteDTypes, type DType, type TypedArray } from '../dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../errors.ts';
import { binary } from '../operands.ts';
import { none } from '../primitives.ts';
import { checkInteger, checkShape, contiguousStrides, formatShape, sizeOf, type Shape } from '../shape.ts';
import { Storage } from '../storage.ts';
import { Tensor } from '../tensor.ts';

/** What `tensor()` takes: a number, a boolean, a typed array, or arrays of them nested into a box. */
export type TensorData = number | boolean | TypedArray | readonly TensorData[];

/** Options of what makes a tensor from nothing. */
export interface CreationOptions {
  /** Default `float32`. */
  readonly dtype?: DType;
}

/** Options of `tensor()`. */
export interface TensorOptions {
  /** Default: that of a typed array, `bool` for booleans, `float32` for numbers; of a mixture the highest. */
  readonly dtype?: DType;
  /** A shape for the elements in row-major order. Default: that of the nesting. */
  readonly shape?: Shape;
}

/** `value` as an element of `dtype` holds it, by the rule of `cast()`: integers truncate and saturate, NaN becomes 0. */
export function elementOf(value: number, dtype: DType): number {
  switch (dtype) {
    case 'float64':
      return value;
    case 'float32':
      return Math.fround(value);
    case 'bool':
      return value === 0 ? 0 : 1;
    case 'int32':
      return Math.trunc(Math.min(Math.max(value, -(2 ** 31)), 2 ** 31 - 1)) || 0;
    case 'uint8':
      return Math.trunc(Math.min(Math.max(value, 0), 255)) || 0;
  }
}

function checkDTypeName(op: string, dtype: DType): void {
  if (!dtypes.includes(dtype)) {
    throw new DTypeError(`${op}(): dtype must be one of ${dtypes.join(', ')}, got '${String(dtype)}'.`);
  }
}

/** The dtype of a typed array. Throws a DTypeError for an array of another kind. */
function arrayDType(array: ArrayBufferView): DType {
  const dtype = dtypeOfArray(array);
  if (dtype === null) {
    throw new DTypeError(
      `tensor(): a typed array must be a Float32Array, Float64Array, Int32Array or Uint8Array, got ${array.constructor.name}. ` +
        'Convert it first, as with Float32Array.from(array, Number).',
    );
  }
  return dtype;
}

function count(size: number): string {
  return `${size} ${size === 1 ? 'element' : 'elements'}`;
}

function describe(data: TensorData): string {
  return isList(data) ? count(data.length) : String(data);
}

function format(path: readonly number[]): string {
  return path.map((index) => `[${index}]`).join('');
}

type DataList = readonly TensorData[];

function isList(data: TensorData | undefined): data is TypedArray | DataList {
  return Array.isArray(data) || ArrayBuffer.isView(data);
}

/** Shape and dtype of nested arrays: the shape follows the first element at every level, the rest must agree. */
class Nesting {
  readonly shape: readonly number[];
  #dtype: DType | null = null;
  readonly #path: number[] = [];

  constructor(data: DataList) {
    const shape: number[] = [];
    for (let level: TensorData | undefined = data; isList(level); level = level[0]) shape.push(level.length);
    this.shape = shape;
    this.#visit(data);
  }

  get dtype(): DType {
    return this.#dtype ?? 'float32';
  }

  #visit(data: TypedArray | DataList): void {
    const path = this.#path;
    const isInnermost = path.length + 1 === this.shape.length;
    if (data.length !== this.shape[path.length]) this.#refuse(data);
    if (ArrayBuffer.isView(data)) {
      if (!isInnermost) this.#refuse(data);
      this.#note(arrayDType(data));
      return;
    }
    const depth = path.length;
    for (let i = 0; i < data.length; i++) {
      const item = data[i]!;
      path[depth] = i;
      if (isList(item) === isInnermost) this.#refuse(item);
      if (isList(item)) this.#visit(item);
      else this.#note(leafDType(item, path));
    }
    path.length = depth;
  }

  #note(dtype: DType): void {
    if (dtype !== this.#dtype) this.#dtype = this.#dtype === null ? dtype : promoteDTypes(this.#dtype, dtype);
  }

  #refuse(data: TensorData): never {
    const path = this.#path;
    if (!isList(data)) leafDType(data, path);
    const size = this.shape[path.length];
    const isNested = ArrayBuffer.isView(data) && path.length + 1 < this.shape.length;
    const got = isNested ? 'a typed array' : describe(data);
    const want = size === undefined ? 'a number' : isNested ? 'nested arrays' : count(size);
    throw new ShapeError(
      `tensor(): nested arrays must form a box, got ${got} at ${format(path)} ` +
        `and ${want} at ${format(path.map(() => 0))}.`,
    );
  }
}

function leafDType(value: unknown, path: readonly number[]): DType {
  if (typeof value === 'number') return 'float32';
  if (typeof value === 'boolean') return 'bool';
  const where = path.length === 0 ? '' : ` at ${format(path)}`;
  if (value instanceof Tensor) {
    throw new DTypeError(
      `tensor(): elements must be numbers or booleans, got a Tensor${where}. Use stack() or concat() to join tensors, clone() to copy one.`,
    );
  }
  const got = value === null ? 'null' : typeof value;
  const hint = typeof value === 'bigint' ? ' Convert it with Number().' : '';
  throw new DTypeError(`tensor(): elements must be numbers or booleans, got ${got}${where}.${hint}`);
}

function copyLeaves(data: TensorData, target: TypedArray, dtype: DType, start: number): number {
  if (typeof data === 'number' || typeof data === 'boolean') {
    target[start] = elementOf(Number(data), dtype);
    return start + 1;
  }
  if (!ArrayBuffer.isView(data)) {
    let next = start;
    const isPlain = isFloat(dtype);
    for (const item of data) {
      if (isPlain && typeof item === 'number') target[next++] = item;
      else next = copyLeaves(item, target, dtype, next);
    }
    return next;
  }
  const array = data;
  // Widening needs no care; narrowing must saturate where plain assignment would wrap.
  if (isFloat(dtype) || (dtype !== 'bool' && dtypeOfArray(array) === dtype)) target.set(array, start);
  else for (let i = 0; i < array.length; i++) target[start + i] = elementOf(array[i]!, dtype);
  return start + array.length;
}

/**
 * A tensor of the given numbers or booleans, which are copied.
 *
 * @param data a number, a boolean, a typed array, or arrays nested into a box. `Uint8Array` is `uint8`
 * @param options `dtype` (default that of a typed array, `bool` for booleans, `float32` for numbers) and `shape`.
 *   Numbers become integers as in `cast()`: truncated and saturated
 * @throws ShapeError for ragged arrays or a `shape` that does not fit, DTypeError for elements of another kind
 * @example
 * ```ts
 * import { tensor } from '@nadir/tensor';
 * tensor([[1, 2], [3, 4.5]]).shape; // => [2, 2]
 * tensor([true, false]).dtype; // => 'bool'
 * tensor(Float64Array.of(1, 2, 3, 4), { shape: [2, 2] }).toArray(); // => [[1, 2], [3, 4]]
 * ```
 */
export function tensor(data: TensorData, options: TensorOptions = {}): Tensor {
  let shape: Shape;
  let inferred: DType;
  if (ArrayBuffer.isView(data)) {
    inferred = arrayDType(data);
    shape = [(data as TypedArray).length];
  } else if (Array.isArray(data)) {
    ({ shape, dtype: inferred } = new Nesting(data));
  } else {
    inferred = leafDType(data, []);
    shape = [];
  }
  const dtype = options.dtype ?? inferred;
  checkDTypeName('tensor', dtype);
  const size = sizeOf(shape);
  if (options.shape !== undefined) {
    checkShape('tensor', options.shape);
    if (sizeOf(options.shape) !== size) {
      throw new ShapeError(
        `tensor(): the shape must hold every element, got ${formatShape(options.shape)} for ${size} elements.`,
      );
    }
    shape = options.shape;
  }
  const array = allocate(dtype, size);
  copyLeaves(data, array, dtype, 0);
  return new Tensor(Storage.host(array, dtype), [...shape], contiguousStrides(shape), 0, null);
}

/**
 * A tensor of one value.
 *
 * @param shape sizes of the axes; `[]` makes a scalar
 * @param value a number, or a boolean for `bool`
 * @param options `dtype`: default `float32`, or `bool` for a boolean
 * @throws ShapeError for sizes that are not whole numbers ≥ 0
 * @example
 * ```ts
 * import { full } from '@nadir/tensor';
 * full([2], 7).toArray(); // => [7, 7]
 * ```
 */
export function full(shape: Shape, value: number | boolean, options: CreationOptions = {}): Tensor {
  const dtype = options.dtype ?? (typeof value === 'boolean' ? 'bool' : 'float32');
  return filled('full', shape, Number(value), dtype);
}

function filled(op: string, shape: Shape, value: number, dtype: DType = 'float32'): Tensor {
  checkDTypeName(op, dtype);
  checkShape(op, shape);
  return apply('full', [], { shape: [...shape], dtype, value: elementOf(value, dtype) });
}

/**
 * Zeros.
 *
 * @param options `dtype`: default `float32`
 * @throws ShapeError for sizes that are not whole numbers ≥ 0
 * @example
 * ```ts
 * import { zeros } from '@nadir/tensor';
 * zeros([2, 2]).toArray(); // => [[0, 0], [0, 0]]
 * ```
 */
export function zeros(shape: Shape, options: CreationOptions = {}): Tensor {
  return filled('zeros', shape, 0, options.dtype);
}

/**
 * Ones.
 *
 * @param options `dtype`: default `float32`
 * @throws ShapeError for sizes that are not whole numbers ≥ 0
 * @example
 * ```ts
 * import { ones } from '@nadir/tensor';
 * ones([3], { dtype: 'bool' }).toArray(); // => [true, true, true]
 * ```
 */
export function ones(shape: Shape, options: CreationOptions = {}): Tensor {
  return filled('ones', shape, 1, options.dtype);
}

/**
 * Zeros in the shape of `x`.
 *
 * @param options `dtype`: default that of `x`
 * @example
 * ```ts
 * import { ones, zerosLike } from '@nadir/tensor';
 * zerosLike(ones([2])).toArray(); // => [0, 0]
 * ```
 */
export function zerosLike(x: Tensor, options: CreationOptions = {}): Tensor {
  return filled('zerosLike', x.shape, 0, options.dtype ?? x.dtype);
}

/**
 * Ones in the shape of `x`.
 *
 * @param options `dtype`: default that of `x`
 * @example
 * ```ts
 * import { onesLike, zeros } from '@nadir/tensor';
 * onesLike(zeros([2])).toArray(); // => [1, 1]
 * ```
 */
export function onesLike(x: Tensor, options: CreationOptions = {}): Tensor {
  return filled('onesLike', x.shape, 1, options.dtype ?? x.dtype);
}

/**
 * One value in the shape of `x`.
 *
 * @param options `dtype`: default that of `x`
 * @example
 * ```ts
 * import { fullLike, zeros } from '@nadir/tensor';
 * fullLike(zeros([2]), 5).toArray(); // => [5, 5]
 * ```
 */
export function fullLike(x: Tensor, value: number | boolean, options: CreationOptions = {}): Tensor {
  return filled('fullLike', x.shape, Number(value), options.dtype ?? x.dtype);
}

function iota(size: number, dtype: DType): Tensor {
  return apply('iota', [], { size, dtype });
}

function castTo(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : apply('cast', [x], { dtype });
}

/**
 * A matrix with ones on its main diagonal.
 *
 * @param rows number of rows
 * @param columns default `rows`
 * @param options `dtype`: default `float32`
 * @throws ValueError for numbers that are not whole or negative
 * @example
 * ```ts
 * import { eye } from '@nadir/tensor';
 * eye(2).toArray(); // => [[1, 0], [0, 1]]
 * ```
 */
export function eye(rows: number, columns?: number, options?: CreationOptions): Tensor;
export function eye(rows: number, options?: CreationOptions): Tensor;
export function eye(rows: number, second?: number | CreationOptions, third: CreationOptions = {}): Tensor {
  const columns = typeof second === 'number' ? second : rows;
  const { dtype = 'float32' } = typeof second === 'object' ? second : third;
  checkInteger('eye', 'rows', rows, 0);
  checkInteger('eye', 'columns', columns, 0);
  checkShape('eye', [rows, columns]);
  const row = apply('reshape', [iota(rows, 'int32')], { shape: [rows, 1] });
  return castTo(binary('eye', 'eq', row, iota(columns, 'int32')), dtype);
}

/**
 * The numbers from `start` to before `stop` in steps of `step`; one number alone is `stop`.
 *
 * Elements are computed as `start + i·step` in float64 and then cast. The result is `float32` even for whole numbers,
 * since JavaScript does not tell 1 from 1.0: ask for `int32` where it will be an index.
 *
 * @param start default 0
 * @param step may be negative; default 1
 * @param options `dtype`: default `float32`
 * @throws ValueError for a step of 0 or numbers that are not finite
 * @example
 * ```ts
 * import { arange } from '@nadir/tensor';
 * arange(3).toArray(); // => [0, 1, 2]
 * arange(1, 2, 0.25, { dtype: 'float64' }).toArray(); // => [1, 1.25, 1.5, 1.75]
 * ```
 */
export function arange(stop: number, options?: CreationOptions): Tensor;
export function arange(start: number, stop: number, options?: CreationOptions): Tensor;
export function arange(start: number, stop: number, step: number, options?: CreationOptions): Tensor;
export function arange(first: number, ...rest: readonly (number | CreationOptions | undefined)[]): Tensor {
  const last = rest.findLast((value) => value !== undefined);
  const { dtype = 'float32' } = typeof last === 'object' ? last : {};
  const [second, third] = rest.filter((value) => typeof value === 'number');
  const start = second === undefined ? 0 : first;
  const stop = second ?? first;
  const step = third ?? 1;
  checkDTypeName('arange', dtype);
  if (![start, stop, step].every(Number.isFinite) || step === 0) {
    throw new ValueError(
      `arange(): needs finite numbers and a step other than 0, got start ${start}, stop ${stop} and step ${step}.`,
    );
  }
  const size = Math.max(0, Math.ceil((stop - start) / step));
  checkShape('arange', [size]);
  if (start === 0 && step === 1 && dtype !== 'bool' && dtype !== 'uint8') return iota(size, dtype);
  const scaled = binary('arange', 'mul', iota(size, 'float64'), step);
  return castTo(binary('arange', 'add', scaled, start), dtype);
}

/**
 * `count` evenly spaced numbers from `start` to `stop`, both included.
 *
 * Computed in float64 from the nearer end, as torch does, so that both ends are exact, and then cast.
 *
 * @param options `dtype`: default `float32`
 * @throws ValueError for a count that is not a whole number ≥ 0
 * @example
 * ```ts
 * import { linspace } from '@nadir/tensor';
 * linspace(0, 1, 5).toArray(); // => [0, 0.25, 0.5, 0.75, 1]
 * ```
 */
export function linspace(start: number, stop: number, count: number, options: CreationOptions = {}): Tensor {
  const { dtype = 'float32' } = options;
  checkDTypeName('linspace', dtype);
  checkInteger('linspace', 'count', count, 0);
  checkShape('linspace', [count]);
  if (count < 2) return filled('linspace', [count], start, dtype);
  const step = (stop - start) / (count - 1);
  const index = iota(count, 'float64');
  const fromStart = binary('linspace', 'add', binary('linspace', 'mul', index, step), start);
  const fromStop = binary(
    'linspace',
    'add',
    binary('linspace', 'mul', binary('linspace', 'sub', index, count - 1), step),
    stop,
  );
  const isFirstHalf = binary('linspace', 'lt', index, Math.floor(count / 2));
  return castTo(apply('where', [isFirstHalf, fromStart, fromStop], none), dtype);
}
