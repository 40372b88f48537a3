import { describe, expect, it } from 'vitest';
import {
  f32x4,
  f64x2,
  features,
  i16x8,
  i32,
  i32x4,
  i64,
  i64x2,
  i8x16,
  memory,
  ModuleBuilder,
  v128,
  f32,
  f64,
  WasmError,
  type Expression,
} from '../../src/index.ts';
import { RELAXED_SIMD } from '../../src/instructions/relaxed-simd.ts';
import { SIMD } from '../../src/instructions/simd.ts';
import { instantiate } from '../instantiate.ts';
import { EXPECTED, LANE, numbers, SHUFFLE, Vector, type Reference, type Result } from './simd-reference.ts';

const METHODS = { v128, i8x16, i16x8, i32x4, i64x2, f32x4, f64x2 };
const LOADS = { v128, i32, i64, f32, f64 } as const;
const RESULT_AT = 64;

/** A function that applies one instruction to operands at 0, 16 and 32, and stores what it leaves at 64. */
function emitProbe(
  module: ModuleBuilder,
  methods: object,
  method: string,
  signature: string,
  touchesMemory: boolean,
): void {
  const [before, result] = signature.split(' -> ') as [
    string,
    'v128' | 'i32' | 'i64' | 'f32' | 'f64' | 'void',
  ];
  module.function(method, { export: true }, (f) => {
    f.do(memory.fill(RESULT_AT, 0, 16));
    let position = 0;
    const operands = before.split(' ').map((type, index) => {
      if (type === 'lane') return LANE;
      if (type === 'lanes') return SHUFFLE;
      if (touchesMemory && index === 0) {
        position++;
        return i32.const(result === 'void' ? RESULT_AT : 0);
      }
      return LOADS[type as 'v128'].load(i32.const(16 * position++));
    });
    const expression = (methods as Record<string, (...values: unknown[]) => Expression>)[method]!(
      ...operands,
    );
    if (result === 'void') f.do(expression as Expression<'void'>);
    else f.do(LOADS[result as 'v128'].store(i32.const(RESULT_AT), expression as Expression<'v128'>));
  });
}

function makeInputs(): Vector[] {
  let state = 12_345;
  const byte = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >> 16) & 0xff;
  };
  const random = Array.from({ length: 12 }, () => new Vector(Array.from({ length: 16 }, byte)));
  const small = Array.from({ length: 4 }, () => new Vector(Array.from({ length: 16 }, () => byte() % 20)));
  const edges = [
    new Int32Array([0, -1, 2 ** 31 - 1, -(2 ** 31)]),
    new Int16Array([0, -1, 32_767, -32_768, 1, 2, -32_768, 32_767]),
    new Int8Array([0, -1, 127, -128, 1, 2, 3, -128, 127, -2, 5, -5, 100, -100, 50, -50]),
    new BigInt64Array([(1n << 63n) - 1n, -(1n << 63n)]),
    new Float32Array([0.5, -2.5, 1e10, -0]),
    new Float32Array([NaN, Infinity, -Infinity, 3e9]),
    new Float32Array([-0, 0, 1.5, -1.5]),
    new Float64Array([2.5, -1e300]),
    new Float64Array([NaN, -0.5]),
    new Float64Array([4e9, 123_456.789]),
    new Int32Array(4),
  ].map((array) => new Vector(new Uint8Array(array.buffer)));
  return [...random, ...small, ...edges];
}
const INPUTS = makeInputs();
const TRIPLES = INPUTS.flatMap((a, index) =>
  [1, 3, 7].map(
    (step) =>
      [a, INPUTS[(index + step) % INPUTS.length]!, INPUTS[(index * step + 5) % INPUTS.length]!] as const,
  ),
);

/** What the engine leaves, as the array type of the reference; a NaN's payload is not specified. */
function run(
  bytes: Uint8Array,
  execute: () => unknown,
  [a, b, c]: readonly [Vector, Vector, Vector],
  like: Result,
): Result {
  for (const [index, vector] of [a, b, c].entries()) bytes.set(vector.bytes, 16 * index);
  execute();
  const result = bytes.slice(RESULT_AT, RESULT_AT + 16);
  return new (like.constructor as Float32ArrayConstructor)(result.buffer);
}

