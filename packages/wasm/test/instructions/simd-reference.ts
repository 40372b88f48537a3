import type { SIMD } from '../../src/instructions/simd.ts';

/** Sixteen bytes seen as every lane type. */
export class Vector {
  readonly bytes: Uint8Array = new Uint8Array(16);
  readonly i8: Int8Array = new Int8Array(this.bytes.buffer);
  readonly u8: Uint8Array = this.bytes;
  readonly i16: Int16Array = new Int16Array(this.bytes.buffer);
  readonly u16: Uint16Array = new Uint16Array(this.bytes.buffer);
  readonly i32: Int32Array = new Int32Array(this.bytes.buffer);
  readonly u32: Uint32Array = new Uint32Array(this.bytes.buffer);
  readonly i64: BigInt64Array = new BigInt64Array(this.bytes.buffer);
  readonly u64: BigUint64Array = new BigUint64Array(this.bytes.buffer);
  readonly f32: Float32Array = new Float32Array(this.bytes.buffer);
  readonly f64: Float64Array = new Float64Array(this.bytes.buffer);
  constructor(bytes: ArrayLike<number>) {
    this.bytes.set(bytes);
  }
}

type Lanes = Exclude<keyof Vector, 'bytes'>;
export type Result = Vector[Lanes];
export type Reference = (a: Vector, b: Vector, c: Vector) => Result;

const ARRAYS = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;

// Immediates of the emitted code: the lane, and a shuffle that takes from both operands.
export const LANE = 1;
export const SHUFFLE: readonly number[] = [0, 31, 2, 29, 4, 27, 6, 25, 8, 23, 10, 21, 12, 19, 14, 17];

function lanesOf(lanes: Lanes, values: Iterable<number | bigint>): Result {
  return (ARRAYS[lanes] as unknown as { from(values: Iterable<number | bigint>): Result }).from(values);
}

/** Lane i of the result is f of the operands' lanes of one type; the typed array wraps and rounds. */
function each(
  to: Lanes,
  from: Lanes,
  f: (a: never, b: never, c: never, index: number) => unknown,
): Reference {
  return (a, b, c) => {
    const result = new ARRAYS[to](16 / ARRAYS[to].BYTES_PER_ELEMENT);
    for (let index = 0; index < result.length; index++) {
      result[index] = f(
        a[from][index] as never,
        b[from][index] as never,
        c[from][index] as never,
        index,
      ) as never;
    }
    return result;
  };
}
export const numbers = (lanes: Lanes, f: (a: number, b: number, c: number) => number): Reference =>
  each(lanes, lanes, f as never);
const bigints = (lanes: Lanes, f: (a: bigint, b: bigint) => bigint): Reference =>
  each(lanes, lanes, f as never);

const MASK: Readonly<Record<'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'i64' | 'f32' | 'f64', Lanes>> = {
  i8: 'i8',
  u8: 'i8',
  i16: 'i16',
  u16: 'i16',
  i32: 'i32',
  u32: 'i32',
  i64: 'i64',
  f32: 'i32',
  f64: 'i64',
};
function compare(from: keyof typeof MASK, f: (a: number, b: number) => boolean): Reference {
  const wide = MASK[from] === 'i64';
  return each(MASK[from], from, ((a: number, b: number) =>
    f(a, b) ? (wide ? -1n : -1) : wide ? 0n : 0) as never);
}

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
const RANGE: Readonly<Record<'i8' | 'u8' | 'i16' | 'u16', readonly [number, number]>> = {
  i8: [-128, 127],
  u8: [0, 255],
  i16: [-32_768, 32_767],
  u16: [0, 65_535],
};
const saturating = (lanes: keyof typeof RANGE, f: (a: number, b: number) => number): Reference =>
  numbers(lanes, (a, b) => clamp(f(a, b), ...RANGE[lanes]));

