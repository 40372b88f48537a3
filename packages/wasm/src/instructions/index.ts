import { constant, operand, type Expression, type Operand } from '../expression.ts';
import type { DataHandle, FunctionHandle, Parameters, TableHandle } from '../handles.ts';
import type { ResultType, ValueType } from '../value-type.ts';
import { WasmError } from '../wasm-error.ts';
import { ATOMIC } from './atomic.ts';
import { atomicName, family } from './family.ts';
import { MEMORY } from './memory.ts';
import { NUMERIC, SATURATING } from './numeric.ts';
import { RELAXED_SIMD } from './relaxed-simd.ts';
import type { Methods } from './signature.ts';
import { SIMD } from './simd.ts';

type Scalar<T extends 'i32' | 'i64' | 'f32' | 'f64'> = Methods<(typeof NUMERIC)[T]> &
  Methods<(typeof MEMORY)[T]> & {
    /** A constant; integers may be given signed or unsigned. Throws `WasmError` where it does not fit. */
    readonly const: (value: T extends 'i64' ? bigint | number : number) => Expression<T>;
  };

/** 32-bit integers: arithmetic, comparison, conversion, loads, stores, constants. */
export const i32: Scalar<'i32'> & Methods<(typeof SATURATING)['i32']> = /* @__PURE__ */ Object.freeze({
  const: (value: number) => constant('i32', value),
  ...family('i32', undefined, NUMERIC.i32),
  ...family('i32', undefined, MEMORY.i32),
  ...family('i32', 0xfc, SATURATING.i32),
});

/** 64-bit integers. */
export const i64: Scalar<'i64'> & Methods<(typeof SATURATING)['i64']> = /* @__PURE__ */ Object.freeze({
  const: (value: bigint | number) => constant('i64', value),
  ...family('i64', undefined, NUMERIC.i64),
  ...family('i64', undefined, MEMORY.i64),
  ...family('i64', 0xfc, SATURATING.i64),
});

/** 32-bit floats. */
export const f32: Scalar<'f32'> = /* @__PURE__ */ Object.freeze({
  const: (value: number) => constant('f32', value),
  ...family('f32', undefined, NUMERIC.f32),
  ...family('f32', undefined, MEMORY.f32),
});

/** 64-bit floats. */
export const f64: Scalar<'f64'> = /* @__PURE__ */ Object.freeze({
  const: (value: number) => constant('f64', value),
  ...family('f64', undefined, NUMERIC.f64),
  ...family('f64', undefined, MEMORY.f64),
});

interface VectorConst {
  /** A constant from one number a lane, or one for all. Throws `WasmError` for another count. */
  readonly const: (...lanes: number[]) => Expression<'v128'>;
}

function vectorConst(
  name: string,
  lanes: number,
  write: (view: DataView, index: number, value: number) => void,
) {
  return (...values: number[]): Expression<'v128'> => {
    if (values.length !== lanes && values.length !== 1) {
      throw new WasmError(`${name}.const(): 1 or ${lanes} numbers are required, got ${values.length}.`);
    }
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    for (let index = 0; index < lanes; index++) write(view, index, values[values.length === 1 ? 0 : index]!);
    return {
      type: 'v128',
      name: 'v128.const',
      code: [0xfd, 0x0c],
      operands: [],
      immediates: [{ kind: 'bytes', value: [...bytes] }],
    };
  };
}

/** 128 bits without a shape: loads, stores, bitwise logic. */
export const v128: Methods<(typeof SIMD)['v128']> = /* @__PURE__ */ Object.freeze(
  family('v128', 0xfd, SIMD.v128),
);

/** Sixteen 8-bit integers. */
export const i8x16: Methods<(typeof SIMD)['i8x16']> & Methods<(typeof RELAXED_SIMD)['i8x16']> & VectorConst =
  /* @__PURE__ */ Object.freeze({
    const: vectorConst('i8x16', 16, (view, index, value) => view.setInt8(index, value)),
    ...family('i8x16', 0xfd, SIMD.i8x16),
    ...family('i8x16', 0xfd, RELAXED_SIMD.i8x16),
  });