describe.each(Object.entries(SIMD))('%s', (namespace, table) => {
  const expected = EXPECTED[namespace as keyof typeof SIMD];
  const module = new ModuleBuilder();
  module.memory({ min: 1, export: 'memory' });
  const rows = Object.entries(table) as [string, readonly [number, string, number?]][];
  for (const [method, [, signature, alignment]] of rows) {
    emitProbe(module, METHODS[namespace as keyof typeof SIMD], method, signature, alignment !== undefined);
  }
  const exports = instantiate(module);
  const bytes = new Uint8Array((exports.memory as unknown as WebAssembly.Memory).buffer);

  it.each(rows.map(([method]) => method))('%s agrees with JavaScript', (method) => {
    const reference = expected[method]!;
    for (const triple of TRIPLES) {
      const want = reference(...triple);
      expect(run(bytes, exports[method]!, triple, want)).toEqual(want);
    }
  });

  it('has a reference for every row', () => {
    expect(Object.keys(expected).toSorted()).toEqual(Object.keys(table).toSorted());
  });
});

// Inputs on which every allowed result is the same.
const small = (
  array: Float32Array | Float64Array | Int16Array | Int8Array | Uint8Array | Int32Array,
): Vector => new Vector(new Uint8Array(array.buffer));
const FLOATS32 = [
  Float32Array.of(1, -2, 3, 0.5),
  Float32Array.of(4, 5, -6, 8),
  Float32Array.of(7, 1, 2, -3),
].map(small);
const FLOATS64 = [Float64Array.of(1.5, -2), Float64Array.of(4, 3), Float64Array.of(-7, 9)].map(small);
const BYTES = [
  Uint8Array.from({ length: 16 }, (_, i) => i * 9),
  Uint8Array.from({ length: 16 }, (_, i) => 15 - i),
  Uint8Array.from({ length: 16 }, (_, i) => i),
].map(small);
const MASKED = [BYTES[0]!, BYTES[1]!, small(Int32Array.of(-1, 0, 0, -1))];
const MASKED64 = [BYTES[0]!, BYTES[1]!, small(Int32Array.of(-1, -1, 0, 0))];
const chosen: Reference = (a, b, c) => EXPECTED.v128.bitselect!(a, b, c);
const madd = (lanes: 'f32' | 'f64', sign: number): Reference => numbers(lanes, (a, b, c) => sign * a * b + c);
const dot: Reference = (a, b) =>
  Int16Array.from({ length: 8 }, (_, i) => a.i8[2 * i]! * b.i8[2 * i]! + a.i8[2 * i + 1]! * b.i8[2 * i + 1]!);

const RELAXED: {
  readonly [N in keyof typeof RELAXED_SIMD]: Readonly<
    Record<string, readonly [Reference, readonly Vector[]]>
  >;
} = {
  i8x16: {
    relaxedSwizzle: [EXPECTED.i8x16.swizzle!, BYTES],
    relaxedLaneselect: [chosen, MASKED],
  },
  i16x8: {
    relaxedLaneselect: [chosen, MASKED],
    relaxedQ15mulrS: [EXPECTED.i16x8.q15mulrSatS!, BYTES],
    relaxedDotI8x16I7x16S: [dot, BYTES],
  },
  i32x4: {
    relaxedTruncF32x4S: [EXPECTED.i32x4.truncSatF32x4S!, FLOATS32],
    relaxedTruncF32x4U: [
      EXPECTED.i32x4.truncSatF32x4U!,
      FLOATS32.slice(1).map((v) => small(v.f32.map(Math.abs))),
    ],
    relaxedTruncF64x2SZero: [EXPECTED.i32x4.truncSatF64x2SZero!, FLOATS64],
    relaxedTruncF64x2UZero: [
      EXPECTED.i32x4.truncSatF64x2UZero!,
      FLOATS64.map((v) => small(v.f64.map(Math.abs))),
    ],
    relaxedLaneselect: [chosen, MASKED],
    relaxedDotI8x16I7x16AddS: [
      (a, b, c) => {
        const products = dot(a, b, c);
        return Int32Array.from(
          c.i32,
          (add, i) => add + Number(products[2 * i]) + Number(products[2 * i + 1]),
        );
      },
      BYTES,
    ],
  },
  i64x2: { relaxedLaneselect: [chosen, MASKED64] },
  f32x4: {
    relaxedMadd: [madd('f32', 1), FLOATS32],
    relaxedNmadd: [madd('f32', -1), FLOATS32],
    relaxedMin: [EXPECTED.f32x4.min!, FLOATS32],
    relaxedMax: [EXPECTED.f32x4.max!, FLOATS32],
  },
  f64x2: {
    relaxedMadd: [madd('f64', 1), FLOATS64],
    relaxedNmadd: [madd('f64', -1), FLOATS64],
    relaxedMin: [EXPECTED.f64x2.min!, FLOATS64],
    relaxedMax: [EXPECTED.f64x2.max!, FLOATS64],
  },
};