/** Scalar results occupy the first lanes, the rest of the sixteen bytes is zero. */
function scalar(lanes: Lanes, f: (a: Vector, b: Vector) => number | bigint): Reference {
  return (a, b) => {
    const result = new ARRAYS[lanes](16 / ARRAYS[lanes].BYTES_PER_ELEMENT);
    result[0] = f(a, b) as never;
    return result;
  };
}
function splat(lanes: Lanes): Reference {
  return (a) => new ARRAYS[lanes](16 / ARRAYS[lanes].BYTES_PER_ELEMENT).fill(a[lanes][0] as never) as Result;
}
function replaceLane(lanes: Lanes): Reference {
  return (a, b) => {
    const result = a[lanes].slice();
    result[LANE] = b[lanes][0] as never;
    return result;
  };
}
const allTrue = (lanes: Lanes): Reference =>
  scalar('i32', (a) => (Array.from<number | bigint>(a[lanes]).every((lane) => Number(lane) !== 0) ? 1 : 0));
const bitmask = (lanes: Lanes): Reference =>
  scalar('i32', (a) => {
    let mask = 0;
    for (const [index, lane] of [...a[lanes]].entries()) if (lane < 0) mask |= 1 << index;
    return mask;
  });
function narrow(to: keyof typeof RANGE, from: 'i16' | 'i32'): Reference {
  return (a, b) =>
    lanesOf(
      to,
      [...a[from], ...b[from]].map((lane) => clamp(lane, ...RANGE[to])),
    );
}
const isWide = (lanes: Lanes): boolean => lanes === 'i64' || lanes === 'u64';
function extend(to: Lanes, from: Lanes, high: boolean): Reference {
  return (a) => {
    const half = a[from].length / 2;
    const lanes = Array.from<number | bigint>(a[from]).slice(high ? half : 0, high ? undefined : half);
    return lanesOf(to, isWide(to) ? lanes.map(BigInt) : lanes);
  };
}
function extmul(to: Lanes, from: Lanes, high: boolean): Reference {
  return (a, b) => {
    const half = extend(to, from, high);
    const [x, y] = [half(a, b, a), half(b, a, b)];
    const products = Array.from<number | bigint>(x).map((lane, index) =>
      isWide(to) ? BigInt(lane) * BigInt(y[index]!) : Math.imul(Number(lane), Number(y[index])),
    );
    return lanesOf(to, products);
  };
}
function pairwise(to: Lanes, from: 'i8' | 'u8' | 'i16' | 'u16'): Reference {
  return (a) => {
    const lanes = a[from];
    return lanesOf(
      to,
      Array.from({ length: lanes.length / 2 }, (_, i) => lanes[2 * i]! + lanes[2 * i + 1]!),
    );
  };
}
function shift(
  lanes: 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32',
  f: (a: number, count: number) => number,
): Reference {
  const width = 8 * ARRAYS[lanes].BYTES_PER_ELEMENT;
  return (a, b) =>
    lanesOf(
      lanes,
      Array.from(a[lanes], (lane) => f(lane, b.i32[0]! & (width - 1))),
    );
}
function shift64(lanes: 'i64' | 'u64', f: (a: bigint, count: bigint) => bigint): Reference {
  return (a, b) =>
    lanesOf(
      lanes,
      Array.from(a[lanes], (lane) => f(lane, BigInt(b.i32[0]! & 63))),
    );
}
const halfEven = (value: number): number => {
  if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 52) return value;
  const rest = value - Math.floor(value);
  const up = rest > 0.5 || (rest === 0.5 && Math.floor(value) % 2 !== 0);
  const result = Math.floor(value) + (up ? 1 : 0);
  return result === 0 && (value < 0 || Object.is(value, -0)) ? -0 : result;
};
const toInt = (value: number, low: number, high: number): number =>
  Number.isNaN(value) ? 0 : clamp(Math.trunc(value), low, high);
const S32 = [-(2 ** 31), 2 ** 31 - 1] as const;
const U32 = [0, 2 ** 32 - 1] as const;

