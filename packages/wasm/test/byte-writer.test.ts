import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../src/byte-writer.ts';
import { i32, i64, ModuleBuilder, WasmError } from '../src/index.ts';

function written(write: (writer: ByteWriter) => void): number[] {
  const writer = new ByteWriter();
  write(writer);
  return [...writer.toBytes()];
}

describe('ByteWriter', () => {
  it.each([
    [0, [0x00]],
    [1, [0x01]],
    [0x7f, [0x7f]],
    [0x80, [0x80, 0x01]],
    [624_485, [0xe5, 0x8e, 0x26]],
    [0x3fff, [0xff, 0x7f]],
    [0x4000, [0x80, 0x80, 0x01]],
    [0x7fff_ffff, [0xff, 0xff, 0xff, 0xff, 0x07]],
    [0x8000_0000, [0x80, 0x80, 0x80, 0x80, 0x08]],
    [0xffff_ffff, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('writes u32 %i', (value, bytes) => {
    expect(written((writer) => writer.u32(value))).toEqual(bytes);
  });

  it.each([
    [0, [0x00]],
    [-1, [0x7f]],
    [63, [0x3f]],
    [64, [0xc0, 0x00]],
    [-64, [0x40]],
    [-65, [0xbf, 0x7f]],
    [-123_456, [0xc0, 0xbb, 0x78]],
    [0x7fff_ffff, [0xff, 0xff, 0xff, 0xff, 0x07]],
    [-0x8000_0000, [0x80, 0x80, 0x80, 0x80, 0x78]],
    [0xffff_ffff, [0x7f]],
  ])('writes s32 %i', (value, bytes) => {
    expect(written((writer) => writer.s32(value))).toEqual(bytes);
  });

  it.each([
    [0n, [0x00]],
    [-1n, [0x7f]],
    [64n, [0xc0, 0x00]],
    [(1n << 63n) - 1n, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00]],
    [-(1n << 63n), [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f]],
    [(1n << 64n) - 1n, [0x7f]],
  ])('writes s64 %i', (value, bytes) => {
    expect(written((writer) => writer.s64(value))).toEqual(bytes);
  });

  it('refuses what does not fit', () => {
    const writer = new ByteWriter();
    for (const value of [-1, 2 ** 32, 1.5, NaN]) expect(() => writer.u32(value)).toThrow(WasmError);
    for (const value of [-(2 ** 31) - 1, 2 ** 32, 0.5]) expect(() => writer.s32(value)).toThrow(WasmError);
    for (const value of [-(1n << 63n) - 1n, 1n << 64n]) expect(() => writer.s64(value)).toThrow(WasmError);
  });

  it('grows over long content and keeps it', () => {
    const long = Uint8Array.from({ length: 100_000 }, (_, index) => index & 0xff);
    const bytes = written((writer) => {
      writer.name('ναδίρ');
      writer.sized(long);
    });
    expect(bytes[0]).toBe(10);
    expect(bytes.slice(11, 14)).toEqual([0xa0, 0x8d, 0x06]);
    expect(bytes.slice(14)).toEqual([...long]);
  });

  it('is read back by the engine at every power of two and its neighbours', () => {
    const module = new ModuleBuilder();
    const narrow: number[] = [];
    const wide: bigint[] = [];
    for (let bit = 0; bit < 64; bit++) {
      for (const delta of [-1n, 0n, 1n]) {
        for (const sign of [1n, -1n]) {
          const value = BigInt.asIntN(64, sign * (1n << BigInt(bit)) + delta);
          wide.push(value);
          if (bit < 32) narrow.push(Number(BigInt.asIntN(32, value)));
        }
      }
    }
    for (const [index, value] of narrow.entries()) {
      module.function(`narrow${index}`, { result: 'i32', export: true }, (f) => f.return(i32.const(value)));
    }
    for (const [index, value] of wide.entries()) {
      module.function(`wide${index}`, { result: 'i64', export: true }, (f) => f.return(i64.const(value)));
    }
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
    const read = (name: string): unknown => (exports[name] as () => unknown)();
    expect(narrow.map((_, index) => read(`narrow${index}`))).toEqual(narrow);
    expect(wide.map((_, index) => read(`wide${index}`))).toEqual(wide);
  });
});
