import type { DType } from '@nadir/tensor';
import {
  f32x4,
  f64,
  f64x2,
  i32,
  i32x4,
  i8x16,
  select,
  v128,
  type Expression,
  type FunctionBuilder,
  type Local,
} from '@nadir/wasm';
import type { FoldName } from '../kernel.ts';
import { castScalar, type Scalar } from './scalar-point.ts';
import { splat, splatInteger } from './vector-math.ts';
import { laneMask, type Lanes } from './vector-memory.ts';

type Name = FoldName;
type Value = Local<'v128'>;

/** One accumulator of one element at a time. */
export interface ScalarFold {
  readonly accumulator: Scalar;
  add(value: Scalar): void;
  /** What was folded, of the dtype of the result. */
  result(): Scalar;
}

/** Four accumulators, one for each lane. */
export interface VectorFold {
  reset(): void;
  /** Takes in a vector, or its first lanes. */
  add(value: Value, lanes?: Lanes): void;
  /** The four results as a vector of the element's type. */
  lanes(): Expression<'v128'>;
  /** Folds the lanes into a scalar fold. */
  into(fold: ScalarFold): void;
}

export function identity(name: Name, dtype: DType): number {
  if (name === 'sum') return 0;
  if (name === 'prod') return 1;
  const isFloat = dtype === 'float32' || dtype === 'float64';
  if (name === 'max') return isFloat ? -Infinity : dtype === 'int32' ? -(2 ** 31) : 0;
  return isFloat ? Infinity : dtype === 'int32' ? 2 ** 31 - 1 : dtype === 'uint8' ? 255 : 1;
}

export const combineF64 = (name: Name, a: Expression<'f64'>, b: Expression<'f64'>): Expression<'f64'> =>
  name === 'sum'
    ? f64.add(a, b)
    : name === 'prod'
      ? f64.mul(a, b)
      : name === 'max'
        ? f64.max(a, b)
        : f64.min(a, b);

export const combineI32 = (name: Name, a: Local<'i32'>, b: Local<'i32'>): Expression<'i32'> =>
  name === 'sum'
    ? i32.add(a, b)
    : name === 'prod'
      ? i32.mul(a, b)
      : select(name === 'max' ? i32.gtS(a, b) : i32.ltS(a, b), a, b);

export function combineI32x4(name: Name, a: Value, b: Value): Expression<'v128'> {
  const { add, mul, maxS, minS } = i32x4;
  return { sum: add, prod: mul, max: maxS, min: minS }[name](a, b);
}

/** Floats are folded in double precision, as eager does. */
export function scalarFold(f: FunctionBuilder, name: Name, from: DType, to: DType): ScalarFold {
  const start = identity(name, from);
  if (from === 'float32' || from === 'float64') {
    const accumulator = f.local('f64');
    f.set(accumulator, start);
    return {
      accumulator,
      add: (value) =>
        f.set(
          accumulator,
          combineF64(name, accumulator, castScalar(f, from, 'float64', value) as Local<'f64'>),
        ),
      result: () => castScalar(f, 'float64', to, accumulator),
    };
  }
  const accumulator = f.local('i32');
  f.set(accumulator, start);
  return {
    accumulator,
    add: (value) => f.set(accumulator, combineI32(name, accumulator, value as Local<'i32'>)),
    result: () => accumulator,
  };
}

export const high = (value: Expression<'v128'>): Expression<'v128'> =>
  i8x16.shuffle(value, value, [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]);

/** A vector whose other lanes change nothing. */
function firstLanes(f: FunctionBuilder, value: Value, lanes: Lanes, start: Expression<'v128'>): Value {
  return lanes === 4 ? value : f.let(v128.bitselect(value, start, laneMask(f, lanes)));
}

/** Sums and products of float32 in two vectors of float64 each. */
function wideFold(f: FunctionBuilder, name: 'sum' | 'prod'): VectorFold {
  const combine = name === 'sum' ? f64x2.add : f64x2.mul;
  const lower = f.local('v128');
  const upper = f.local('v128');
  return {
    reset: () => {
      f.set(lower, f64x2.const(identity(name, 'float32')));
      f.set(upper, f64x2.const(identity(name, 'float32')));
    },
    add: (value, lanes = 4) => {
      const first = firstLanes(f, value, lanes, splat(f, identity(name, 'float32')));
      f.set(lower, combine(lower, f64x2.promoteLowF32x4(first)));
      if (lanes > 2) f.set(upper, combine(upper, f64x2.promoteLowF32x4(high(first))));
    },
    lanes: () => {
      const bytes = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
      return i8x16.shuffle(f32x4.demoteF64x2Zero(lower), f32x4.demoteF64x2Zero(upper), bytes);
    },
    into: (fold) => {
      const accumulator = fold.accumulator as Local<'f64'>;
      for (const half of [lower, upper])
        for (const lane of [0, 1])
          f.set(accumulator, combineF64(name, accumulator, f64x2.extractLane(half, lane)));
    },
  };
}

/**
 * The greater or smaller of what was folded and another value, NaN above all: pmax keeps its first operand where either is NaN. Three
 * instructions, where f32x4.max, which also orders −0 and 0, takes eight.
 */
export function extreme(name: 'max' | 'min', folded: Value, value: Value): Expression<'v128'> {
  const best = name === 'max' ? f32x4.pmax(folded, value) : f32x4.pmin(folded, value);
  return v128.or(best, f32x4.ne(value, value));
}

/** Four lanes of float32 or int32 (bool and uint8 do not come here). */
export function vectorFold(f: FunctionBuilder, name: Name, from: 'float32' | 'int32'): VectorFold {
  if (from === 'float32' && (name === 'sum' || name === 'prod')) return wideFold(f, name);
  const accumulator = f.local('v128');
  const start = identity(name, from);
  const combine = (a: Value, b: Value): Expression<'v128'> =>
    from === 'float32' ? extreme(name as 'max' | 'min', a, b) : combineI32x4(name, a, b);
  return {
    reset: () => f.set(accumulator, from === 'float32' ? f32x4.const(start) : i32x4.const(start)),
    add: (value, lanes = 4) => {
      const first = from === 'float32' ? splat(f, start) : splatInteger(f, start);
      f.set(accumulator, combine(accumulator, firstLanes(f, value, lanes, first)));
    },
    lanes: () => accumulator,
    into: (fold) => {
      for (let lane = 0; lane < 4; lane++) {
        fold.add(
          from === 'float32'
            ? f.let(f32x4.extractLane(accumulator, lane))
            : f.let(i32x4.extractLane(accumulator, lane)),
        );
      }
    },
  };
}
