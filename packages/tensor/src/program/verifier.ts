import { ProgramError } from '../errors.ts';
import { infer, type ValueType } from '../inference.ts';
import { formatShape, sameShape } from '../shape.ts';
import { typeOf, type Program, type ProgramNode } from './program.ts';

function describe({ dtype, shape }: ValueType): string {
  return `${dtype} ${formatShape(shape)}`;
}

function agree(a: ValueType, b: ValueType): boolean {
  return a.dtype === b.dtype && sameShape(a.shape, b.shape);
}

function verifyNode(program: Program, node: ProgramNode, expectedId: number): void {
  const where = `verify(): %${node.id} = ${node.primitive}`;
  if (node.id !== expectedId)
    throw new ProgramError(`${where}: nodes are numbered in order, expected %${expectedId}.`);
  const operands = node.operands.map((operand) => {
    const type = operand < node.id ? typeOf(program, operand) : undefined;
    if (type === undefined) throw new ProgramError(`${where}: operand %${operand} is not defined before it.`);
    return type;
  });
  const type = infer(node.primitive, operands, node.attributes);
  if (!agree(type, node.type)) {
    throw new ProgramError(
      `${where}: is marked ${describe(node.type)}, but its operands give ${describe(type)}.`,
    );
  }
}

/**
 * Checks that every value is defined before it is used, that every type is the one its operands give, and that writes
 * fit their state. Throws a ProgramError that names the value.
 */
export function verifyProgram(program: Program): void {
  const first = program.arguments.length + program.state.length;
  program.nodes.forEach((node, index) => verifyNode(program, node, first + index));
  for (const result of program.results) {
    if (typeOf(program, result) === undefined)
      throw new ProgramError(`verify(): result %${result} is not defined.`);
  }
  const written = new Set<number>();
  for (const { state, value } of program.writes) {
    const target = program.state[state];
    const type = typeOf(program, value);
    if (target === undefined)
      throw new ProgramError(`verify(): there is no state ${state} to write %${value} to.`);
    if (type === undefined)
      throw new ProgramError(`verify(): %${value}, written to state ${state}, is not defined.`);
    if (!agree(target, type)) {
      throw new ProgramError(
        `verify(): state ${state} is ${describe(target)}, %${value} is ${describe(type)}.`,
      );
    }
    if (written.has(state)) throw new ProgramError(`verify(): state ${state} is written twice.`);
    written.add(state);
  }
}
