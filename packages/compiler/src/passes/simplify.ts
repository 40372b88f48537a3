import {
  apply,
  isFloat,
  sameShape,
  tensor,
  withRecorder,
  type Program,
  type ProgramNode,
  type Tensor,
  type ValueId,
  type ValueType,
} from '@nadir/tensor';
import { isPoint } from '../kernel.ts';
import { maskOfResult, rewritten, type Draft, type Drafts } from './rewrites.ts';

const isIdentity = (draft: Draft, operand: ValueType): boolean => {
  switch (draft.primitive) {
    case 'reshape':
    case 'expand':
      return sameShape(draft.type.shape, operand.shape);
    case 'permute': {
      const { axes } = draft.attributes as { readonly axes: readonly number[] };
      return axes.every((axis, i) => axis === i);
    }
    case 'slice':
      return sameShape(draft.type.shape, operand.shape);
    case 'flip': {
      const { axes } = draft.attributes as { readonly axes: readonly number[] };
      return axes.every((axis) => operand.shape[axis]! <= 1);
    }
    case 'cast':
      return draft.type.dtype === operand.dtype;
    case 'sum':
    case 'prod':
    case 'max':
    case 'min': {
      const { axes } = draft.attributes as { readonly axes: readonly number[] };
      return axes.length === 0 && draft.type.dtype === operand.dtype;
    }
    case 'copy':
      return true;
    default:
      return false;
  }
};

class Simplifier implements Drafts {
  readonly #program: Program;
  readonly #inputs: number;
  readonly nodes: Draft[] = [];
  /** From the text of a node to its value. */
  readonly #known = new Map<string, ValueId>();
  /** From a value to a node that makes the same and needs less. */
  readonly #better = new Map<ValueId, Draft>();

  constructor(program: Program) {
    this.#program = program;
    this.#inputs = program.arguments.length + program.state.length;
  }

  typeOf(id: ValueId): ValueType {
    const { arguments: args, state } = this.#program;
    if (id < args.length) return args[id]!;
    return id < this.#inputs ? state[id - args.length]! : this.nodes[id - this.#inputs]!.type;
  }

