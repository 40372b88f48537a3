import { describe, expect, it } from 'vitest';
import { f32, f64, i32, i64, ModuleBuilder, type Expression, type Local } from '../../src/index.ts';
import { NUMERIC, SATURATING } from '../../src/instructions/numeric.ts';
import { instantiate } from '../instantiate.ts';

type Value = number | bigint;

const I32_SAMPLES = [0, 1, -1, 2, 7, -8, 31, 32, 33, 200, 0xffff, 0x7fff_ffff, -0x8000_0000, 123_456_789];
const I64_SAMPLES = [
  0n,
  1n,
  -1n,
  2n,
  63n,
  64n,
  200n,
  0xffff_ffffn,
  (1n << 63n) - 1n,
  -(1n << 63n),
  1n << 40n,
];
const FLOAT_SAMPLES = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  1e-3,
  12_345.678,
  -1e9,
  3e9,
  1e30,
  NaN,
  Infinity,
  -Infinity,
];
const SAMPLES = {
  i32: I32_SAMPLES,
  i64: I64_SAMPLES,
  f32: FLOAT_SAMPLES.map(Math.fround),
  f64: FLOAT_SAMPLES,
} as const;

const scratch = new DataView(new ArrayBuffer(8));
function bits32(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getInt32(0);
}
function float32(bits: number): number {
  scratch.setInt32(0, bits);
  return scratch.getFloat32(0);
}
function bits64(value: number): bigint {
  scratch.setFloat64(0, value);
  return scratch.getBigInt64(0);
}
function float64(bits: bigint): number {
  scratch.setBigInt64(0, bits);
  return scratch.getFloat64(0);
}
function halfEven(value: number): number {
  if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 52) return value;
  const floor = Math.floor(value);
  const rest = value - floor;
  const result = rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
  return result === 0 && (value < 0 || Object.is(value, -0)) ? -0 : result;
}
function copysign(a: number, b: number): number {
  const negative = b < 0 || Object.is(b, -0);
  return negative ? -Math.abs(a) : Math.abs(a);
}
function count(value: bigint, width: number): string {
  return BigInt.asUintN(width, value).toString(2).padStart(width, '0');
}
const leading = (text: string): number => (text.includes('1') ? text.indexOf('1') : text.length);
const trailing = (text: string): number => leading([...text].toReversed().join(''));
const ones = (text: string): number => text.replaceAll('0', '').length;

/** Truncation into [low, high]; undefined stands for a trap. */
function truncate(value: number, low: bigint, high: bigint): bigint | undefined {
  if (!Number.isFinite(value)) return undefined;
  const whole = BigInt(Math.trunc(value));
  return whole < low || whole > high ? undefined : whole;
}
function saturate(value: number, low: bigint, high: bigint): bigint {
  if (Number.isNaN(value)) return 0n;
  if (value === Infinity) return high;
  if (value === -Infinity) return low;
  const whole = BigInt(Math.trunc(value));
  return whole < low ? low : whole > high ? high : whole;
}
const S32 = [-(1n << 31n), (1n << 31n) - 1n] as const;
const U32 = [0n, (1n << 32n) - 1n] as const;
const S64 = [-(1n << 63n), (1n << 63n) - 1n] as const;
const U64 = [0n, (1n << 64n) - 1n] as const;
const narrow = (value: bigint | undefined): number | undefined =>
  value === undefined ? undefined : Number(BigInt.asIntN(32, value));
const wide = (value: bigint | undefined): bigint | undefined =>
  value === undefined ? undefined : BigInt.asIntN(64, value);
const u = (value: number): number => value >>> 0;
const U = (value: bigint): bigint => BigInt.asUintN(64, value);

type Reference<A> = (a: A, b: A) => Value | boolean | undefined;
type References<A> = Readonly<Record<string, Reference<A>>>;

