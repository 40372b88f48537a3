import { byteSize, type DType } from '@nadir/tensor';
import {
  i16x8,
  i32,
  i32x4,
  i8x16,
  v128,
  type Expression,
  type FunctionBuilder,
  type Local,
} from '@nadir/wasm';
import { splatInteger } from './vector-math.ts';

/** How many lanes of a vector hold elements: the rest of a row fills the first ones only. */
export type Lanes = 1 | 2 | 3 | 4;

/** The lanes behind the last whole vector of a row. */
export function lanesOfRest(count: number): Lanes | 0 {
  return (count % 4) as Lanes | 0;
}

/** Lanes that are there as ones, the others as zeros. */
export function laneMask(f: FunctionBuilder, lanes: Lanes): Local<'v128'> {
  return f.constant(i32x4.const(...[0, 1, 2, 3].map((lane) => (lane < lanes ? -1 : 0))));
}

/**
 * Loads elements into the first lanes, and none but these are touched; float32 and int32 as they are, bool as masks.
 *
 * @param laneStride elements from one lane to the next
 */
export function loadLanes(
  f: FunctionBuilder,
  dtype: DType,
  address: Expression<'i32'>,
  offset: number,
  laneStride: number,
  lanes: Lanes,
): Expression<'v128'> {
  const isBool = dtype === 'bool';
  if (laneStride === 0) {
    return isBool
      ? i32x4.splat(i32.sub(0, i32.ne(i32.load8U(address, offset), 0)))
      : v128.load32Splat(address, offset);
  }
  if (laneStride === 1 && lanes === 4) {
    if (!isBool) return v128.load(address, offset, 4);
    const words = i32x4.extendLowI16x8U(i16x8.extendLowI8x16U(v128.load32Zero(address, offset, 1)));
    return i32x4.ne(words, i32x4.const(0));
  }
  const first = f.let(address);
  const step = laneStride * byteSize(dtype);
  const at = (lane: number): Expression<'i32'> => (lane === 0 ? first : i32.add(first, lane * step));
  if (isBool) {
    let mask: Expression<'v128'> = i32x4.const(0);
    for (let lane = 0; lane < lanes; lane++)
      mask = i32x4.replaceLane(mask, lane, i32.sub(0, i32.ne(i32.load8U(at(lane), offset), 0)));
    return mask;
  }
  let value = v128.load32Zero(first, offset);
  for (let lane = 1; lane < lanes; lane++) value = v128.load32Lane(at(lane), value, lane, offset);
  return value;
}

/** Stores the first lanes side by side; bool as bytes of 0 or 1. */
export function storeLanes(
  f: FunctionBuilder,
  dtype: DType,
  address: Expression<'i32'>,
  value: Local<'v128'>,
  offset: number,
  lanes: Lanes,
): void {
  if (dtype === 'bool') {
    const ones = f.let(v128.and(value, splatInteger(f, 1)));
    if (lanes < 4) {
      for (let lane = 0; lane < lanes; lane++)
        f.do(i32.store8(address, i32x4.extractLane(ones, lane), offset + lane));
      return;
    }
    // Byte 0 of every lane.
    const bytes = i8x16.shuffle(
      ones,
      i32x4.const(0),
      [0, 4, 8, 12, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16],
    );
    f.do(i32.store(address, i32x4.extractLane(bytes, 0), offset, 1));
  } else if (lanes === 4) f.do(v128.store(address, value, offset, 4));
  else {
    if (lanes >= 2) f.do(v128.store64Lane(address, value, 0, offset, 4));
    if (lanes !== 2) f.do(v128.store32Lane(address, value, lanes - 1, offset + 4 * (lanes - 1)));
  }
}
