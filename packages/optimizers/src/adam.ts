import { ValueError } from '@nadir/tensor';
import { checkDecayRate, checkNonNegative, checkOptionNames } from './option-check.ts';
import { Optimizer, type GroupRecipe, type OptimizerOptions, type ParametersOf } from './optimizer.ts';
import type { HyperValues } from './parameter-group.ts';
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

const optionNames: { readonly [O in keyof Required<AdamOptions>]: true } = {
  lr: true,
  lrSchedule: true,
  maximize: true,
  betas: true,
  eps: true,
  weightDecay: true,
  amsgrad: true,
};

/** The hyper-parameters of `options`, checked. Without weight decay there is no such parameter. */
export function adamHyper(
  optimizer: string,
  options: AdamOptions,
  defaultDecay: number,
): HyperValues<AdamNames, number> {
  checkOptionNames(optimizer, options, optionNames);
  const { lr = 1e-3, betas = [0.9, 0.999] } = options;
  if (!Array.isArray(betas) || betas.length !== 2) {
    throw new ValueError(`${optimizer}(): betas must be two numbers, got ${JSON.stringify(betas)}.`);
  }
  const weightDecay = checkNonNegative(optimizer, 'weightDecay', options.weightDecay ?? defaultDecay);
  return {
    lr,
    beta1: checkDecayRate(optimizer, 'betas[0]', betas[0]),
    beta2: checkDecayRate(optimizer, 'betas[1]', betas[1]),
    eps: checkNonNegative(optimizer, 'eps', options.eps ?? 1e-8),
    ...(weightDecay !== 0 && { weightDecay }),
  };
}

/**
 * Adam (Kingma and Ba 2015), with weight decay as an L2 penalty. As `torch.optim.Adam`.
 *
 * @throws ValueError for an unknown or negative option or a beta outside [0, 1).
 *
 * @example
 * ```ts
 * import { parameter } from '@nadir/autograd';
 * import { Adam } from '@nadir/optimizers';
 * const w = parameter([1, -1]);
 * const optimizer = new Adam([w], { lr: 0.5 });
 * w.square().sum().backward();
 * optimizer.step();
 * w.toArray(); // => [0.5, -0.5]
 * ```
 */
export class Adam extends Optimizer<AdamOptions, AdamNames> {
  constructor(params: ParametersOf<AdamOptions>, options: AdamOptions = {}) {
    super('Adam', params, options);
  }

  protected override recipe(options: AdamOptions): GroupRecipe<AdamNames> {
    const hyper = adamHyper('Adam', options, 0);
    const { amsgrad = false } = options;
    const decay: Transform<AdamNames | 'lr'>[] = 'weightDecay' in hyper ? [addDecayedWeights()] : [];
    return {
      transform: chain(...decay, scaleByAdam({ amsgrad }), scaleByLearningRate()),
      hyper,
      flags: { amsgrad },
    };
  }
}