const EXPECTED_I32: References<number> = {
  eqz: (a) => a === 0,
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  ltS: (a, b) => a < b,
  ltU: (a, b) => u(a) < u(b),
  gtS: (a, b) => a > b,
  gtU: (a, b) => u(a) > u(b),
  leS: (a, b) => a <= b,
  leU: (a, b) => u(a) <= u(b),
  geS: (a, b) => a >= b,
  geU: (a, b) => u(a) >= u(b),
  clz: (a) => Math.clz32(a),
  ctz: (a) => trailing(count(BigInt(a), 32)),
  popcnt: (a) => ones(count(BigInt(a), 32)),
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: (a, b) => Math.imul(a, b),
  divS: (a, b) => (b === 0 || (a === -0x8000_0000 && b === -1) ? undefined : (a / b) | 0),
  divU: (a, b) => (b === 0 ? undefined : (u(a) / u(b)) | 0),
  remS: (a, b) => (b === 0 ? undefined : (a % b) | 0),
  remU: (a, b) => (b === 0 ? undefined : (u(a) % u(b)) | 0),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << b,
  shrS: (a, b) => a >> b,
  shrU: (a, b) => (a >>> b) | 0,
  rotl: (a, b) => (a << (b & 31)) | ((b & 31) === 0 ? 0 : a >>> (32 - (b & 31))),
  rotr: (a, b) => ((b & 31) === 0 ? a : (a >>> (b & 31)) | (a << (32 - (b & 31)))),
  wrapI64: (a) => narrow(BigInt(a)),
  truncF32S: (a) => narrow(truncate(a, ...S32)),
  truncF32U: (a) => narrow(truncate(a, ...U32)),
  truncF64S: (a) => narrow(truncate(a, ...S32)),
  truncF64U: (a) => narrow(truncate(a, ...U32)),
  reinterpretF32: (a) => bits32(a),
  extend8S: (a) => (a << 24) >> 24,
  extend16S: (a) => (a << 16) >> 16,
  truncSatF32S: (a) => narrow(saturate(a, ...S32)),
  truncSatF32U: (a) => narrow(saturate(a, ...U32)),
  truncSatF64S: (a) => narrow(saturate(a, ...S32)),
  truncSatF64U: (a) => narrow(saturate(a, ...U32)),
};

const EXPECTED_I64: References<bigint> = {
  eqz: (a) => a === 0n,
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  ltS: (a, b) => a < b,
  ltU: (a, b) => U(a) < U(b),
  gtS: (a, b) => a > b,
  gtU: (a, b) => U(a) > U(b),
  leS: (a, b) => a <= b,
  leU: (a, b) => U(a) <= U(b),
  geS: (a, b) => a >= b,
  geU: (a, b) => U(a) >= U(b),
  clz: (a) => BigInt(leading(count(a, 64))),
  ctz: (a) => BigInt(trailing(count(a, 64))),
  popcnt: (a) => BigInt(ones(count(a, 64))),
  add: (a, b) => wide(a + b),
  sub: (a, b) => wide(a - b),
  mul: (a, b) => wide(a * b),
  divS: (a, b) => (b === 0n || (a === S64[0] && b === -1n) ? undefined : wide(a / b)),
  divU: (a, b) => (b === 0n ? undefined : wide(U(a) / U(b))),
  remS: (a, b) => (b === 0n ? undefined : wide(a % b)),
  remU: (a, b) => (b === 0n ? undefined : wide(U(a) % U(b))),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => wide(a << (b & 63n)),
  shrS: (a, b) => a >> (b & 63n),
  shrU: (a, b) => wide(U(a) >> (b & 63n)),
  rotl: (a, b) => wide((U(a) << (b & 63n)) | (U(a) >> (64n - (b & 63n)))),
  rotr: (a, b) => wide((U(a) >> (b & 63n)) | (U(a) << (64n - (b & 63n)))),
  extendI32S: (a) => BigInt(a),
  extendI32U: (a) => BigInt(u(Number(a))),
  truncF32S: (a) => wide(truncate(Number(a), ...S64)),
  truncF32U: (a) => wide(truncate(Number(a), ...U64)),
  truncF64S: (a) => wide(truncate(Number(a), ...S64)),
  truncF64U: (a) => wide(truncate(Number(a), ...U64)),
  reinterpretF64: (a) => bits64(Number(a)),
  extend8S: (a) => BigInt.asIntN(8, a),
  extend16S: (a) => BigInt.asIntN(16, a),
  extend32S: (a) => BigInt.asIntN(32, a),
  truncSatF32S: (a) => wide(saturate(Number(a), ...S64)),
  truncSatF32U: (a) => wide(saturate(Number(a), ...U64)),
  truncSatF64S: (a) => wide(saturate(Number(a), ...S64)),
  truncSatF64U: (a) => wide(saturate(Number(a), ...U64)),
};

