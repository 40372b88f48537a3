import {
  formatShape,
  ProgramError,
  Tensor,
  type Program,
  type ProgramNode,
  type ProgramWrite,
  type Shape,
  type ValueId,
} from '@nadir/tensor';

/** Throws a ProgramError unless a `commitIf` returned one truth value. */
export function checkCondition(condition: unknown): asserts condition is Tensor {
  if (condition instanceof Tensor && condition.dtype === 'bool' && condition.rank === 0) return;
  const got =
    condition instanceof Tensor ? `${condition.dtype} ${formatShape(condition.shape)}` : typeof condition;
  throw new ProgramError(
    `compile(): commitIf must return a bool scalar, got ${got}. As (loss) => loss.isFinite().`,
  );
}

/**
 * The program with every write under a condition, the bool scalar `ok`: where it is false all state keeps its elements. A
 * selection and not a product, so that no NaN of a discarded value comes through.
 */
export function commitWhere(program: Program, ok: ValueId): Program {
  const { arguments: args, state, nodes } = program;
  const first = args.length + state.length;
  const added: ProgramNode[] = [];
  const nextId = (): ValueId => first + nodes.length + added.length;
  const masks = new Map<string, ValueId>();
  const maskOf = (shape: Shape): ValueId => {
    if (shape.length === 0) return ok;
    const known = masks.get(shape.join());
    if (known !== undefined) return known;
    const id = nextId();
    const type = { shape, dtype: 'bool' } as const;
    added.push({ id, primitive: 'expand', operands: [ok], attributes: { shape }, type });
    masks.set(shape.join(), id);
    return id;
  };
  const writes = program.writes.map(({ state: index, value }): ProgramWrite => {
    const type = state[index]!;
    const operands = [maskOf(type.shape), value, args.length + index];
    const id = nextId();
    added.push({ id, primitive: 'where', operands, attributes: {}, type });
    return { state: index, value: id };
  });
  return { ...program, nodes: [...nodes, ...added], writes };
}
