import { ByteWriter } from '../byte-writer.ts';
import { operand, type Expression, type Immediate } from '../expression.ts';
import type { ResultType, ValueType } from '../value-type.ts';
import { WasmError } from '../wasm-error.ts';
import type { Methods, Row, Table } from './signature.ts';

/** `truncSatF32S` → `trunc_sat_f32_s`. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `rmw8AddU` → `atomic.rmw8.add_u`. */
export function atomicName(name: string): string {
  return `atomic.${snakeCase(name).replace(/^(rmw\d*)_/, '$1.')}`;
}

function opcode(prefix: number | undefined, code: number): readonly number[] {
  if (prefix === undefined) return [code];
  const writer = new ByteWriter();
  writer.byte(prefix);
  writer.u32(code);
  return [...writer.view()];
}

/**
 * The methods of one namespace of an opcode table. Each checks its operands' types when it is called, so that a mistake
 * is reported where it is made.
 */
export function family<T extends Table>(
  namespace: string,
  prefix: number | undefined,
  table: T,
  textName: (method: string) => string = snakeCase,
): Methods<T> {
  const methods: Record<string, (...operands: unknown[]) => Expression> = {};
  for (const [method, row] of Object.entries(table)) {
    methods[method] = instruction(
      `${namespace}.${textName(method)}`,
      opcode(prefix, row[0]),
      row,
      prefix === 0xfe,
    );
  }
  return methods as unknown as Methods<T>;
}

function instruction(
  name: string,
  code: readonly number[],
  row: Row,
  atomic: boolean,
): (...operands: unknown[]) => Expression {
  const [before, result] = row[1].split(' -> ') as [string, ResultType];
  const parameters = before.split(' ');
  const natural = row[2];
  const lanes = laneCount(name);
  return (...given) => {
    const operands: Expression[] = [];
    const trailing: Immediate[] = [];
    for (const [index, parameter] of parameters.entries()) {
      const value = given[index];
      if (parameter === 'lane') trailing.push({ kind: 'byte', value: lane(name, lanes, value) });
      else if (parameter === 'lanes') trailing.push({ kind: 'bytes', value: shuffleLanes(name, value) });
      else operands.push(operand(`${name}()`, index + 1, parameter as ValueType, value));
    }
    const immediates: Immediate[] = [];
    if (natural !== undefined) {
      const [offset, alignment] = [given[parameters.length], given[parameters.length + 1]];
      immediates.push(memoryImmediate(name, natural, atomic, offset as number, alignment as number));
    } else if (given.length > parameters.length) {
      throw new WasmError(`${name}(): ${parameters.length} operands are required, got ${given.length}.`);
    }
    immediates.push(...trailing);
    return { type: result, name, code, operands, immediates };
  };
}

function memoryImmediate(
  name: string,
  natural: number,
  atomic: boolean,
  offset = 0,
  bytes?: number,
): Immediate {
  if (!Number.isInteger(offset) || offset < 0 || offset > 0xffff_ffff) {
    throw new WasmError(`${name}(): the offset must be an integer in [0, 2^32), got ${offset}.`);
  }
  const alignment = bytes === undefined ? natural : Math.log2(bytes);
  if (
    !Number.isInteger(alignment) ||
    alignment < 0 ||
    alignment > natural ||
    (atomic && alignment !== natural)
  ) {
    const range = atomic ? `exactly ${2 ** natural}` : `a power of two up to ${2 ** natural}`;
    throw new WasmError(`${name}(): the alignment in bytes must be ${range}, got ${bytes}.`);
  }
  return { kind: 'memory', offset, alignment, natural };
}

function laneCount(name: string): number {
  const shape = /^[if]\d+x(\d+)\./.exec(name) ?? /(?:load|store)(\d+)_lane$/.exec(name);
  if (shape === null) return 0;
  const number = Number(shape[1]);
  return name.startsWith('v128') ? 128 / number : number;
}

function lane(name: string, count: number, value: unknown): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) >= count) {
    throw new WasmError(`${name}(): the lane must be an integer in [0, ${count}), got ${String(value)}.`);
  }
  return value as number;
}

function shuffleLanes(name: string, value: unknown): readonly number[] {
  const lanes = value as readonly number[];
  if (
    !Array.isArray(lanes) ||
    lanes.length !== 16 ||
    lanes.some((l) => !Number.isInteger(l) || l < 0 || l > 31)
  ) {
    throw new WasmError(`${name}(): sixteen lanes in [0, 32) are required, got [${String(value)}].`);
  }
  return lanes;
}
