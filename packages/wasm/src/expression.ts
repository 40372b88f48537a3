import type { FunctionHandle, GlobalHandle, TableHandle } from './handles.ts';
import type { ResultType, ValueType } from './value-type.ts';
import { WasmError } from './wasm-error.ts';

/** What stands behind an opcode in the code: numbers, indices of things that get their index when the module is written. */
export type Immediate =
  | { readonly kind: 'u32' | 's32' | 'f32' | 'f64' | 'byte'; readonly value: number }
  | { readonly kind: 's64'; readonly value: bigint }
  | { readonly kind: 'bytes'; readonly value: readonly number[] }
  | { readonly kind: 'memory'; readonly offset: number; readonly alignment: number; readonly natural: number }
  | { readonly kind: 'local'; readonly value: Local }
  | { readonly kind: 'global'; readonly value: GlobalHandle }
  | { readonly kind: 'function'; readonly value: FunctionHandle }
  | { readonly kind: 'table'; readonly value: TableHandle }
  | { readonly kind: 'signature'; readonly value: FunctionHandle }
  | { readonly kind: 'label'; readonly value: Label }
  | { readonly kind: 'labels'; readonly value: readonly Label[] };

/**
 * A piece of code that leaves one value of type `T` (or none, `void`) when it runs.
 *
 * An expression is code, not a value: used twice, it is emitted and runs twice. `FunctionBuilder.let` makes it a value.
 */
export interface Expression<T extends ResultType = ResultType> {
  readonly type: T;
  /** The text format's name, such as `f32x4.add`. */
  readonly name: string;
  readonly code: readonly number[];
  readonly operands: readonly Expression[];
  readonly immediates: readonly Immediate[];
}

/** A local variable or parameter; as an expression, its value at the time the code runs. */
export interface Local<T extends ValueType = ValueType> extends Expression<T> {
  readonly local: { readonly index: number; readonly name: string; readonly owner: object };
}

/** The target of a branch: the end of a block, or the start of a loop. Valid inside of the construct only. */
export interface Label {
  readonly kind: 'block' | 'loop' | 'if';
  readonly name: string;
}

/** An operand of type `T`: an expression, or a number (for i64 also a bigint) that becomes a constant. */
export type Operand<T extends ValueType> =
  | Expression<T>
  | (T extends 'v128' ? never : T extends 'i64' ? bigint | number : number);

/** A structured statement; its bodies are lists of statements. */
export interface Control {
  readonly control: 'block' | 'loop' | 'if';
  readonly label: Label;
  readonly condition?: Expression<'i32'>;
  readonly body: readonly Statement[];
  readonly otherwise?: readonly Statement[];
}

export type Statement = Expression | Control;

const CONST_CODE: Readonly<Record<Exclude<ValueType, 'v128'>, number>> = {
  i32: 0x41,
  i64: 0x42,
  f32: 0x43,
  f64: 0x44,
};

/** A constant of a scalar type. Throws `WasmError` where the number does not fit the type. */
export function constant<T extends Exclude<ValueType, 'v128'>>(
  type: T,
  value: number | bigint,
): Expression<T> {
  return {
    type,
    name: `${type}.const`,
    code: [CONST_CODE[type]],
    operands: [],
    immediates: [constantImmediate(type, value)],
  };
}

function constantImmediate(type: Exclude<ValueType, 'v128'>, value: number | bigint): Immediate {
  if (type === 'i64') {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw new WasmError(`i64.const(): a safe integer is required, got ${value}. Hint: pass a bigint.`);
    }
    const wide = BigInt(value);
    if (wide < -(1n << 63n) || wide >= 1n << 64n) {
      throw new WasmError(`i64.const(): an integer in [-2^63, 2^64) is required, got ${wide}.`);
    }
    return { kind: 's64', value: wide };
  }
  if (typeof value === 'bigint') {
    throw new WasmError(`${type}.const(): a number is required, got the bigint ${value}.`);
  }
  if (type !== 'i32') return { kind: type, value };
  if (!Number.isInteger(value) || value < -0x8000_0000 || value > 0xffff_ffff) {
    throw new WasmError(`i32.const(): an integer in [-2^31, 2^32) is required, got ${value}.`);
  }
  return { kind: 's32', value: value | 0 };
}

/** Checks that an operand has the type that `where` requires; numbers become constants. */
export function operand<T extends ValueType>(
  where: string,
  position: number,
  type: T,
  value: unknown,
): Expression<T> {
  if (typeof value === 'number' || typeof value === 'bigint') {
    if (type === 'v128') {
      throw new WasmError(
        `${where}: operand ${position} must be v128, got the number ${value}. Hint: splat it.`,
      );
    }
    return constant(type as Exclude<ValueType, 'v128'>, value) as Expression<T>;
  }
  const expression = value as Expression | undefined;
  if (typeof expression !== 'object' || expression === null || !('code' in expression)) {
    throw new WasmError(`${where}: operand ${position} must be ${type}, got ${String(value)}.`);
  }
  if (expression.type !== type) {
    throw new WasmError(
      `${where}: operand ${position} must be ${type}, got ${expression.type} from ${expression.name}.`,
    );
  }
  return expression as Expression<T>;
}
