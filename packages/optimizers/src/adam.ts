import {
  checkDecayRate,
  checkNonNegative,
  Optimizer,
  type GroupRecipe,
  type OptimizerOptions,
  type ParametersOf,
} from './optimizer.ts';
import { chain, type Transform } from './transform.ts';
import { addDecayedWeights } from './transforms/add-decayed-weights.ts';
import { scaleByAdam } from './transforms/scale-by-adam.ts';
import { scaleByLearningRate } from './transforms/scale-by-learning-rate.ts';

/** Hyper-parameters of Adam and its relatives. */
export type AdamNames = 'beta1' | 'beta2' | 'eps' | 'weightDecay';

/** Options of {@link Adam}. */
export interface AdamOptions extends OptimizerOptions {
  /** Learning rate, default 1e-3. */
  readonly lr?: number;
  /** Decay rates of the two moments, in [0, 1). Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Added to the root of the second moment. Default 1e-8. */
  readonly eps?: number;
  /** L2 penalty, added to the gradient. Default 0. */
  readonly weightDecay?: number;
  /** Divide by the greatest second moment so far (Reddi et al. 2018). Default false. */
  readonly amsgrad?: boolean;
}

/** The hyper-parameters of `options`, checked. */
export function adamHyper(
  optimizer: string,
  options: AdamOptions,
  defaultDecay: number,
): Readonly<Record<AdamNames | 'lr', number>> {
  const { lr = 1e-3, betas = [0.9, 0.999] } = options;
  return {
    lr,
    beta1: checkDecayRate(optimizer, 'betas[0]', betas[0]),
    beta2: checkDecayRate(optimizer, 'betas[1]', betas[1]),
    eps: checkNonNegative(optimizer, 'eps', options.eps ?? 1e-8),
    weightDecay: checkNonNegative(optimizer, 'weightDecay', options.weightDecay ?? defaultDecay),
  };
}

/**
 * Adam (Kingma and Ba 2015), with weight decay as an L2 penalty. As `torch.optim.Adam`.
 *
 * @throws ValueError for a negative option or a beta outside [0, 1).
 */
export class Adam extends Optimizer<AdamOptions, AdamNames> {
  constructor(params: ParametersOf<AdamOptions>, options: AdamOptions = {}) {
    super('Adam', params, options);
  }

  protected override recipe(options: AdamOptions): GroupRecipe<AdamNames> {
    const hyper = adamHyper('Adam', options, 0);
    const links: Transform<AdamNames | 'lr'>[] = hyper.weightDecay === 0 ? [] : [addDecayedWeights()];
    const scale = scaleByAdam({ amsgrad: options.amsgrad ?? false });
    return { transform: chain(...links, scale, scaleByLearningRate()), hyper };
  }
}
