import type { Program, ProgramNode, ValueId } from '@nadir/tensor';

/** Whether a permutation swaps the last two axes and leaves all others where they are. */
function isTranspose(axes: readonly number[]): boolean {
  const rank = axes.length;
  return rank >= 2 && axes.every((axis, i) => axis === (i < rank - 2 ? i : 2 * rank - 3 - i));
}

const swapped = (rank: number): number[] => [
  ...Array.from({ length: rank - 2 }, (_, i) => i),
  rank - 1,
  rank - 2,
];

/**
 * (A·B)ᵀ as Bᵀ·Aᵀ, where nothing else reads A·B: operands are read with any strides, while who reads a transposed product goes
 * through memory in leaps. The gradient of a weight that is stored as its transpose is such a product.
 */
export function transpose(program: Program): Program {
  const { nodes, results, writes } = program;
  const inputs = program.arguments.length + program.state.length;
  const uses = new Map<ValueId, number>();
  const use = (id: ValueId): void => void uses.set(id, (uses.get(id) ?? 0) + 1);
  for (const { operands } of nodes) operands.forEach(use);
  for (const id of results) use(id);
  for (const { value } of writes) use(value);

  /** From a product that only its transpose is wanted of to that transpose. */
  const transposes = new Map<ValueId, ProgramNode>();
  for (const node of nodes) {
    if (node.primitive !== 'permute' || !isTranspose(node.attributes.axes)) continue;
    const product = nodes[node.operands[0]! - inputs];
    if (product?.primitive === 'matmul' && uses.get(product.id) === 1) transposes.set(product.id, node);
  }
  if (transposes.size === 0) return program;

  const ids: ValueId[] = Array.from({ length: inputs }, (_, id) => id);
  const types = [...program.arguments, ...program.state];
  const next: ProgramNode[] = [];
  const add = (node: Omit<ProgramNode, 'id'>): ValueId => {
    const id = inputs + next.length;
    next.push({ ...node, id } as ProgramNode);
    types.push(node.type);
    return id;
  };
  for (const node of nodes) {
    const result = transposes.get(node.id);
    if (result !== undefined) {
      const factors = node.operands.toReversed().map((operand) => {
        const id = ids[operand]!;
        const { dtype, shape } = types[id]!;
        const axes = swapped(shape.length);
        const type = { dtype, shape: axes.map((axis) => shape[axis]!) };
        return add({ primitive: 'permute', operands: [id], attributes: { axes }, type });
      });
      ids.push(add({ ...node, operands: factors, type: result.type }));
    } else if (transposes.get(node.operands[0]!) === node) ids.push(ids[node.operands[0]!]!);
    else ids.push(add({ ...node, operands: node.operands.map((id) => ids[id]!) }));
  }
  return {
    arguments: program.arguments,
    state: program.state,
    nodes: next,
    results: results.map((id) => ids[id]!),
    writes: writes.map(({ state, value }) => ({ state, value: ids[value]! })),
  };
}
