import { checkDecayRate, checkNonNegative, checkOptionNames } from './option-check.ts';
import { Optimizer, type GroupRecipe, type OptimizerOptions, type ParametersOf } from './optimizer.ts';
import { chain, type Transform } from './transform.ts';
import { addDecayedWeights } from './transforms/add-decayed-weights.ts';
import { momentum } from './transforms/momentum.ts';
import { scaleByLearningRate } from './transforms/scale-by-learning-rate.ts';
import { scaleByRms } from './transforms/scale-by-rms.ts';

type RMSpropNames = 'alpha' | 'eps' | 'momentum' | 'dampening' | 'weightDecay';

/** Options of {@link RMSprop}. */
export interface RMSpropOptions extends OptimizerOptions {
  /** Learning rate, default 1e-2. */
  readonly lr?: number;
  /** Decay rate of the mean square, in [0, 1). Default 0.99. */
  readonly alpha?: number;
  /** Added to the root, outside of it. Default 1e-8. */
  readonly eps?: number;
  /** Share of the last update that is kept. Default 0. */
  readonly momentum?: number;
  /** L2 penalty. Default 0. */
  readonly weightDecay?: number;
  /** Divide by the deviation of the gradient instead of its root mean square (Graves 2013). Default false. */
  readonly centered?: boolean;
}

const optionNames: { readonly [O in keyof Required<RMSpropOptions>]: true } = {
  lr: true,
  lrSchedule: true,
  maximize: true,
  alpha: true,
  eps: true,
  momentum: true,
  weightDecay: true,
  centered: true,
};

/**
 * RMSprop (Tieleman and Hinton 2012). As `torch.optim.RMSprop`.
 *
 * @throws ValueError for an unknown or negative option or an alpha outside [0, 1).
 *
 * @example
 * ```ts
 * import { parameter } from '@nadir/autograd';
 * import { RMSprop } from '@nadir/optimizers';
 * const w = parameter([1, -1]);
 * const optimizer = new RMSprop([w], { lr: 0.05 });
 * w.square().sum().backward();
 * optimizer.step();
 * w.toArray(); // => [0.5, -0.5]
 * ```
 */
export class RMSprop extends Optimizer<RMSpropOptions, RMSpropNames> {
  constructor(params: ParametersOf<RMSpropOptions>, options: RMSpropOptions = {}) {
    super('RMSprop', params, options);
  }

  protected override recipe(options: RMSpropOptions): GroupRecipe<RMSpropNames> {
    checkOptionNames('RMSprop', options, optionNames);
    const { lr = 1e-2, centered = false } = options;
    const rate = checkNonNegative('RMSprop', 'momentum', options.momentum ?? 0);
    const weightDecay = checkNonNegative('RMSprop', 'weightDecay', options.weightDecay ?? 0);
    const links: Transform<RMSpropNames | 'lr'>[] = [];
    if (weightDecay !== 0) links.push(addDecayedWeights());
    links.push(scaleByRms({ centered }));
    if (rate !== 0) links.push(momentum());
    return {
      transform: chain(...links, scaleByLearningRate()),
      hyper: {
        lr,
        alpha: checkDecayRate('RMSprop', 'alpha', options.alpha ?? 0.99),
        eps: checkNonNegative('RMSprop', 'eps', options.eps ?? 1e-8),
        ...(rate !== 0 && { momentum: rate }),
        ...(weightDecay !== 0 && { weightDecay }),
      },
      flags: { centered },
    };
  }
}
