import type { Program, ProgramNode, ProgramWrite, ValueId } from '@nadir/tensor';

/** The smallest normal float32. */
const smallestNormal = 2 ** -126;

/** What is only moved or chosen stays what it was. */
const arithmetic: ReadonlySet<string> = new Set(['add', 'sub', 'mul', 'div']);
const sums: ReadonlySet<string> = new Set(['add', 'sub']);

/**
 * Whether a state can shrink towards zero from write to write. Not where something is added to it, as an update to a
 * parameter.
 */
function mayShrink(program: Program, { state, value }: ProgramWrite): boolean {
  const inputs = program.arguments.length + program.state.length;
  const old = program.arguments.length + state;
  const node = program.nodes[value - inputs];
  if (node === undefined) return false;
  // A write that may be discarded.
  if (node.primitive === 'where') return mayShrink(program, { state, value: node.operands[1]! });
  return arithmetic.has(node.primitive) && !(sums.has(node.primitive) && node.operands.includes(old));
}

/**
 * Makes zeros of the subnormal float32 numbers that arithmetic leaves in state. A moving average whose input has become 0, as the
 * moments of a unit that is never active, shrinks until it is subnormal and stays there: rounding brings the smallest one
 * back. Processors multiply such numbers many times slower than others, in every step from then on.
 */
export function flush(program: Program): Program {
  const first = program.arguments.length + program.state.length;
  const nodes: ProgramNode[] = [...program.nodes];
  const append = (node: Omit<ProgramNode, 'id'>): ValueId => {
    const id = first + nodes.length;
    nodes.push({ id, ...node } as ProgramNode);
    return id;
  };
  const writes = program.writes.map((write): ProgramWrite => {
    const { value } = write;
    const type = program.state[write.state]!;
    if (type.dtype !== 'float32' || !mayShrink(program, write)) return write;
    const bool = { shape: type.shape, dtype: 'bool' } as const;
    const constant = (number: number): ValueId =>
      append({ primitive: 'full', operands: [], attributes: { ...type, value: number }, type });
    const size = append({ primitive: 'abs', operands: [value], attributes: {}, type });
    const isTiny = append({
      primitive: 'lt',
      operands: [size, constant(smallestNormal)],
      attributes: {},
      type: bool,
    });
    const operands = [isTiny, constant(0), value];
    return { ...write, value: append({ primitive: 'where', operands, attributes: {}, type }) };
  });
  return { ...program, nodes, writes };
}
