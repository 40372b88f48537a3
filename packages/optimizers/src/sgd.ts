import { ValueError } from '@nadir/tensor';
import { checkFinite, checkNonNegative, checkOptionNames } from './option-check.ts';
import { Optimizer, type GroupRecipe, type OptimizerOptions, type ParametersOf } from './optimizer.ts';
import { chain, type Transform } from './transform.ts';
import { addDecayedWeights } from './transforms/add-decayed-weights.ts';
import { momentum } from './transforms/momentum.ts';
import { scaleByLearningRate } from './transforms/scale-by-learning-rate.ts';

type SGDNames = 'momentum' | 'dampening' | 'weightDecay';

/** Options of {@link SGD}. */
export interface SGDOptions extends OptimizerOptions {
  /** Learning rate, default 1e-3. */
  readonly lr?: number;
  /** Share of the last update that is kept. Default 0. */
  readonly momentum?: number;
  /** Share of the gradient that momentum leaves out. Default 0. */
  readonly dampening?: number;
  /** L2 penalty. Default 0. */
  readonly weightDecay?: number;
  /** Nesterov's momentum; needs momentum and no dampening. Default false. */
  readonly nesterov?: boolean;
}

const optionNames: { readonly [O in keyof Required<SGDOptions>]: true } = {
  lr: true,
  lrSchedule: true,
  maximize: true,
  momentum: true,
  dampening: true,
  weightDecay: true,
  nesterov: true,
};

/**
 * Stochastic gradient descent, with momentum (Sutskever et al. 2013) where asked for. As `torch.optim.SGD`.
 *
 * @throws ValueError for an unknown or negative option, or nesterov without momentum or with dampening.
 *
 * @example
 * ```ts
 * import { parameter } from '@nadir/autograd';
 * import { SGD } from '@nadir/optimizers';
 * import { tensor } from '@nadir/tensor';
 * const theta = parameter(tensor([0]));
 * const optimizer = new SGD([theta], { lr: 0.5 });
 * theta.sub(2).square().sum().backward();
 * optimizer.step();
 * theta.item(); // => 2
 * ```
 */
export class SGD extends Optimizer<SGDOptions, SGDNames> {
  constructor(params: ParametersOf<SGDOptions>, options: SGDOptions = {}) {
    super('SGD', params, options);
  }

  protected override recipe(options: SGDOptions): GroupRecipe<SGDNames> {
    checkOptionNames('SGD', options, optionNames);
    const { lr = 1e-3, nesterov = false } = options;
    const rate = checkNonNegative('SGD', 'momentum', options.momentum ?? 0);
    const dampening = checkFinite('SGD', 'dampening', options.dampening ?? 0);
    const weightDecay = checkNonNegative('SGD', 'weightDecay', options.weightDecay ?? 0);
    if (nesterov && (rate === 0 || dampening !== 0)) {
      throw new ValueError(
        `SGD(): nesterov needs momentum above 0 and dampening 0, got ${rate} and ${dampening}.`,
      );
    }
    const decays = weightDecay !== 0;
    const rolls = rate !== 0;
    const dampened = rolls && dampening !== 0;
    const links: Transform<SGDNames | 'lr'>[] = [];
    if (decays) links.push(addDecayedWeights());
    if (rolls) links.push(momentum({ nesterov, dampened }));
    return {
      transform: chain(...links, scaleByLearningRate()),
      hyper: {
        lr,
        ...(rolls && { momentum: rate }),
        ...(dampened && { dampening }),
        ...(decays && { weightDecay }),
      },
      flags: { nesterov },
    };
  }
}
