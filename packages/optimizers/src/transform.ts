import { NadirError, type Tensor } from '@nadir/tensor';

/** State of one parameter, by name; each tensor exists from construction on and is changed by `assign` alone. */
export type Slots = Readonly<Record<string, Tensor>>;

/** Hyper-parameters as float64 0-d tensors, so that a compiled step sees them change. */
export type Hyperparameters<Names extends string = string> = Readonly<Record<Names, Tensor>>;

/**
 * One part of an optimizer: turns a gradient into an update, which is added to the parameter at the end of the chain.
 * It is written in tensor operations on one parameter, so that it runs eagerly and compiles.
 */
export interface Transform<Names extends string = string> {
  /** The state of one parameter before the first step. */
  init(parameter: Tensor): Slots;
  /** The update in place of `gradient`, both of the parameter's shape; assigns the slots. */
  update(gradient: Tensor, parameter: Tensor, slots: Slots, hyper: Hyperparameters<Names>): Tensor;
}

/**
 * Transforms one after another; their slots are kept together. Throws a NadirError where two of them name a slot alike.
 *
 * @example
 * ```ts
 * import { addDecayedWeights, chain, scaleByAdam, scaleByLearningRate } from '@nadir/optimizers';
 * const adamW = chain(scaleByAdam(), addDecayedWeights(), scaleByLearningRate());
 * ```
 */
export function chain<Names extends string>(...transforms: readonly Transform<Names>[]): Transform<Names> {
  return {
    init(parameter) {
      const slots: Record<string, Tensor> = {};
      for (const transform of transforms) {
        for (const [name, value] of Object.entries(transform.init(parameter))) {
          if (name in slots)
            throw new NadirError(`chain(): two transforms keep a slot named ${name}. Rename one.`);
          slots[name] = value;
        }
      }
      return slots;
    },
    update(gradient, parameter, slots, hyper) {
      let update = gradient;
      for (const transform of transforms) update = transform.update(update, parameter, slots, hyper);
      return update;
    },
  };
}