const integerCompare = (
  s: 'i8' | 'i16' | 'i32',
  unsigned: 'u8' | 'u16' | 'u32',
): Record<string, Reference> => ({
  eq: compare(s, (a, b) => a === b),
  ne: compare(s, (a, b) => a !== b),
  ltS: compare(s, (a, b) => a < b),
  ltU: compare(unsigned, (a, b) => a < b),
  gtS: compare(s, (a, b) => a > b),
  gtU: compare(unsigned, (a, b) => a > b),
  leS: compare(s, (a, b) => a <= b),
  leU: compare(unsigned, (a, b) => a <= b),
  geS: compare(s, (a, b) => a >= b),
  geU: compare(unsigned, (a, b) => a >= b),
});
const integers = (s: 'i8' | 'i16' | 'i32', unsigned: 'u8' | 'u16' | 'u32'): Record<string, Reference> => ({
  ...integerCompare(s, unsigned),
  splat: splat(s),
  replaceLane: replaceLane(s),
  abs: numbers(s, (a) => Math.abs(a)),
  neg: numbers(s, (a) => -a),
  allTrue: allTrue(s),
  bitmask: bitmask(s),
  shl: shift(s, (a, count) => a << count),
  shrS: shift(s, (a, count) => a >> count),
  shrU: shift(unsigned, (a, count) => a >>> count),
  add: numbers(s, (a, b) => a + b),
  sub: numbers(s, (a, b) => a - b),
  minS: numbers(s, (a, b) => Math.min(a, b)),
  minU: numbers(unsigned, (a, b) => Math.min(a, b)),
  maxS: numbers(s, (a, b) => Math.max(a, b)),
  maxU: numbers(unsigned, (a, b) => Math.max(a, b)),
});
const narrowLanes = (s: 'i8' | 'i16', unsigned: 'u8' | 'u16'): Record<string, Reference> => ({
  extractLaneS: scalar('i32', (a) => a[s][LANE]!),
  extractLaneU: scalar('i32', (a) => a[unsigned][LANE]!),
  addSatS: saturating(s, (a, b) => a + b),
  addSatU: saturating(unsigned, (a, b) => a + b),
  subSatS: saturating(s, (a, b) => a - b),
  subSatU: saturating(unsigned, (a, b) => a - b),
  avgrU: numbers(unsigned, (a, b) => (a + b + 1) >> 1),
});
const floats = (lanes: 'f32' | 'f64'): Record<string, Reference> => ({
  splat: splat(lanes),
  extractLane: scalar(lanes, (a) => a[lanes][LANE]!),
  replaceLane: replaceLane(lanes),
  eq: compare(lanes, (a, b) => a === b),
  ne: compare(lanes, (a, b) => a !== b),
  lt: compare(lanes, (a, b) => a < b),
  gt: compare(lanes, (a, b) => a > b),
  le: compare(lanes, (a, b) => a <= b),
  ge: compare(lanes, (a, b) => a >= b),
  ceil: numbers(lanes, Math.ceil),
  floor: numbers(lanes, Math.floor),
  trunc: numbers(lanes, Math.trunc),
  nearest: numbers(lanes, halfEven),
  abs: numbers(lanes, (a) => Math.abs(a)),
  neg: numbers(lanes, (a) => -a),
  sqrt: numbers(lanes, Math.sqrt),
  add: numbers(lanes, (a, b) => a + b),
  sub: numbers(lanes, (a, b) => a - b),
  mul: numbers(lanes, (a, b) => a * b),
  div: numbers(lanes, (a, b) => a / b),
  min: numbers(lanes, (a, b) => Math.min(a, b)),
  max: numbers(lanes, (a, b) => Math.max(a, b)),
  pmin: numbers(lanes, (a, b) => (b < a ? b : a)),
  pmax: numbers(lanes, (a, b) => (a < b ? b : a)),
});
/** Sixteen bytes of a load: `count` elements read as `from`, then laid out as `to`. */
function loaded(to: Lanes, from: Lanes, count: number, repeat = 1): Reference {
  return (a) => {
    const result = new ARRAYS[to](16 / ARRAYS[to].BYTES_PER_ELEMENT);
    for (let index = 0; index < count * repeat; index++) {
      const lane = a[from][index % count]!;
      result[index] = (to.endsWith('64') && to !== 'f64' ? BigInt(lane) : lane) as never;
    }
    return result;
  };
}
const loadLane =
  (lanes: Lanes): Reference =>
  (a, b) => {
    const result = b[lanes].slice();
    result[LANE] = a[lanes][0] as never;
    return result;
  };

