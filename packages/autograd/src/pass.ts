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

/** The gradients that are on their way during one backward pass. */
export class Pass {
  readonly #gradients = new Map<TapeHistory, Tensor>();
  readonly #wanted: ReadonlySet<TapeHistory> | null;

  /** @param wanted the histories that lead to what is asked for; null: all of them */
  constructor(wanted: ReadonlySet<TapeHistory> | null) {
    this.#wanted = wanted;
  }

  wants(history: TapeHistory): boolean {
    return this.#wanted === null || this.#wanted.has(history);
  }

  add(history: TapeHistory, gradient: Tensor): void {
    const before = this.#gradients.get(history);
    this.#gradients.set(history, before === undefined ? gradient : before.add(gradient));
  }

  /** Lets the hooks of a history see its gradient, which is complete now. Returns it, or null where none arrived. */
  observe(history: TapeHistory): Tensor | null {
    const gradient = this.#gradients.get(history);
    if (gradient === undefined) return null;
    const seen = history.observe(gradient);
    if (seen !== gradient) this.#gradients.set(history, seen);
    return seen;
  }

  /** The gradient of a history, which the pass forgets. */
  take(history: TapeHistory): Tensor | null {
    const gradient = this.#gradients.get(history);
    if (gradient === undefined) return null;
    this.#gradients.delete(history);
    return gradient;
  }

  /** The leaves that gradients have arrived at. */
  leaves(): LeafHistory[] {
    return Array.from(this.#gradients.keys()).filter((history): history is LeafHistory => history.isLeaf);
  }
}

interface Reached {
  /** From the last result to the first: every node comes before those that it is computed from. */
  readonly nodes: readonly NodeHistory[];
  /** A node that an earlier pass has freed. */
  readonly freed: NodeHistory | null;
}

/** The nodes below the roots; `ends` are not looked behind. */
function reach(roots: readonly Root[], ends: ReadonlySet<TapeHistory> | null): Reached {
  const seen = new Set<TapeHistory>();
  const nodes: NodeHistory[] = [];
  const stack: TapeHistory[] = [];
  let freed: NodeHistory | null = null;
  const visit = (history: TapeHistory | null): void => {
    if (history === null || history.isLeaf || seen.has(history) || ends?.has(history)) return;
    seen.add(history);
    stack.push(history);
  };
  for (const { history } of roots) visit(history);
  for (let history = stack.pop(); history !== undefined; history = stack.pop()) {
    const node = history as NodeHistory;
    if (!node.isSymbolic && isRecording()) throw outsideError(node);
    nodes.push(node);
    if (node.freed) freed = node;
    for (const edge of node.edges) visit(edge);
  }
  return { nodes: nodes.sort((a, b) => b.sequence - a.sequence), freed };
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
  const { nodes, freed } = reach(roots, null);
  if (freed !== null) throw freedError(op, freed);
  const pass = new Pass(null);
  // Each leaf gets a storage of its own: what the user assigns to one gradient must not show in another.
  const taken = new Set<Storage>(seed === null ? [] : [seed.storage]);
  inMode(op, createGraph, null, () => {
    for (const { history, gradient } of roots) pass.add(history, gradient);
    for (const node of nodes) {
      pass.observe(node);
      if (node.gradient !== null) taken.add(node.gradient.storage);
      node.pull(pass);
      if (!retainGraph) node.release();
    }
    for (const leaf of pass.leaves()) {
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
  const { nodes, freed } = reach(roots, targetsAreEnds ? targets : null);
  const wanted = new Set<TapeHistory>(targets);
  const inner = new Set<NodeHistory>();
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]!;
    if (!node.edges.some((edge) => edge !== null && wanted.has(edge))) continue;
    wanted.add(node);
    inner.add(node);
  }
  const pass = new Pass(wanted);
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