/** Eight 16-bit integers. */
export const i16x8: Methods<(typeof SIMD)['i16x8']> & Methods<(typeof RELAXED_SIMD)['i16x8']> & VectorConst =
  /* @__PURE__ */ Object.freeze({
    const: vectorConst('i16x8', 8, (view, index, value) => view.setInt16(2 * index, value, true)),
    ...family('i16x8', 0xfd, SIMD.i16x8),
    ...family('i16x8', 0xfd, RELAXED_SIMD.i16x8),
  });

/** Four 32-bit integers. */
export const i32x4: Methods<(typeof SIMD)['i32x4']> & Methods<(typeof RELAXED_SIMD)['i32x4']> & VectorConst =
  /* @__PURE__ */ Object.freeze({
    const: vectorConst('i32x4', 4, (view, index, value) => view.setInt32(4 * index, value, true)),
    ...family('i32x4', 0xfd, SIMD.i32x4),
    ...family('i32x4', 0xfd, RELAXED_SIMD.i32x4),
  });

/** Two 64-bit integers. */
export const i64x2: Methods<(typeof SIMD)['i64x2']> & Methods<(typeof RELAXED_SIMD)['i64x2']> & VectorConst =
  /* @__PURE__ */ Object.freeze({
    const: vectorConst('i64x2', 2, (view, index, value) => view.setBigInt64(8 * index, BigInt(value), true)),
    ...family('i64x2', 0xfd, SIMD.i64x2),
    ...family('i64x2', 0xfd, RELAXED_SIMD.i64x2),
  });

/** Four 32-bit floats. */
export const f32x4: Methods<(typeof SIMD)['f32x4']> & Methods<(typeof RELAXED_SIMD)['f32x4']> & VectorConst =
  /* @__PURE__ */ Object.freeze({
    const: vectorConst('f32x4', 4, (view, index, value) => view.setFloat32(4 * index, value, true)),
    ...family('f32x4', 0xfd, SIMD.f32x4),
    ...family('f32x4', 0xfd, RELAXED_SIMD.f32x4),
  });

/** Two 64-bit floats. */
export const f64x2: Methods<(typeof SIMD)['f64x2']> & Methods<(typeof RELAXED_SIMD)['f64x2']> & VectorConst =
  /* @__PURE__ */ Object.freeze({
    const: vectorConst('f64x2', 2, (view, index, value) => view.setFloat64(8 * index, value, true)),
    ...family('f64x2', 0xfd, SIMD.f64x2),
    ...family('f64x2', 0xfd, RELAXED_SIMD.f64x2),
  });

/** Atomic access; the memory must be shared for `wait32` and `wait64`. */
export const atomic: Methods<(typeof ATOMIC)['memory']> & {
  readonly i32: Methods<(typeof ATOMIC)['i32']>;
  readonly i64: Methods<(typeof ATOMIC)['i64']>;
  /** A sequentially consistent fence. */
  readonly fence: () => Expression<'void'>;
} = /* @__PURE__ */ Object.freeze({
  ...family('memory', 0xfe, ATOMIC.memory, atomicName),
  i32: family('i32', 0xfe, ATOMIC.i32, atomicName),
  i64: family('i64', 0xfe, ATOMIC.i64, atomicName),
  fence: (): Expression<'void'> => ({
    type: 'void',
    name: 'atomic.fence',
    code: [0xfe, 0x03, 0x00],
    operands: [],
    immediates: [],
  }),
});

function bulk<T extends ResultType>(
  type: T,
  name: string,
  code: readonly number[],
  operands: readonly Operand<'i32'>[],
  segment?: DataHandle,
): Expression<T> {
  return {
    type,
    name,
    code,
    operands: operands.map((value, index) => operand(`${name}()`, index + 1, 'i32', value)),
    immediates: [
      ...(segment === undefined ? [] : [{ kind: 'u32', value: segment.index } as const]),
      ...(MEMORY_INDEX_BYTES[name] ?? []).map((value) => ({ kind: 'byte', value }) as const),
    ],
  };
}

// Each names memory 0 as often as the instruction takes a memory.
const MEMORY_INDEX_BYTES: Readonly<Record<string, readonly number[]>> = {
  'memory.size': [0],
  'memory.grow': [0],
  'memory.init': [0],
  'memory.copy': [0, 0],
  'memory.fill': [0],
};

