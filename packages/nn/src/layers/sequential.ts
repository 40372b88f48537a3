import { NadirError, type Tensor } from '@nadir/tensor';
import { Module } from '../module.ts';

/** What a Sequential is made of: modules, and plain functions of a tensor. */
export type Step = Module | ((x: Tensor) => Tensor);

/**
 * Steps that run one after another. Children are named by their position, as in torch.
 *
 * @example
 * ```ts
 * import { Linear, ReLU, Sequential } from '@nadir/nn';
 * import { ones } from '@nadir/tensor';
 * const model = new Sequential(new Linear(4, 8), new ReLU(), new Linear(8, 2));
 * model(ones([1, 4])).shape; // => [ 1, 2 ]
 * Object.keys(model.stateDict()).join(); // => 0.weight,0.bias,2.weight,2.bias
 * ```
 */
export class Sequential extends Module {
  readonly #steps: readonly Step[];

  constructor(...steps: readonly Step[]) {
    super();
    this.#steps = steps;
    for (const [index, step] of steps.entries()) {
      if (typeof step !== 'function') {
        throw new NadirError(
          `Sequential(): needs modules or functions, got ${typeof step} at position ${index}.`,
        );
      }
    }
  }

  get size(): number {
    return this.#steps.length;
  }

  override *namedChildren(): Generator<[string, Module<never, unknown>]> {
    for (const [index, step] of this.#steps.entries()) {
      if (step instanceof Module) yield [String(index), step as unknown as Module<never, unknown>];
    }
  }

  override forward(x: Tensor): Tensor {
    return this.#steps.reduce((value, step) => step(value), x);
  }
}
