import type { ByteWriter } from './byte-writer.ts';
import type { Expression, Immediate, Label, Local, Statement } from './expression.ts';
import type { FunctionHandle, GlobalHandle, TableHandle } from './handles.ts';
import { TYPE_CODE } from './value-type.ts';
import { WasmError } from './wasm-error.ts';

/** The index spaces of a module, settled when it is written. */
export interface Indices {
  readonly function: (handle: FunctionHandle) => number;
  readonly global: (handle: GlobalHandle) => number;
  readonly table: (handle: TableHandle) => number;
  readonly signature: (handle: FunctionHandle) => number;
}

/** Writes the code section's entry of one function: its locals, its code, and the closing `end`. */
export function encodeBody(
  writer: ByteWriter,
  locals: readonly Local[],
  statements: readonly Statement[],
  indices: Indices,
): void {
  const runs: { type: Local['type']; count: number }[] = [];
  for (const local of locals) {
    const last = runs.at(-1);
    if (last?.type === local.type) last.count++;
    else runs.push({ type: local.type, count: 1 });
  }
  writer.u32(runs.length);
  for (const run of runs) {
    writer.u32(run.count);
    writer.byte(TYPE_CODE[run.type]);
  }
  for (const statement of statements) encodeStatement(writer, statement, [], indices);
  writer.byte(0x0b);
}

const CONTROL_CODE: Readonly<Record<'block' | 'loop' | 'if', number>> = { block: 0x02, loop: 0x03, if: 0x04 };

function encodeStatement(writer: ByteWriter, statement: Statement, labels: Label[], indices: Indices): void {
  if (!('control' in statement)) {
    encodeExpression(writer, statement, labels, indices);
    return;
  }
  if (statement.condition !== undefined) encodeExpression(writer, statement.condition, labels, indices);
  writer.byte(CONTROL_CODE[statement.control]);
  writer.byte(TYPE_CODE.void);
  labels.push(statement.label);
  for (const inner of statement.body) encodeStatement(writer, inner, labels, indices);
  if (statement.otherwise !== undefined) {
    writer.byte(0x05);
    for (const inner of statement.otherwise) encodeStatement(writer, inner, labels, indices);
  }
  labels.pop();
  writer.byte(0x0b);
}

/** Writes the code of an expression: operands first, then the instruction. */
export function encodeExpression(
  writer: ByteWriter,
  expression: Expression,
  labels: readonly Label[],
  indices: Indices,
): void {
  for (const operand of expression.operands) encodeExpression(writer, operand, labels, indices);
  writer.bytes(expression.code);
  for (const immediate of expression.immediates) encodeImmediate(writer, immediate, labels, indices);
}

function encodeImmediate(
  writer: ByteWriter,
  immediate: Immediate,
  labels: readonly Label[],
  indices: Indices,
): void {
  switch (immediate.kind) {
    case 'byte':
      return writer.byte(immediate.value);
    case 'bytes':
      return writer.bytes(immediate.value);
    case 'u32':
      return writer.u32(immediate.value);
    case 's32':
      return writer.s32(immediate.value);
    case 's64':
      return writer.s64(immediate.value);
    case 'f32':
      return writer.f32(immediate.value);
    case 'f64':
      return writer.f64(immediate.value);
    case 'memory':
      writer.u32(immediate.alignment);
      return writer.u32(immediate.offset);
    case 'local':
      return writer.u32(immediate.value.local.index);
    case 'global':
      return writer.u32(indices.global(immediate.value));
    case 'function':
      return writer.u32(indices.function(immediate.value));
    case 'table':
      return writer.u32(indices.table(immediate.value));
    case 'signature':
      return writer.u32(indices.signature(immediate.value));
    case 'label':
      return writer.u32(depth(immediate.value, labels));
    case 'labels':
      writer.u32(immediate.value.length - 1);
      for (const label of immediate.value) writer.u32(depth(label, labels));
  }
}

function depth(label: Label, labels: readonly Label[]): number {
  const index = labels.lastIndexOf(label);
  if (index < 0)
    throw new WasmError(`branch(): the label ${label.name} is not of a construct around the branch.`);
  return labels.length - 1 - index;
}
