import { runPrimitive, writeInto } from '../eager/run.ts';
import { ProgramError } from '../errors.ts';
import type { ValueType } from '../inference.ts';
import { contiguousStrides, formatShape, sameShape } from '../shape.ts';
import type { Storage } from '../storage.ts';
import { Tensor } from '../tensor.ts';
import type { Program, ProgramNode } from './program.ts';
import { verifyProgram } from './verifier.ts';

/** A program that an executor has made ready to run. */
export interface LoadedProgram {
  /** Runs once: reads `args` and `state`, writes the written state in place, returns new tensors without history. */
  run(args: readonly Tensor[], state: readonly Storage[]): readonly Tensor[];
  /** Frees what the executor holds for the program. */
  dispose(): void;
}

/** Something that gives programs their one meaning. */
export interface Executor {
  readonly name: string;
  /** Throws a ProgramError for a program that this executor does not support. */
  load(program: Program): LoadedProgram;
}

/** The tensor that shows a whole storage in row-major order. */
function wholeOf(storage: Storage, type: ValueType): Tensor {
  return new Tensor(storage, type.shape, contiguousStrides(type.shape), 0, null);
}

function check(kind: string, index: number, want: ValueType, got: ValueType): void {
  if (want.dtype !== got.dtype || !sameShape(want.shape, got.shape)) {
    throw new ProgramError(
      `run(): ${kind} ${index} must be ${want.dtype} ${formatShape(want.shape)}, ` +
        `got ${got.dtype} ${formatShape(got.shape)}. Another shape or dtype needs a program of its own.`,
    );
  }
}

/** For every value the index of the last node that reads it; results and written values are kept to the end. */
function lastReaders(program: Program): Map<number, number> {
  const last = new Map<number, number>();
  program.nodes.forEach((node, index) => {
    for (const operand of node.operands) last.set(operand, index);
  });
  for (const result of program.results) last.delete(result);
  for (const { value } of program.writes) last.delete(value);
  return last;
}

function interpret(program: Program, values: (Tensor | undefined)[]): void {
  const last = lastReaders(program);
  program.nodes.forEach((node: ProgramNode, index) => {
    const operands = node.operands.map((operand) => values[operand]!);
    values[node.id] = runPrimitive(node.primitive, operands, node.attributes);
    for (const operand of node.operands) if (last.get(operand) === index) values[operand] = undefined;
  });
}

/** The interpreter: runs a program primitive by primitive. The meaning that every other executor is held against. */
export const eagerExecutor: Executor = {
  name: 'eager',
  load(program) {
    verifyProgram(program);
    return {
      run(args, state) {
        program.arguments.forEach((type, index) => check('argument', index, type, args[index]!));
        const before = program.state.map((type, index) => {
          const storage = state[index]!;
          const whole = wholeOf(storage, type);
          if (storage.size !== whole.size) {
            throw new ProgramError(
              `run(): state ${index} needs ${whole.size} elements, got ${storage.size}.`,
            );
          }
          return whole;
        });
        const values: (Tensor | undefined)[] = [...args.map((arg) => arg.detach()), ...before];
        interpret(program, values);
        // Results may be views of arguments or of state that is about to change: the caller gets elements of its own.
        const results = program.results.map((id) => runPrimitive('copy', [values[id]!], {}));
        // Every value is read before any state changes: one write must not be seen by the next.
        const written = program.writes.map(({ value }) => runPrimitive('copy', [values[value]!], {}));
        program.writes.forEach(({ state: index }, position) => writeInto(before[index]!, written[position]!));
        return results;
      },
      dispose() {},
    };
  },
};