  draftOf(id: ValueId): Draft | undefined {
    return this.nodes[id - this.#inputs];
  }

  /** The number that every element of a value is, or undefined. */
  constantOf(id: ValueId): number | undefined {
    const draft = this.draftOf(id);
    return draft?.primitive === 'full' ? (draft.attributes as { readonly value: number }).value : undefined;
  }

  /** What a reader from now on should read for a value. */
  best(id: ValueId): ValueId {
    const draft = this.#better.get(id);
    return draft === undefined ? id : this.add(draft);
  }

  /** The value of a node: an earlier one where that is the same. */
  add(draft: Draft, isSole: readonly boolean[] = []): ValueId {
    const same = this.#same(draft);
    if (same !== undefined) return same;
    const simpler = this.#folded(draft) ?? this.#merged(draft) ?? rewritten(this, draft, isSole);
    if (simpler !== undefined) return this.add(simpler);
    const { dtype, shape } = draft.type;
    const key = `${draft.primitive} ${draft.operands.join()} ${JSON.stringify(draft.attributes)} ${dtype} ${shape.join()} ${keyOf(draft)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const id = this.#inputs + this.nodes.length;
    this.nodes.push(draft);
    this.#known.set(key, id);
    const mask = maskOfResult(this, draft, id);
    if (mask !== undefined) this.#better.set(draft.operands[0]!, mask);
    return id;
  }

  /** The operand that a node only repeats. */
  #same(draft: Draft): ValueId | undefined {
    const first = draft.operands[0];
    if (first === undefined) return undefined;
    if (isIdentity(draft, this.typeOf(first))) return first;
    const second = draft.operands[1];
    // x · 1, x / 1, x ** 1: exact for every x, NaN and −0 included. x + 0 is not: −0 + 0 = 0.
    if (draft.primitive === 'mul' || draft.primitive === 'div' || draft.primitive === 'pow') {
      if (second !== undefined && this.constantOf(second) === 1) return first;
      if (draft.primitive === 'mul' && second !== undefined && this.constantOf(first) === 1) return second;
    }
    if (draft.primitive === 'where' && second === draft.operands[2]) return second;
    // What x + 0 does to −0 is done once.
    const isPlusZero = (add: Draft | undefined): boolean =>
      add?.primitive === 'add' && Object.is(this.constantOf(add.operands[1]!), 0);
    if (isPlusZero(draft) && isPlusZero(this.draftOf(first))) return first;
    return undefined;
  }

  /** An element-wise node or a movement of constants as one constant. */
  #folded(draft: Draft): Draft | undefined {
    const { primitive, operands, type } = draft;
    const constants = operands.map((operand) => this.constantOf(operand));
    const first = constants[0];
    if (first === undefined || constants.includes(undefined)) return undefined;
    const full = (value: number): Draft => ({
      primitive: 'full',
      operands: [],
      attributes: { shape: type.shape, dtype: type.dtype, value },
      type,
    });
    if (['reshape', 'permute', 'expand', 'slice', 'flip', 'copy'].includes(primitive)) return full(first);
    if (!isPoint(primitive)) return undefined;
    // The eager kernels decide what a constant becomes, so that folding never changes a result.
    const value = withRecorder(null, () => {
      const scalars: Tensor[] = operands.map((operand, i) =>
        tensor(constants[i]!, { dtype: this.typeOf(operand).dtype }),
      );
      return apply(primitive, scalars, draft.attributes as never).item();
    });
    return full(value);
  }

  /** A shorter way to the same value. */
  #merged(draft: Draft): Draft | undefined {
    const { primitive, operands, type } = draft;
    const before = this.draftOf(operands[0]!);
    if (primitive === 'reshape' && before?.primitive === 'reshape') {
      return { ...draft, operands: before.operands };
    }
    if (primitive === 'permute' && before?.primitive === 'permute') {
      const outer = (draft.attributes as { readonly axes: readonly number[] }).axes;
      const inner = (before.attributes as { readonly axes: readonly number[] }).axes;
      return { ...draft, operands: before.operands, attributes: { axes: outer.map((axis) => inner[axis]!) } };
    }
    if (primitive === 'pow' && isFloat(type.dtype) && this.constantOf(operands[1]!) === 2) {
      return { primitive: 'mul', operands: [operands[0]!, operands[0]!], attributes: {}, type };
    }
    return undefined;
  }
}

/** Attributes hold −0, NaN and infinities, which JSON does not tell apart. */
function keyOf(draft: Draft): string {
  const { value } = draft.attributes as { readonly value?: number };
  return value === undefined ? '' : Object.is(value, -0) ? '-0' : String(value);
}

/** How many of the nodes that are needed, and of the results and writes, read each node; nodes are numbered from `inputs` on. */
function readersOf(nodes: readonly Draft[], inputs: number, roots: readonly ValueId[]): number[] {
  const readers = nodes.map(() => 0);
  const count = (id: ValueId): void => {
    if (id >= inputs) readers[id - inputs]!++;
  };
  roots.forEach(count);
  for (let i = nodes.length - 1; i >= 0; i--) if (readers[i]! > 0) nodes[i]!.operands.forEach(count);
  return readers;
}

function rootsOf(results: readonly ValueId[], writes: Program['writes']): ValueId[] {
  return [...results, ...writes.map(({ value }) => value)];
}

/**
 * The same program with less in it: constants folded by the eager kernels, equal nodes made one, movements that move
 * nothing and nodes that nobody reads left out.
 *
 * @example
 * ```ts
 * import { simplify } from '@nadir/compiler';
 * import { record } from '@nadir/tensor';
 * const { program } = record([{ shape: [2], dtype: 'float32' }], (x) => {
 *   x!.exp();
 *   return [x!.mul(2).add(x!.mul(2))];
 * });
 * simplify(program).nodes.map((node) => node.primitive).join(' '); // => full mul add
 * ```
 */
export function simplify(program: Program): Program {
  const inputs = program.arguments.length + program.state.length;
  const simplifier = new Simplifier(program);
  const next: ValueId[] = Array.from({ length: inputs }, (_, id) => id);
  const readers = readersOf(program.nodes, inputs, rootsOf(program.results, program.writes));
  program.nodes.forEach(({ primitive, operands, attributes, type }, index) => {
    if (readers[index] === 0) return;
    const draft = {
      primitive,
      operands: operands.map((id) => simplifier.best(next[id]!)),
      attributes,
      type,
    };
    next[inputs + index] = simplifier.add(
      draft,
      operands.map((id) => readers[id - inputs] === 1),
    );
  });
  const results = program.results.map((id) => next[id]!);
  // A state that keeps its value needs no write.
  const writes = program.writes
    .map(({ state, value }) => ({ state, value: next[value]! }))
    .filter(({ state, value }) => value !== program.arguments.length + state);
  const needed = readersOf(simplifier.nodes, inputs, rootsOf(results, writes));
  const renumbered = new Map<ValueId, ValueId>();
  for (let id = 0; id < inputs; id++) renumbered.set(id, id);
  const nodes: ProgramNode[] = [];
  simplifier.nodes.forEach((draft, index) => {
    if (needed[index] === 0) return;
    const id = inputs + nodes.length;
    renumbered.set(inputs + index, id);
    nodes.push({
      ...draft,
      id,
      operands: draft.operands.map((operand) => renumbered.get(operand)!),
    } as ProgramNode);
  });
  return {
    arguments: program.arguments,
    state: program.state,
    nodes,
    results: results.map((id) => renumbered.get(id)!),
    writes: writes.map(({ state, value }) => ({ state, value: renumbered.get(value)! })),
  };
}
