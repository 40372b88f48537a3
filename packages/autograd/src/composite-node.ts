import type { DType, Shape, Tensor } from '@nadir/tensor';
import { NodeHistory, type TapeHistory } from './history.ts';
import type { Pass } from './pass.ts';

/**
 * From the gradients of all results (null: none arrived) to those of the operands. `wanted` says which are looked at;
 * null stands for zeros.
 */
type CompositePullBack = (
  gradients: readonly (Tensor | null)[],
  wanted: readonly boolean[],
) => readonly (Tensor | null)[];

/** A computation of several primitives, and possibly several results, that pulls gradients back in a way of its own. */
export class CompositeNode extends NodeHistory {
  readonly label: string;
  edges: readonly (TapeHistory | null)[];
  freed = false;
  readonly #results: ResultHistory[] = [];
  #pullBack: CompositePullBack | null;

  /** @param result what to name in messages: the first result */
  constructor(
    label: string,
    edges: readonly (TapeHistory | null)[],
    result: Tensor,
    pullBack: CompositePullBack,
  ) {
    super(result.shape, result.dtype);
    this.label = label;
    this.edges = edges;
    this.#pullBack = pullBack;
  }

  /** `tensor` as the next result: itself if it has no history yet, else a new tensor of the same elements. */
  attach(tensor: Tensor): Tensor {
    const result = tensor.history === null ? tensor : tensor.detach();
    const history = new ResultHistory(this, tensor.shape, tensor.dtype);
    this.#results.push(history);
    result.history = history;
    return result;
  }

  pull(pass: Pass): void {
    const gradients = this.#results.map((result) => pass.take(result));
    if (gradients.every((gradient) => gradient === null)) return;
    const wanted = this.edges.map((edge) => edge !== null && pass.wants(edge));
    const parts = this.#pullBack!(gradients, wanted);
    this.edges.forEach((edge, index) => {
      const part = parts[index] ?? null;
      if (wanted[index] && part !== null) pass.add(edge!, part);
    });
  }

  release(): void {
    this.freed = true;
    this.edges = [];
    this.#pullBack = null;
  }
}

/** One result of a composite. Its gradient waits in the pass until the composite, which comes later, takes it. */
class ResultHistory extends NodeHistory {
  readonly label: string;
  readonly edges: readonly TapeHistory[];
  readonly freed = false;

  constructor(composite: CompositeNode, shape: Shape, dtype: DType) {
    super(shape, dtype);
    this.label = composite.label;
    this.edges = [composite];
  }

  pull(): void {}

  release(): void {}
}
