import type { Expression } from './expression.ts';
import type { ResultType, ValueType } from './value-type.ts';

/** The parameters of a function by name, in order. */
export type Parameters = Readonly<Record<string, ValueType>>;

/** The type of a function. */
export interface Signature<P extends Parameters = Parameters, R extends ResultType = ResultType> {
  /** Names and types of the parameters, in order; default none. */
  readonly parameters?: P;
  /** Default `void`. */
  readonly result?: R;
}

/** A function of the module under construction: its own, or an imported one. */
export interface FunctionHandle<P extends Parameters = Parameters, R extends ResultType = ResultType> {
  readonly name: string;
  readonly parameters: P;
  readonly result: R;
  readonly imported: boolean;
  /** The place among the imported functions, or among the module's own. */
  readonly position: number;
}

/** A global variable; as an expression, its value. */
export interface GlobalHandle<T extends ValueType = ValueType> extends Expression<T> {
  readonly global: {
    readonly name: string;
    readonly mutable: boolean;
    readonly imported: boolean;
    readonly position: number;
  };
}

/** A table of functions for `callIndirect`. */
export interface TableHandle {
  readonly index: number;
  readonly functions: readonly FunctionHandle[];
}

/** A passive data segment for `memory.init`. */
export interface DataHandle {
  readonly index: number;
  readonly length: number;
}