/** What every instruction of the table does, lane by lane. */
export const EXPECTED: { readonly [N in keyof typeof SIMD]: Readonly<Record<string, Reference>> } = {
  v128: {
    load: (a) => a.u8,
    load8x8S: loaded('i16', 'i8', 8),
    load8x8U: loaded('i16', 'u8', 8),
    load16x4S: loaded('i32', 'i16', 4),
    load16x4U: loaded('i32', 'u16', 4),
    load32x2S: loaded('i64', 'i32', 2),
    load32x2U: loaded('i64', 'u32', 2),
    load8Splat: loaded('i8', 'i8', 1, 16),
    load16Splat: loaded('i16', 'i16', 1, 8),
    load32Splat: loaded('i32', 'i32', 1, 4),
    load64Splat: loaded('i64', 'i64', 1, 2),
    load32Zero: loaded('i32', 'i32', 1),
    load64Zero: loaded('i64', 'i64', 1),
    load8Lane: loadLane('i8'),
    load16Lane: loadLane('i16'),
    load32Lane: loadLane('i32'),
    load64Lane: loadLane('i64'),
    store: (_a, b) => b.u8,
    store8Lane: scalar('u8', (_a, b) => b.u8[LANE]!),
    store16Lane: scalar('u16', (_a, b) => b.u16[LANE]!),
    store32Lane: scalar('u32', (_a, b) => b.u32[LANE]!),
    store64Lane: scalar('u64', (_a, b) => b.u64[LANE]!),
    not: numbers('i32', (a) => ~a),
    and: numbers('i32', (a, b) => a & b),
    andnot: numbers('i32', (a, b) => a & ~b),
    or: numbers('i32', (a, b) => a | b),
    xor: numbers('i32', (a, b) => a ^ b),
    bitselect: numbers('i32', (a, b, c) => (a & c) | (b & ~c)),
    anyTrue: scalar('i32', (a) => (a.u8.some((byte) => byte !== 0) ? 1 : 0)),
  },
  i8x16: {
    ...integers('i8', 'u8'),
    ...narrowLanes('i8', 'u8'),
    shuffle: (a, b) => Uint8Array.from(SHUFFLE, (lane) => [...a.u8, ...b.u8][lane]!),
    swizzle: (a, b) => Uint8Array.from(b.u8, (lane) => a.u8[lane] ?? 0),
    popcnt: numbers('u8', (a) => a.toString(2).replaceAll('0', '').length),
    narrowI16x8S: narrow('i8', 'i16'),
    narrowI16x8U: narrow('u8', 'i16'),
  },
  i16x8: {
    ...integers('i16', 'u16'),
    ...narrowLanes('i16', 'u16'),
    mul: numbers('i16', (a, b) => Math.imul(a, b)),
    extaddPairwiseI8x16S: pairwise('i16', 'i8'),
    extaddPairwiseI8x16U: pairwise('i16', 'u8'),
    q15mulrSatS: saturating('i16', (a, b) => (a * b + 0x4000) >> 15),
    narrowI32x4S: narrow('i16', 'i32'),
    narrowI32x4U: narrow('u16', 'i32'),
    extendLowI8x16S: extend('i16', 'i8', false),
    extendHighI8x16S: extend('i16', 'i8', true),
    extendLowI8x16U: extend('i16', 'u8', false),
    extendHighI8x16U: extend('i16', 'u8', true),
    extmulLowI8x16S: extmul('i16', 'i8', false),
    extmulHighI8x16S: extmul('i16', 'i8', true),
    extmulLowI8x16U: extmul('u16', 'u8', false),
    extmulHighI8x16U: extmul('u16', 'u8', true),
  },
  i32x4: {
    ...integers('i32', 'u32'),
    extractLane: scalar('i32', (a) => a.i32[LANE]!),
    mul: numbers('i32', (a, b) => Math.imul(a, b)),
    extaddPairwiseI16x8S: pairwise('i32', 'i16'),
    extaddPairwiseI16x8U: pairwise('i32', 'u16'),
    extendLowI16x8S: extend('i32', 'i16', false),
    extendHighI16x8S: extend('i32', 'i16', true),
    extendLowI16x8U: extend('i32', 'u16', false),
    extendHighI16x8U: extend('i32', 'u16', true),
    dotI16x8S: (a, b) =>
      Int32Array.from(
        { length: 4 },
        (_, i) => a.i16[2 * i]! * b.i16[2 * i]! + a.i16[2 * i + 1]! * b.i16[2 * i + 1]!,
      ),
    extmulLowI16x8S: extmul('i32', 'i16', false),
    extmulHighI16x8S: extmul('i32', 'i16', true),
    extmulLowI16x8U: extmul('u32', 'u16', false),
    extmulHighI16x8U: extmul('u32', 'u16', true),
    truncSatF32x4S: each('i32', 'f32', ((a: number) => toInt(a, ...S32)) as never),
    truncSatF32x4U: each('u32', 'f32', ((a: number) => toInt(a, ...U32)) as never),
    truncSatF64x2SZero: (a) => Int32Array.of(toInt(a.f64[0]!, ...S32), toInt(a.f64[1]!, ...S32), 0, 0),
    truncSatF64x2UZero: (a) => Uint32Array.of(toInt(a.f64[0]!, ...U32), toInt(a.f64[1]!, ...U32), 0, 0),
  },
  i64x2: {
    splat: splat('i64'),
    extractLane: scalar('i64', (a) => a.i64[LANE]!),
    replaceLane: replaceLane('i64'),
    abs: bigints('i64', (a) => (a < 0n ? -a : a)),
    neg: bigints('i64', (a) => -a),
    allTrue: allTrue('i64'),
    bitmask: bitmask('i64'),
    extendLowI32x4S: extend('i64', 'i32', false),
    extendHighI32x4S: extend('i64', 'i32', true),
    extendLowI32x4U: extend('i64', 'u32', false),
    extendHighI32x4U: extend('i64', 'u32', true),
    shl: shift64('i64', (a, count) => a << count),
    shrS: shift64('i64', (a, count) => a >> count),
    shrU: shift64('u64', (a, count) => a >> count),
    add: bigints('i64', (a, b) => a + b),
    sub: bigints('i64', (a, b) => a - b),
    mul: bigints('i64', (a, b) => a * b),
    eq: compare('i64', (a, b) => a === b),
    ne: compare('i64', (a, b) => a !== b),
    ltS: compare('i64', (a, b) => a < b),
    gtS: compare('i64', (a, b) => a > b),
    leS: compare('i64', (a, b) => a <= b),
    geS: compare('i64', (a, b) => a >= b),
    extmulLowI32x4S: extmul('i64', 'i32', false),
    extmulHighI32x4S: extmul('i64', 'i32', true),
    extmulLowI32x4U: extmul('u64', 'u32', false),
    extmulHighI32x4U: extmul('u64', 'u32', true),
  },
  f32x4: {
    ...floats('f32'),
    demoteF64x2Zero: (a) => Float32Array.of(a.f64[0]!, a.f64[1]!, 0, 0),
    convertI32x4S: each('f32', 'i32', (a) => a),
    convertI32x4U: each('f32', 'u32', (a) => a),
  },
  f64x2: {
    ...floats('f64'),
    promoteLowF32x4: each('f64', 'f32', (a) => a),
    convertLowI32x4S: each('f64', 'i32', (a) => a),
    convertLowI32x4U: each('f64', 'u32', (a) => a),
  },
};
