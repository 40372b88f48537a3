import type { Expression, Operand } from '../expression.ts';
import type { ResultType, ValueType } from '../value-type.ts';

/**
 * One row of an opcode table: the opcode (after the prefix of its family, if it has one), the signature as text, and
 * for instructions that touch memory the natural alignment as a power of two.
 *
 * In a signature, `lane` and `lanes` are immediates: a lane number, and the sixteen of a shuffle.
 */
export type Row = readonly [opcode: number, signature: string, alignment?: number];

/** The rows of one namespace, by method name; the text format's name is the method name in snake case. */
export type Table = Readonly<Record<string, Row>>;

type Words<S extends string> = S extends ''
  ? []
  : S extends `${infer Head} ${infer Tail}`
    ? [Head, ...Words<Tail>]
    : [S];

type OperandOf<W> = W extends 'lane'
  ? number
  : W extends 'lanes'
    ? readonly number[]
    : W extends ValueType
      ? Operand<W>
      : never;

type OperandsOf<W extends readonly string[]> = { [I in keyof W]: OperandOf<W[I]> };

type ResultOf<W> = W extends ResultType ? Expression<W> : never;

type MethodOf<R extends Row> = R[1] extends `${infer Operands} -> ${infer Result}`
  ? R extends readonly [number, string, number]
    ? (...operands: [...OperandsOf<Words<Operands>>, offset?: number, alignment?: number]) => ResultOf<Result>
    : (...operands: OperandsOf<Words<Operands>>) => ResultOf<Result>
  : never;

/** The methods that a table spells out. */
export type Methods<T extends Table> = { readonly [K in keyof T]: MethodOf<T[K]> };
