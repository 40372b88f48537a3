import {
  formatShape,
  GradientError,
  isRecording,
  type BackwardOptions,
  type Storage,
  type Tensor,
} from '@nadir/tensor';
import type { LeafHistory, NodeHistory, TapeHistory } from './history.ts';
import { inMode } from './mode.ts';

/** Where a pass starts: a result, and the gradient with respect to it. */
export interface Root {
  readonly history: TapeHistory;
  readonly gradient: Tensor;
}

let passes = 0;

/**
 * One walk back from some results: the graph below them, and the gradients that are on their way through it. Each history
 * notes the pass that met it last and its place among those that this pass met, so that its gradient is found there.
 */
export class Pass {
  /** From the last result to the first: every node comes before those that it is computed from. */
  readonly nodes: readonly NodeHistory[];
  /** A node that an earlier pass has freed. */
  readonly freed: NodeHistory | null;
  /** The leaves that gradients have arrived at, in the order of arrival. */
  readonly leaves: LeafHistory[] = [];
  readonly #met: TapeHistory[] = [];
  readonly #gradients: (Tensor | null)[] = [];
  readonly #number = ++passes;
  /** How many passes had begun when this one last noted what it met. */
  #noted = this.#number;
  #wanted: ReadonlySet<TapeHistory> | null = null;

  /** @param ends histories that are not looked behind */
  constructor(roots: readonly Root[], ends: ReadonlySet<TapeHistory> | null) {
    const nodes: NodeHistory[] = [];
    const stack: TapeHistory[] = [];
    let freed: NodeHistory | null = null;
    for (let i = 0; i < roots.length; i++) this.#meet(roots[i]!.history, ends, stack);
    for (let history = stack.pop(); history !== undefined; history = stack.pop()) {
      const node = history as NodeHistory;
      if (!node.isSymbolic && isRecording()) throw outsideError(node);
      nodes.push(node);
      if (node.freed) freed = node;
      const { edges } = node;
      for (let i = 0; i < edges.length; i++) {
        const edge = edges[i]!;
        if (edge !== null) this.#meet(edge, ends, stack);
      }
    }
    sortFromLast(nodes);
    this.nodes = nodes;
    this.freed = freed;
  }

  #meet(history: TapeHistory, ends: ReadonlySet<TapeHistory> | null, stack: TapeHistory[]): void {
    if (history.pass === this.#number) return;
    history.pass = this.#number;
    history.place = this.#met.push(history) - 1;
    this.#gradients.push(null);
    if (!history.isLeaf && !(ends !== null && ends.has(history))) stack.push(history);
  }

  /** Where the gradient of a history is; −1 for a history that this pass has not met. */
  #placeOf(history: TapeHistory): number {
    if (history.pass !== this.#number && this.#noted !== passes) {
      // A pass that ran inside of this one, for a hook or a checkpoint, has noted histories of this one as its own.
      for (let place = 0; place < this.#met.length; place++) {
        const met = this.#met[place]!;
        met.pass = this.#number;
        met.place = place;
      }
      this.#noted = passes;
    }
    return history.pass === this.#number ? history.place : -1;
  }

  /** From now on only these histories, which lead to what is asked for, get gradients. */
  want(wanted: ReadonlySet<TapeHistory>): void {
    this.#wanted = wanted;
  }

  wants(history: TapeHistory): boolean {
    return this.#wanted === null || this.#wanted.has(history);
  }

  /** Adds to the gradient of a history that the pass has met. */
  add(history: TapeHistory, gradient: Tensor): void {
    const place = this.#placeOf(history);
    const before = this.#gradients[place]!;
    this.#gradients[place] = before === null ? gradient : before.add(gradient);
    if (before === null && history.isLeaf) this.leaves.push(history as LeafHistory);
  }

  /** Lets the hooks of a history see its gradient, which is complete now. Returns it, or null where none arrived. */
  observe(history: TapeHistory): Tensor | null {
    const place = this.#placeOf(history);
    const gradient = place < 0 ? null : this.#gradients[place]!;
    if (gradient === null) return null;
    const seen = history.observe(gradient);
    this.#gradients[place] = seen;
    return seen;
  }

  /** The gradient of a history, which the pass forgets. */
  take(history: TapeHistory): Tensor | null {
    const place = this.#placeOf(history);
    if (place < 0) return null;
    const gradient = this.#gradients[place]!;
    this.#gradients[place] = null;
    return gradient;
  }
}

