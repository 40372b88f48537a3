import { describe, expect, it } from 'vitest';
import { atomic, ModuleBuilder, WasmError, type Expression } from '../../src/index.ts';
import { ATOMIC } from '../../src/instructions/atomic.ts';
import { instantiate } from '../instantiate.ts';

const ROWS = (['i32', 'i64'] as const).flatMap((type) =>
  Object.entries(ATOMIC[type] as Record<string, readonly [number, string, number]>).map(
    ([method, [, signature]]) => [type, method, signature] as const,
  ),
);

/** The new value of a read-modify-write. */
const UPDATE: Readonly<Record<string, (old: bigint, value: bigint, replacement: bigint) => bigint>> = {
  Add: (old, value) => old + value,
  Sub: (old, value) => old - value,
  And: (old, value) => old & value,
  Or: (old, value) => old | value,
  Xor: (old, value) => old ^ value,
  Xchg: (_old, value) => value,
  Cmpxchg: (old, value, replacement) => (old === value ? replacement : old),
};

/** One row on `width` bits of memory: what it returns and what it leaves. */
function expected(
  method: string,
  width: number,
  old: bigint,
  value: bigint,
  replacement: bigint,
): [bigint, bigint] {
  const wrap = (wide: bigint): bigint => BigInt.asUintN(width, wide);
  if (method.startsWith('load')) return [old, old];
  if (method.startsWith('store')) return [0n, wrap(value)];
  const operation = /rmw\d*([A-Z][a-z]+)/.exec(method)![1]!;
  // A narrow compare-exchange compares the whole operand, which here is zero-extended.
  return [old, wrap(UPDATE[operation]!(old, operation === 'Cmpxchg' ? value : wrap(value), replacement))];
}

describe('atomics', () => {
  it.each(ROWS)('%s.%s reads and writes as JavaScript would', (type, method, signature) => {
    const result = signature.split(' -> ')[1] as 'i32' | 'i64' | 'void';
    const operands = signature.split(' -> ')[0]!.split(' ').length;
    const module = new ModuleBuilder();
    module.memory({ min: 1, max: 1, shared: true, export: 'memory' });
    const parameters = { at: 'i32', value: type, replacement: type } as const;
    const emit = (atomic[type] as unknown as Record<string, (...values: unknown[]) => Expression<'i32'>>)[
      method
    ]!;
    module.function('run', { parameters, result, export: true }, (f, p) => {
      const expression = emit(...[p.at, p.value, p.replacement].slice(0, operands), 8);
      if (result === 'void') f.do(expression as never);
      else f.return(expression);
    });
    const exports = instantiate(module);
    const { buffer } = exports.memory as unknown as WebAssembly.Memory;
    expect(buffer).toBeInstanceOf(SharedArrayBuffer);
    const cell = new DataView(buffer, 16, 8);
    const full = type === 'i32' ? 32 : 64;
    const width = Number(/(?:8|16|32)(?=[A-Z]|$)/.exec(method.replace(/^rmw$/, ''))?.[0] ?? full);
    const mask = (1n << BigInt(width)) - 1n;
    const argument = (value: bigint): number | bigint =>
      type === 'i32' ? Number(BigInt.asIntN(32, value)) : value;
    for (const [old, value] of [
      [0xf0n, 0x0fn],
      [0x7fn, 0x7fn],
      [0xffff_ffff_ffff_ffffn & mask, 1n],
      [0x55aan & mask, 0x1_2345n & mask],
    ] as const) {
      cell.setBigUint64(0, old, true);
      const [returned, left] = expected(method, width, old, value, 0x42n);
      const got = exports.run!(8, argument(value), argument(0x42n));
      expect([BigInt.asUintN(full, BigInt(got ?? 0)), cell.getBigUint64(0, true)]).toEqual([returned, left]);
    }
  });

  it('waits, wakes and fences', () => {
    const module = new ModuleBuilder();
    module.memory({ min: 1, max: 1, shared: true });
    module.function('wait32', { parameters: { expected: 'i32' }, result: 'i32', export: true }, (f, p) => {
      f.do(atomic.fence());
      f.return(atomic.wait32(0, p.expected, 1000n));
    });
    module.function('wait64', { parameters: { expected: 'i64' }, result: 'i32', export: true }, (f, p) =>
      f.return(atomic.wait64(8, p.expected, 1000)),
    );
    module.function('notify', { result: 'i32', export: true }, (f) => f.return(atomic.notify(0, 5)));
    const { wait32, wait64, notify } = instantiate(module);
    const [notEqual, timedOut] = [1, 2];
    expect([wait32!(1), wait32!(0), wait64!(1n), wait64!(0n), notify!()]).toEqual([
      notEqual,
      timedOut,
      notEqual,
      timedOut,
      0,
    ]);
  });

  it('demand natural alignment', () => {
    expect(() => atomic.i32.load(0, 0, 2)).toThrow(
      'i32.atomic.load(): the alignment in bytes must be exactly 4, got 2.',
    );
    expect(() => atomic.i64.rmw8AddU(0, 1, 0, 2)).toThrow(WasmError);
  });
});