function floats(round: (value: number) => number) {
  return {
    eq: (a: number, b: number) => a === b,
    ne: (a: number, b: number) => a !== b,
    lt: (a: number, b: number) => a < b,
    gt: (a: number, b: number) => a > b,
    le: (a: number, b: number) => a <= b,
    ge: (a: number, b: number) => a >= b,
    abs: (a: number) => Math.abs(a),
    neg: (a: number) => -a,
    ceil: (a: number) => Math.ceil(a),
    floor: (a: number) => Math.floor(a),
    trunc: (a: number) => Math.trunc(a),
    nearest: halfEven,
    sqrt: (a: number) => round(Math.sqrt(a)),
    add: (a: number, b: number) => round(a + b),
    sub: (a: number, b: number) => round(a - b),
    mul: (a: number, b: number) => round(a * b),
    div: (a: number, b: number) => round(a / b),
    min: (a: number, b: number) => Math.min(a, b),
    max: (a: number, b: number) => Math.max(a, b),
    copysign,
    convertI32S: (a: number) => round(a),
    convertI32U: (a: number) => round(u(a)),
    convertI64S: (a: number) => round(Number(a)),
    convertI64U: (a: number) => round(Number(U(BigInt(a)))),
  };
}
const EXPECTED_F32: References<number> = {
  ...floats(Math.fround),
  demoteF64: (a) => Math.fround(a),
  reinterpretI32: (a) => float32(a),
};
const EXPECTED_F64: References<number> = {
  ...floats((value) => value),
  promoteF32: (a) => a,
  reinterpretI64: (a) => float64(BigInt(a)),
};

/** A value as text, with the sign of zero; a trap as `trap`. */
function printed(compute: () => Value | boolean | undefined): string {
  let value: Value | boolean | undefined;
  try {
    value = compute();
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  }
  if (value === undefined) return 'trap';
  if (typeof value === 'boolean') return String(Number(value));
  return `${Object.is(value, -0) ? '-' : ''}${value}${typeof value === 'bigint' ? 'n' : ''}`;
}

const FAMILIES = {
  i32: { methods: i32, table: { ...NUMERIC.i32, ...SATURATING.i32 }, expected: EXPECTED_I32 },
  i64: { methods: i64, table: { ...NUMERIC.i64, ...SATURATING.i64 }, expected: EXPECTED_I64 },
  f32: { methods: f32, table: NUMERIC.f32, expected: EXPECTED_F32 },
  f64: { methods: f64, table: NUMERIC.f64, expected: EXPECTED_F64 },
} as const;

describe.each(Object.entries(FAMILIES))('%s', (_namespace, { methods, table, expected }) => {
  it.each(Object.entries(table))('%s agrees with JavaScript', (method, [, signature]) => {
    const [before, result] = signature.split(' -> ') as [string, 'i32'];
    const types = before.split(' ') as 'i32'[];
    const module = new ModuleBuilder();
    const parameters = Object.fromEntries(types.map((type, index) => [`p${index}`, type]));
    module.function('run', { parameters, result, export: true }, (f, locals) => {
      const emit = (methods as unknown as Record<string, (...operands: Local[]) => Expression<'i32'>>)[
        method
      ]!;
      f.return(emit(...types.map((_, index) => locals[`p${index}`]!)));
    });
    const { run } = instantiate(module) as { run: (...values: Value[]) => Value };
    const reference = (expected as unknown as Record<string, Reference<Value>>)[method]!;
    const [first, second] = [SAMPLES[types[0]!], types.length === 2 ? SAMPLES[types[1]!] : [0]];
    const [got, want]: [string[], string[]] = [[], []];
    for (const a of first) {
      for (const b of second) {
        got.push(`${method}(${a}, ${b}) = ${printed(() => run(a, b))}`);
        want.push(`${method}(${a}, ${b}) = ${printed(() => reference(a, b))}`);
      }
    }
    expect(got).toEqual(want);
  });

  it('has a reference for every row', () => {
    expect(Object.keys(expected).toSorted()).toEqual(Object.keys(table).toSorted());
  });
});

it('takes constants of every type at their limits', () => {
  const module = new ModuleBuilder();
  module.function('a', { result: 'f32', export: true }, (f) => f.return(0.1));
  module.function('b', { result: 'f64', export: true }, (f) => f.return(f64.const(-0)));
  module.function('c', { result: 'i64', export: true }, (f) => f.return(5));
  module.function('d', { result: 'i32', export: true }, (f) => f.return(i32.const(0xffff_ffff)));
  const { a, b, c, d } = instantiate(module);
  expect([a!(), b!(), c!(), d!()]).toEqual([Math.fround(0.1), -0, 5n, -1]);
});