/** Sorts nodes from the last to the first. The walk meets those of a plain chain in that order. */
function sortFromLast(nodes: NodeHistory[]): void {
  for (let i = 1; i < nodes.length; i++) {
    if (nodes[i]!.sequence > nodes[i - 1]!.sequence) {
      nodes.sort((a, b) => b.sequence - a.sequence);
      return;
    }
  }
}

/** A recorded program runs many times, a graph that was made before it only once. */
function outsideError(node: NodeHistory): GradientError {
  return new GradientError(
    `backward(): a recorded function cannot pass gradients to the graph of a tensor from outside, got there at the ${node.label} ` +
      `of shape ${formatShape(node.shape)}. Compute it inside, or use detach() of it.`,
  );
}

function freedError(op: string, node: NodeHistory): GradientError {
  return new GradientError(
    `${op}(): the graph was freed by an earlier backward pass, got there at the ${node.label} of shape ${formatShape(node.shape)}. ` +
      'Compute the result again, or pass { retainGraph: true } to the earlier pass.',
  );
}

interface BackwardRun extends BackwardOptions {
  /** The user's own seed, whose storage must not become that of a gradient. */
  readonly seed: Tensor | null;
}

/** Adds the gradients of the roots to all leaves below them. */
export function differentiate(op: string, roots: readonly Root[], options: BackwardRun): void {
  const { createGraph = false, retainGraph = createGraph, seed } = options;
  const pass = new Pass(roots, null);
  const { nodes, freed, leaves } = pass;
  if (freed !== null) throw freedError(op, freed);
  // Each leaf gets a storage of its own: what the user assigns to one gradient must not show in another.
  const taken = new Set<Storage>();
  if (seed !== null) taken.add(seed.storage);
  inMode(op, createGraph, null, () => {
    for (const { history, gradient } of roots) pass.add(history, gradient);
    for (const node of nodes) {
      pass.observe(node);
      if (node.gradient !== null) taken.add(node.gradient.storage);
      node.pull(pass);
      if (!retainGraph) node.release();
    }
    for (const leaf of leaves) {
      const gradient = pass.observe(leaf)!;
      const isOwn = gradient.view === null && gradient.isContiguous && !taken.has(gradient.storage);
      const own = isOwn ? gradient : gradient.clone();
      taken.add(own.storage);
      leaf.accumulate(own);
    }
  });
}

interface TargetOptions extends BackwardOptions {
  /** Do not look behind the targets: the derivative with the targets as independent variables. Default false. */
  readonly targetsAreEnds?: boolean;
}

/** The gradients of the roots with respect to `targets`; those that do not depend on a target are missing. */
export function gradientsAt(
  op: string,
  roots: readonly Root[],
  targets: ReadonlySet<TapeHistory>,
  options: TargetOptions,
): ReadonlyMap<TapeHistory, Tensor> {
  const { createGraph = false, retainGraph = createGraph, targetsAreEnds = false } = options;
  const pass = new Pass(roots, targetsAreEnds ? targets : null);
  const { nodes, freed } = pass;
  const wanted = new Set<TapeHistory>(targets);
  const inner = new Set<NodeHistory>();
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]!;
    if (!node.edges.some((edge) => edge !== null && wanted.has(edge))) continue;
    wanted.add(node);
    inner.add(node);
  }
  pass.want(wanted);
  const found = new Map<TapeHistory, Tensor>();
  const note = (history: TapeHistory, gradient: Tensor | null): void => {
    if (gradient !== null && targets.has(history)) found.set(history, gradient);
  };
  inMode(op, createGraph, null, () => {
    for (const { history, gradient } of roots) if (wanted.has(history)) pass.add(history, gradient);
    for (const node of nodes) {
      if (!wanted.has(node)) continue;
      note(node, pass.observe(node));
      if (!inner.has(node)) continue;
      node.pull(pass);
      if (!retainGraph) node.release();
    }
    for (const target of targets) {
      // Ends are leaves of this pass only: their hooks belong to the pass that they are a part of.
      if (targetsAreEnds) note(target, pass.take(target));
      else if (target.isLeaf) note(target, pass.observe(target));
    }
  });
  // Behind a freed node nothing is known: it matters only if something was not found.
  if (freed !== null && found.size < targets.size) throw freedError(op, freed);
  return found;
}