/** The memory as a whole; sizes of `size` and `grow` are pages of 64 KiB, all others bytes. */
export const memory: {
  readonly size: () => Expression<'i32'>;
  /** The old size, or -1 where it cannot grow. */
  readonly grow: (pages: Operand<'i32'>) => Expression<'i32'>;
  readonly copy: (
    target: Operand<'i32'>,
    source: Operand<'i32'>,
    length: Operand<'i32'>,
  ) => Expression<'void'>;
  readonly fill: (target: Operand<'i32'>, byte: Operand<'i32'>, length: Operand<'i32'>) => Expression<'void'>;
  readonly init: (
    segment: DataHandle,
    target: Operand<'i32'>,
    source: Operand<'i32'>,
    length: Operand<'i32'>,
  ) => Expression<'void'>;
  readonly drop: (segment: DataHandle) => Expression<'void'>;
} = /* @__PURE__ */ Object.freeze({
  size: () => bulk('i32', 'memory.size', [0x3f], []),
  grow: (pages: Operand<'i32'>) => bulk('i32', 'memory.grow', [0x40], [pages]),
  copy: (target: Operand<'i32'>, source: Operand<'i32'>, length: Operand<'i32'>) =>
    bulk('void', 'memory.copy', [0xfc, 10], [target, source, length]),
  fill: (target: Operand<'i32'>, byte: Operand<'i32'>, length: Operand<'i32'>) =>
    bulk('void', 'memory.fill', [0xfc, 11], [target, byte, length]),
  init: (segment: DataHandle, target: Operand<'i32'>, source: Operand<'i32'>, length: Operand<'i32'>) =>
    bulk('void', 'memory.init', [0xfc, 8], [target, source, length], segment),
  drop: (segment: DataHandle) => bulk('void', 'data.drop', [0xfc, 9], [], segment),
});

/** `condition ≠ 0 ? whenTrue : whenFalse`; both are evaluated. Throws `WasmError` where their types differ. */
export function select<T extends ValueType>(
  condition: Operand<'i32'>,
  whenTrue: Expression<T>,
  whenFalse: Expression<T>,
): Expression<T> {
  const type = whenTrue.type;
  const operands = [
    operand('select()', 2, type, whenTrue),
    operand('select()', 3, type, whenFalse),
    operand('select()', 1, 'i32', condition),
  ];
  return { type, name: 'select', code: [0x1b], operands, immediates: [] };
}

/** The arguments of a call, by parameter name. */
export type CallArguments<P extends Parameters> = { readonly [K in keyof P]: Operand<P[K]> };

function callOperands(
  where: string,
  handle: FunctionHandle,
  given: Readonly<Record<string, unknown>>,
): Expression[] {
  const known = Object.keys(handle.parameters);
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw new WasmError(`${where}: ${handle.name} has the parameters [${known.join(', ')}], got ${name}.`);
    }
  }
  return known.map((name, index) => {
    if (given[name] === undefined)
      throw new WasmError(`${where}: the argument ${name} of ${handle.name} is missing.`);
    return operand(`${where} of ${handle.name}.${name}`, index + 1, handle.parameters[name]!, given[name]);
  });
}

/** Calls a function of the module with arguments by name. */
export function call<P extends Parameters, R extends ResultType>(
  handle: FunctionHandle<P, R>,
  given: CallArguments<P>,
): Expression<R> {
  return {
    type: handle.result,
    name: 'call',
    code: [0x10],
    operands: callOperands('call()', handle, given),
    immediates: [{ kind: 'function', value: handle }],
  };
}

/** Calls the function at `index` of a table; `like` is any function of the same type. Traps where the types differ. */
export function callIndirect<P extends Parameters, R extends ResultType>(
  table: TableHandle,
  index: Operand<'i32'>,
  like: FunctionHandle<P, R>,
  given: CallArguments<P>,
): Expression<R> {
  return {
    type: like.result,
    name: 'call_indirect',
    code: [0x11],
    operands: [...callOperands('callIndirect()', like, given), operand('callIndirect()', 2, 'i32', index)],
    immediates: [
      { kind: 'signature', value: like },
      { kind: 'table', value: table },
    ],
  };
}
