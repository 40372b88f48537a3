import { describe, expect, it } from 'vitest';
import { f32, f64, i32, i64, memory, ModuleBuilder, WasmError, type Expression } from '../../src/index.ts';
import { MEMORY } from '../../src/instructions/memory.ts';
import { instantiate } from '../instantiate.ts';

type Access = (view: DataView, value: number | bigint) => number | bigint;

// What each row reads at byte 9, or leaves there, in DataView's words.
const EXPECTED: {
  readonly [N in keyof typeof MEMORY]: { readonly [K in keyof (typeof MEMORY)[N]]: Access };
} = {
  i32: {
    load: (view) => view.getInt32(9, true),
    load8S: (view) => view.getInt8(9),
    load8U: (view) => view.getUint8(9),
    load16S: (view) => view.getInt16(9, true),
    load16U: (view) => view.getUint16(9, true),
    store: (view, value) => (view.setInt32(9, Number(value), true), 0),
    store8: (view, value) => (view.setInt8(9, Number(value)), 0),
    store16: (view, value) => (view.setInt16(9, Number(value), true), 0),
  },
  i64: {
    load: (view) => view.getBigInt64(9, true),
    load8S: (view) => BigInt(view.getInt8(9)),
    load8U: (view) => BigInt(view.getUint8(9)),
    load16S: (view) => BigInt(view.getInt16(9, true)),
    load16U: (view) => BigInt(view.getUint16(9, true)),
    load32S: (view) => BigInt(view.getInt32(9, true)),
    load32U: (view) => BigInt(view.getUint32(9, true)),
    store: (view, value) => (view.setBigInt64(9, BigInt(value), true), 0),
    store8: (view, value) => (view.setInt8(9, Number(BigInt.asIntN(8, BigInt(value)))), 0),
    store16: (view, value) => (view.setInt16(9, Number(BigInt.asIntN(16, BigInt(value))), true), 0),
    store32: (view, value) => (view.setInt32(9, Number(BigInt.asIntN(32, BigInt(value))), true), 0),
  },
  f32: {
    load: (view) => view.getFloat32(9, true),
    store: (view, value) => (view.setFloat32(9, Number(value), true), 0),
  },
  f64: {
    load: (view) => view.getFloat64(9, true),
    store: (view, value) => (view.setFloat64(9, Number(value), true), 0),
  },
};
const METHODS = { i32, i64, f32, f64 };
const VALUES = {
  i32: [-1, 0x1234_5678],
  i64: [-1n, 0x1122_3344_5566_7788n],
  f32: [1.5, -0],
  f64: [Math.PI, -0],
};
const START = Uint8Array.from({ length: 32 }, (_, index) => index * 37 + 200);

const ROWS = Object.entries(MEMORY).flatMap(([namespace, table]) =>
  Object.entries(table as Record<string, readonly [number, string, number]>).map(
    ([method, [, signature]]) => [namespace as keyof typeof MEMORY, method, signature] as const,
  ),
);

it.each(ROWS)('%s.%s agrees with DataView', (namespace, method, signature) => {
  const result = signature.split(' -> ')[1] as 'i32' | 'void';
  const module = new ModuleBuilder();
  module.memory({ min: 1, export: 'memory' });
  const emit = (METHODS[namespace] as unknown as Record<string, (...values: unknown[]) => Expression<'i32'>>)[
    method
  ]!;
  module.function(
    'run',
    { parameters: { at: 'i32', value: namespace }, result, export: true },
    (f, { at, value }) => {
      // Half of the address is an immediate; the bytes lie unaligned.
      if (result === 'void') f.do(emit(at, value, 4, 1) as never);
      else f.return(emit(at, 4, 1));
    },
  );
  const exports = instantiate(module);
  const bytes = new Uint8Array((exports.memory as unknown as WebAssembly.Memory).buffer);
  const access = (EXPECTED[namespace] as Readonly<Record<string, Access>>)[method]!;
  for (const value of VALUES[namespace]) {
    const own = START.slice();
    bytes.set(START);
    const want = access(new DataView(own.buffer), value);
    expect([exports.run!(5, value) ?? 0, bytes.slice(0, 32)]).toEqual([want, own]);
  }
});

describe('memory', () => {
  it('grows, fills, copies, and takes passive data', () => {
    const module = new ModuleBuilder();
    module.memory({ min: 1, max: 2, export: 'memory' });
    const segment = module.data(Uint8Array.of(1, 2, 3, 4, 5));
    module.data(Uint8Array.of(9, 8), 100);
    module.function('size', { result: 'i32', export: true }, (f) => f.return(memory.size()));
    module.function('grow', { parameters: { by: 'i32' }, result: 'i32', export: true }, (f, { by }) =>
      f.return(memory.grow(by)),
    );
    module.function('bulk', { export: true }, (f) => {
      f.do(memory.fill(0, 7, 4), memory.init(segment, 8, 1, 3), memory.copy(16, 7, 6), memory.drop(segment));
    });
    const { size, grow, bulk, memory: own } = instantiate(module);
    expect([size!(), grow!(1), size!(), grow!(1)]).toEqual([1, 1, 2, -1]);
    bulk!();
    const bytes = new Uint8Array((own as unknown as WebAssembly.Memory).buffer);
    expect(bytes.slice(0, 8)).toEqual(Uint8Array.of(7, 7, 7, 7, 0, 0, 0, 0));
    expect(bytes.slice(8, 16)).toEqual(Uint8Array.of(2, 3, 4, 0, 0, 0, 0, 0));
    expect(bytes.slice(16, 24)).toEqual(Uint8Array.of(0, 2, 3, 4, 0, 0, 0, 0));
    expect(bytes.slice(100, 102)).toEqual(Uint8Array.of(9, 8));
    expect(() => bulk!()).toThrow(WebAssembly.RuntimeError);
  });

  it('refuses offsets and alignments that the format forbids', () => {
    expect(() => i32.load(0, -1)).toThrow('i32.load(): the offset must be an integer in [0, 2^32), got -1.');
    expect(() => i32.load(0, 0, 8)).toThrow(
      'i32.load(): the alignment in bytes must be a power of two up to 4, got 8.',
    );
    expect(() => i32.load(0, 0, 3)).toThrow(WasmError);
  });
});
