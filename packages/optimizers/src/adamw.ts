import { adamHyper, type AdamNames, type AdamOptions } from './adam.ts';
import { Optimizer, type GroupRecipe, type ParametersOf } from './optimizer.ts';
import { chain } from './transform.ts';
import { addDecayedWeights } from './transforms/add-decayed-weights.ts';
import { scaleByAdam } from './transforms/scale-by-adam.ts';
import { scaleByLearningRate } from './transforms/scale-by-learning-rate.ts';

/**
 * Adam with decoupled weight decay, 1e-2 by default (Loshchilov and Hutter 2019). As `torch.optim.AdamW`.
 *
 * @throws ValueError for a negative option or a beta outside [0, 1).
 */
export class AdamW extends Optimizer<AdamOptions, AdamNames> {
  constructor(params: ParametersOf<AdamOptions>, options: AdamOptions = {}) {
    super('AdamW', params, options);
  }

  protected override recipe(options: AdamOptions): GroupRecipe<AdamNames> {
    const scale = scaleByAdam({ amsgrad: options.amsgrad ?? false });
    return {
      transform: chain(scale, addDecayedWeights(), scaleByLearningRate()),
      hyper: adamHyper('AdamW', options, 1e-2),
    };
  }
}
