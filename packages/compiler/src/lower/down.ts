import { byteSize, type DType } from '@nadir/tensor';
import {
  f64,
  f64x2,
  i32,
  memory,
  v128,
  type Expression,
  type FunctionBuilder,
  type Local,
} from '@nadir/wasm';
import type { FoldName } from '../kernel.ts';
import type { Value } from './element.ts';
import { combineF64, combineI32, combineI32x4, extreme, high, identity } from './fold.ts';
import { castScalar, loadScalar, scalarConstant, storeScalar, type Scalar } from './scalar-point.ts';
import { loadLanes, storeLanes, type Lanes } from './vector-memory.ts';

/** What folds of several rows are kept in: as eager folds, floats in double precision. */
export function partialType(name: FoldName, dtype: DType): DType {
  if (dtype === 'float64') return dtype;
  if (dtype === 'float32') return name === 'sum' || name === 'prod' ? 'float64' : dtype;
  return 'int32';
}

/** Emits the start of a fold of rows, a row of `count` accumulators at `at`. */
export function startDown(
  f: FunctionBuilder,
  name: FoldName,
  from: DType,
  at: Expression<'i32'>,
  count: number,
): void {
  const dtype = partialType(name, from);
  const bytes = byteSize(dtype);
  if (name === 'sum') {
    f.do(memory.fill(at, 0, count * bytes));
    return;
  }
  const value = f.constant(scalarConstant(dtype, identity(name, from))) as Scalar;
  const start = f.let(at);
  f.for(f.local('i32'), { to: count }, () => {
    f.do(storeScalar(dtype, start, value, 0));
    f.set(start, i32.add(start, bytes));
  });
}

/** Emits one step of a fold of rows: elements go into their accumulators in memory. */
export function addDown(
  f: FunctionBuilder,
  name: FoldName,
  from: DType,
  address: Expression<'i32'>,
  offset: number,
  value: Value,
  lanes: Lanes | 0,
): void {
  const dtype = partialType(name, from);
  const at = f.let(address);
  if (lanes === 0) addScalar(f, name, dtype, at, offset, castScalar(f, from, dtype, value as Scalar));
  else if (dtype === 'float64') addWide(f, name, at, offset, value as Local<'v128'>, lanes);
  else {
    const before = f.let(loadLanes(f, dtype, at, offset, 1, lanes));
    const next = value as Local<'v128'>;
    const after =
      dtype === 'float32' ? extreme(name as 'max' | 'min', before, next) : combineI32x4(name, before, next);
    storeLanes(f, dtype, at, f.let(after), offset, lanes);
  }
}

function addScalar(
  f: FunctionBuilder,
  name: FoldName,
  dtype: DType,
  at: Local<'i32'>,
  offset: number,
  value: Scalar,
): void {
  const before = f.let(loadScalar(dtype, at, offset)) as Scalar;
  if (dtype === 'int32') {
    const after = f.let(combineI32(name, before as Local<'i32'>, value as Local<'i32'>));
    f.do(storeScalar(dtype, at, after, offset));
    return;
  }
  const wide = (x: Scalar): Local<'f64'> => castScalar(f, dtype, 'float64', x) as Local<'f64'>;
  const after = f.let(combineF64(name, wide(before), wide(value)));
  f.do(storeScalar(dtype, at, castScalar(f, 'float64', dtype, after), offset));
}

/** float32 into accumulators of double precision. */
function addWide(
  f: FunctionBuilder,
  name: FoldName,
  at: Local<'i32'>,
  offset: number,
  value: Local<'v128'>,
  lanes: Lanes,
): void {
  const combine = name === 'sum' ? f64x2.add : f64x2.mul;
  const halves = [f.let(f64x2.promoteLowF32x4(value)), f.let(f64x2.promoteLowF32x4(high(value)))];
  halves.forEach((half, i) => {
    const place = offset + 16 * i;
    if (lanes >= 2 * i + 2) {
      f.do(v128.store(at, combine(v128.load(at, place, 8), half), place, 8));
    } else if (lanes === 2 * i + 1) {
      const sum = combineF64(name, f64.load(at, place), f64x2.extractLane(half, 0));
      f.do(f64.store(at, sum, place));
    }
  });
}
