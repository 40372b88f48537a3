import type { Program, ValueId } from '@nadir/tensor';

/** A program some of whose state has become arguments. */
export interface Lifted {
  /** Their new arguments follow the old ones, their last values follow the old results. */
  readonly program: Program;
  /** The lifted states that the program writes, in the order of the added results. */
  readonly written: readonly number[];
}

/**
 * Makes state that is another storage in every call an argument, and what is written to it a result. No value of a node
 * changes its number: only inputs are put in another order.
 *
 * @param lifted positions among the program's state
 */
export function liftState(program: Program, lifted: readonly number[]): Lifted {
  if (lifted.length === 0) return { program, written: [] };
  const { arguments: args, state, nodes, results, writes } = program;
  const isLifted = new Set(lifted);
  const kept = state.map((_, index) => index).filter((index) => !isLifted.has(index));
  const order = [...lifted, ...kept];
  const renamed = new Map(order.map((index, position) => [args.length + index, args.length + position]));
  const rename = (id: ValueId): ValueId => renamed.get(id) ?? id;
  const lastValues = writes.filter((write) => isLifted.has(write.state));
  return {
    program: {
      arguments: [...args, ...lifted.map((index) => state[index]!)],
      state: kept.map((index) => state[index]!),
      nodes: nodes.map((node) => ({ ...node, operands: node.operands.map(rename) })),
      results: [...results, ...lastValues.map(({ value }) => value)].map(rename),
      writes: writes
        .filter((write) => !isLifted.has(write.state))
        .map((write) => ({ state: kept.indexOf(write.state), value: rename(write.value) })),
    },
    written: lastValues.map((write) => write.state),
  };
}
