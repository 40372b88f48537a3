import { adamHyper, type AdamNames, type AdamOptions } from './adam.ts';
import { Optimizer, type GroupRecipe, type ParametersOf } from './optimizer.ts';
import { chain, type Transform } from './transform.ts';
import { addDecayedWeights } from './transforms/add-decayed-weights.ts';
import { scaleByAdam } from './transforms/scale-by-adam.ts';
import { scaleByLearningRate } from './transforms/scale-by-learning-rate.ts';

/**
 * Adam with decoupled weight decay, 1e-2 by default (Loshchilov and Hutter 2019). As `torch.optim.AdamW`.
 *
 * @throws ValueError for an unknown or negative option or a beta outside [0, 1).
 *
 * @example
 * ```ts
 * import { parameter } from '@nadir/autograd';
 * import { AdamW } from '@nadir/optimizers';
 * const optimizer = new AdamW([parameter([1, 2])], { lr: 3e-4 });
 * optimizer.toString(); // => AdamW(lr: 0.0003, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01)
 * ```
 */
export class AdamW extends Optimizer<AdamOptions, AdamNames> {
  constructor(params: ParametersOf<AdamOptions>, options: AdamOptions = {}) {
    super('AdamW', params, options);
  }

  protected override recipe(options: AdamOptions): GroupRecipe<AdamNames> {
    const hyper = adamHyper('AdamW', options, 1e-2);
    const { amsgrad = false } = options;
    const decay: Transform<AdamNames | 'lr'>[] = 'weightDecay' in hyper ? [addDecayedWeights()] : [];
    return {
      transform: chain(scaleByAdam({ amsgrad }), ...decay, scaleByLearningRate()),
      hyper,
      flags: { amsgrad },
    };
  }
}
