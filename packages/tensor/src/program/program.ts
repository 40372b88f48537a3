import type { ValueType } from '../inference.ts';
import type { PrimitiveAttributes, PrimitiveName } from '../primitives.ts';
import { formatShape } from '../shape.ts';

/** A value of a program: inputs are numbered first, then nodes in order. */
export type ValueId = number;

/** One application of a primitive. */
export type ProgramNode = {
  readonly [P in PrimitiveName]: {
    readonly id: ValueId;
    readonly primitive: P;
    readonly operands: readonly ValueId[];
    readonly attributes: PrimitiveAttributes[P];
    readonly type: ValueType;
  };
}[PrimitiveName];

/** The last value that a call leaves in a state. */
export interface ProgramWrite {
  /** Position among the program's state. */
  readonly state: number;
  readonly value: ValueId;
}

/**
 * A recorded computation over primitives in single-assignment form, with static shapes and dtypes. Values
 * `0 … arguments.length − 1` are the arguments, the next ones the state as it is before the call, then the nodes.
 */
export interface Program {
  readonly arguments: readonly ValueType[];
  /** Storages that outlive a call, each as one value in row-major order. */
  readonly state: readonly ValueType[];
  readonly nodes: readonly ProgramNode[];
  readonly results: readonly ValueId[];
  /** At most one per state; made after everything is computed. */
  readonly writes: readonly ProgramWrite[];
}

/** Shape and dtype of a value. */
export function typeOf(program: Program, id: ValueId): ValueType | undefined {
  const { arguments: args, state, nodes } = program;
  if (id < args.length) return args[id];
  if (id < args.length + state.length) return state[id - args.length];
  return nodes[id - args.length - state.length]?.type;
}

function formatType({ dtype, shape }: ValueType): string {
  return `${dtype}${formatShape(shape)}`;
}

/** JSON has no text of its own for NaN, infinities and −0: two programs would look the same. */
function exactly(_name: string, value: unknown): unknown {
  if (typeof value !== 'number' || (Number.isFinite(value) && !Object.is(value, -0))) return value;
  return Object.is(value, -0) ? '-0' : String(value);
}

function formatAttributes(attributes: object): string {
  const entries = Object.entries(attributes);
  if (entries.length === 0) return '';
  return ` {${entries.map(([name, value]) => `${name}: ${JSON.stringify(value, exactly)}`).join(', ')}}`;
}

/** The program as text: one value a line, `%3: float32[2, 2] = add %0 %1`. Different programs have different texts. */
export function formatProgram(program: Program): string {
  const lines: string[] = [];
  let id = 0;
  for (const type of program.arguments) lines.push(`%${id++}: ${formatType(type)} = argument`);
  for (const type of program.state) lines.push(`%${id++}: ${formatType(type)} = state`);
  for (const node of program.nodes) {
    const operands = node.operands.map((operand) => ` %${operand}`).join('');
    lines.push(
      `%${node.id}: ${formatType(node.type)} = ${node.primitive}${operands}${formatAttributes(node.attributes)}`,
    );
  }
  for (const { state, value } of program.writes)
    lines.push(`write %${program.arguments.length + state} <- %${value}`);
  lines.push(`return${program.results.map((value) => ` %${value}`).join('')}`);
  return lines.join('\n');
}
