import type { ValueId } from '@nadir/tensor';
import { canFail, readsOf, writesOf, type Kernel, type KernelProgram } from '../kernel.ts';

/** A kernel among those that it must follow and precede. */
export interface GraphNode {
  readonly kernel: Kernel;
  /** The buffers that it reads and writes. */
  readonly reads: ReadonlySet<ValueId>;
  readonly writes: ReadonlySet<ValueId>;
  readonly before: ReadonlySet<GraphNode>;
  readonly after: ReadonlySet<GraphNode>;
}

class Node implements GraphNode {
  kernel: Kernel;
  place: number;
  reads: ReadonlySet<ValueId>;
  writes: ReadonlySet<ValueId>;
  readonly before: Set<Node> = new Set();
  readonly after: Set<Node> = new Set();

  constructor(kernel: Kernel, place: number) {
    this.kernel = kernel;
    this.place = place;
    this.reads = readsOf(kernel);
    this.writes = new Set(writesOf(kernel));
  }
}

function connect(from: Node, to: Node): void {
  if (from === to) return;
  from.after.add(to);
  to.before.add(from);
}

/** The kernels of a program in an order that may change: two of them can become one where no third must run between. */
export class KernelGraph {
  readonly #program: KernelProgram;
  readonly #order: Node[];
  readonly #writers = new Map<ValueId, Set<Node>>();
  readonly #readers = new Map<ValueId, Set<Node>>();

  constructor(program: KernelProgram) {
    this.#program = program;
    this.#order = program.kernels.map((kernel, place) => new Node(kernel, place));
    const states = new Map<number, ValueId>();
    for (const { id, origin, index } of program.buffers.values())
      if (origin === 'state') states.set(index, id);
    const replaced = new Map(program.writes.map(({ state, buffer }) => [buffer, states.get(state)!]));
    const failing: Node[] = [];
    for (const node of this.#order) {
      if (canFail(node.kernel)) failing.push(node);
      for (const buffer of node.reads) {
        for (const writer of this.#writers.get(buffer) ?? []) connect(writer, node);
        note(this.#readers, buffer, node);
      }
      for (const buffer of node.writes) {
        for (const writer of this.#writers.get(buffer) ?? []) connect(writer, node);
        note(this.#writers, buffer, node);
        // A new value of a state goes right into the state, unless a reader of the old one or a kernel that may fail is behind.
        const old = replaced.get(buffer);
        if (old === undefined) continue;
        for (const reader of this.#readers.get(old) ?? []) connect(reader, node);
        for (const other of failing) connect(other, node);
      }
    }
  }

  /** The kernels in their order, as it is now. */
  nodes(): GraphNode[] {
    return [...this.#order];
  }

  writersOf(buffer: ValueId): ReadonlySet<GraphNode> {
    return this.#writers.get(buffer) ?? nobody;
  }

  readersOf(buffer: ValueId): ReadonlySet<GraphNode> {
    return this.#readers.get(buffer) ?? nobody;
  }

  isBefore(a: GraphNode, b: GraphNode): boolean {
    return (a as Node).place < (b as Node).place;
  }

  /** Whether a kernel can take the place of two: no third must run behind the first and before the second. */
  canJoin(first: GraphNode, second: GraphNode): boolean {
    return this.#behind(first as Node, second as Node) !== null;
  }

  /** What must run behind `first` among the kernels up to `second`; null where `second` must run behind one of them. */
  #behind(first: Node, second: Node): Set<Node> | null {
    const behind = new Set<Node>();
    const waiting = [...first.after];
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      if (node === second || node.place > second.place || behind.has(node)) continue;
      if (node.after.has(second)) return null;
      behind.add(node);
      for (const next of node.after) waiting.push(next);
    }
    return behind;
  }

  /** Puts a kernel in the place of two that can be joined; the node of the first is its node from then on. */
  join(first: GraphNode, second: GraphNode, kernel: Kernel): void {
    const [a, b] = [first as Node, second as Node];
    const behind = this.#behind(a, b)!;
    const window = this.#order.slice(a.place + 1, b.place);
    const moved = [
      ...window.filter((node) => !behind.has(node)),
      a,
      ...window.filter((node) => behind.has(node)),
    ];
    this.#order.splice(a.place, moved.length + 1, ...moved);
    this.#number(a.place);
    for (const node of b.before) {
      node.after.delete(b);
      connect(node, a);
    }
    for (const node of b.after) {
      node.before.delete(b);
      connect(a, node);
    }
    this.#forget(b);
    this.#forget(a);
    a.kernel = kernel;
    // What the first computes, the second takes from the turn. Kernels grow: their reads are not looked for again.
    a.reads = new Set([...a.reads, ...[...b.reads].filter((buffer) => !a.writes.has(buffer))]);
    a.writes = new Set([...a.writes, ...b.writes]);
    this.#note(a);
  }

  /** Puts another kernel in the place of one: it writes no more, and reads nothing that is computed later. */
  replace(node: GraphNode, kernel: Kernel): void {
    const own = node as Node;
    this.#forget(own);
    own.kernel = kernel;
    own.reads = readsOf(kernel);
    own.writes = new Set(writesOf(kernel));
    for (const buffer of own.reads)
      for (const writer of this.#writers.get(buffer) ?? []) connect(writer, own);
    this.#note(own);
  }

  #note(node: Node): void {
    for (const buffer of node.reads) note(this.#readers, buffer, node);
    for (const buffer of node.writes) note(this.#writers, buffer, node);
  }

  /** Leaves out a kernel whose results nobody reads. */
  remove(node: GraphNode): void {
    const own = node as Node;
    this.#forget(own);
    for (const other of own.before) {
      other.after.delete(own);
      for (const next of own.after) connect(other, next);
    }
    for (const next of own.after) next.before.delete(own);
    this.#order.splice(own.place, 1);
    this.#number(own.place);
  }

  #number(from: number): void {
    for (let place = from; place < this.#order.length; place++) this.#order[place]!.place = place;
  }

  #forget(node: Node): void {
    for (const buffer of node.reads) this.#readers.get(buffer)!.delete(node);
    for (const buffer of node.writes) this.#writers.get(buffer)!.delete(node);
  }

  /** The program with the kernels as they are now. */
  program(): KernelProgram {
    return { ...this.#program, kernels: this.#order.map(({ kernel }) => kernel) };
  }
}

const nobody: ReadonlySet<GraphNode> = new Set();

function note(nodes: Map<ValueId, Set<Node>>, buffer: ValueId, node: Node): void {
  const before = nodes.get(buffer);
  if (before === undefined) nodes.set(buffer, new Set([node]));
  else before.add(node);
}
