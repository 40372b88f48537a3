import { checkNonNegative, checkOptionNames } from './option-check.ts';
import { Optimizer, type GroupRecipe, type OptimizerOptions, type ParametersOf } from './optimizer.ts';
import { chain, type Transform } from './transform.ts';
import { addDecayedWeights } from './transforms/add-decayed-weights.ts';
import { scaleByLearningRate } from './transforms/scale-by-learning-rate.ts';
import { scaleBySumOfSquares } from './transforms/scale-by-sum-of-squares.ts';

type AdagradNames = 'eps' | 'lrDecay' | 'weightDecay';

/** Options of {@link Adagrad}. */
export interface AdagradOptions extends OptimizerOptions {
  /** Learning rate, default 1e-2. */
  readonly lr?: number;
  /** The learning rate of step t is divided by 1 + (t − 1) · lrDecay. Default 0. */
  readonly lrDecay?: number;
  /** L2 penalty. Default 0. */
  readonly weightDecay?: number;
  /** First value of the sums of squared gradients. Default 0. */
  readonly initialAccumulatorValue?: number;
  /** Added to the root. Default 1e-10. */
  readonly eps?: number;
}

const optionNames: { readonly [O in keyof Required<AdagradOptions>]: true } = {
  lr: true,
  lrSchedule: true,
  maximize: true,
  lrDecay: true,
  weightDecay: true,
  initialAccumulatorValue: true,
  eps: true,
};

/**
 * Adagrad (Duchi et al. 2011). As `torch.optim.Adagrad`.
 *
 * @throws ValueError for an unknown or negative option.
 *
 * @example
 * ```ts
 * import { parameter } from '@nadir/autograd';
 * import { Adagrad } from '@nadir/optimizers';
 * const w = parameter([1, -1]);
 * const optimizer = new Adagrad([w], { lr: 0.5 });
 * w.square().sum().backward();
 * optimizer.step();
 * w.toArray(); // => [0.5, -0.5]
 * ```
 */
export class Adagrad extends Optimizer<AdagradOptions, AdagradNames> {
  constructor(params: ParametersOf<AdagradOptions>, options: AdagradOptions = {}) {
    super('Adagrad', params, options);
  }

  protected override recipe(options: AdagradOptions): GroupRecipe<AdagradNames> {
    checkOptionNames('Adagrad', options, optionNames);
    const { lr = 1e-2 } = options;
    const lrDecay = checkNonNegative('Adagrad', 'lrDecay', options.lrDecay ?? 0);
    const weightDecay = checkNonNegative('Adagrad', 'weightDecay', options.weightDecay ?? 0);
    const initial = options.initialAccumulatorValue ?? 0;
    checkNonNegative('Adagrad', 'initialAccumulatorValue', initial);
    const decay: Transform<AdagradNames | 'lr'>[] = weightDecay === 0 ? [] : [addDecayedWeights()];
    const scale = scaleBySumOfSquares({ initial, decays: lrDecay !== 0 });
    return {
      transform: chain(...decay, scale, scaleByLearningRate()),
      hyper: {
        lr,
        eps: checkNonNegative('Adagrad', 'eps', options.eps ?? 1e-10),
        ...(lrDecay !== 0 && { lrDecay }),
        ...(weightDecay !== 0 && { weightDecay }),
      },
    };
  }
}