describe.runIf(features().relaxedSimd).each(Object.entries(RELAXED_SIMD))(
  'relaxed %s',
  (namespace, table) => {
    it.each(Object.entries(table) as [string, readonly [number, string]][])('%s', (method, [, signature]) => {
      const module = new ModuleBuilder();
      module.memory({ min: 1, export: 'memory' });
      emitProbe(module, METHODS[namespace as keyof typeof METHODS], method, signature, false);
      const exports = instantiate(module);
      const bytes = new Uint8Array((exports.memory as unknown as WebAssembly.Memory).buffer);
      const [reference, [a, b, c]] = RELAXED[namespace as keyof typeof RELAXED][method]!;
      const triple = [a!, b!, c ?? a!] as const;
      const want = reference(...triple);
      expect(run(bytes, exports[method]!, triple, want)).toEqual(want);
    });
  },
);

describe('vector constants', () => {
  it('fill all lanes from one number, or take one a lane', () => {
    const module = new ModuleBuilder();
    module.memory({ min: 1, export: 'memory' });
    module.function('run', { export: true }, (f) => {
      f.do(v128.store(0, f32x4.const(1, 2, 3, 4)), v128.store(16, i8x16.const(-1)));
      f.do(v128.store(32, f64x2.const(0.5, -0)), v128.store(48, i64x2.const(1, -1)));
      f.do(v128.store(64, i16x8.const(1, 2, 3, 4, 5, 6, 7, 8)), v128.store(80, i32x4.const(7)));
    });
    const exports = instantiate(module);
    exports.run!();
    const { buffer } = exports.memory as unknown as WebAssembly.Memory;
    expect(new Float32Array(buffer, 0, 4)).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(new Int8Array(buffer, 16, 16)).toEqual(new Int8Array(16).fill(-1));
    expect(new Float64Array(buffer, 32, 2)).toEqual(Float64Array.of(0.5, -0));
    expect(new BigInt64Array(buffer, 48, 2)).toEqual(BigInt64Array.of(1n, -1n));
    expect(new Int16Array(buffer, 64, 8)).toEqual(Int16Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    expect(new Int32Array(buffer, 80, 4)).toEqual(new Int32Array(4).fill(7));
  });

  it('refuse another count, lanes outside, and numbers for vectors', () => {
    expect(() => f32x4.const(1, 2)).toThrow('f32x4.const(): 1 or 4 numbers are required, got 2.');
    expect(() => f32x4.extractLane(f32x4.const(0), 4)).toThrow(
      'f32x4.extract_lane(): the lane must be an integer in [0, 4), got 4.',
    );
    expect(() => v128.load64Lane(0, f32x4.const(0), 2)).toThrow('[0, 2)');
    expect(() => i8x16.shuffle(f32x4.const(0), f32x4.const(0), [1, 2])).toThrow(WasmError);
    expect(() => f32x4.add(1 as never, f32x4.const(0))).toThrow(
      'must be v128, got the number 1. Hint: splat it.',
    );
  });
});
