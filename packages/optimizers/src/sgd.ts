import { ValueError } from '@nadir/tensor';
import {
  checkNonNegative,
  Optimizer,
  type GroupRecipe,
  type OptimizerOptions,
  type ParametersOf,
} from './optimizer.ts';
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

/**
 * Stochastic gradient descent, with momentum (Sutskever et al. 2013) where asked for. As `torch.optim.SGD`.
 *
 * @throws ValueError for a negative option, or nesterov without momentum or with dampening.
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
    const { lr = 1e-3, nesterov = false } = options;
    const hyper = {
      lr,
      momentum: checkNonNegative('SGD', 'momentum', options.momentum ?? 0),
      dampening: options.dampening ?? 0,
      weightDecay: checkNonNegative('SGD', 'weightDecay', options.weightDecay ?? 0),
    };
    if (nesterov && (hyper.momentum === 0 || hyper.dampening !== 0)) {
      throw new ValueError(
        `SGD(): nesterov needs momentum above 0 and dampening 0, got ${hyper.momentum} and ${hyper.dampening}.`,
      );
    }
    const links: Transform<SGDNames | 'lr'>[] = [];
    if (hyper.weightDecay !== 0) links.push(addDecayedWeights());
    if (hyper.momentum !== 0) links.push(momentum({ nesterov }));
    return { transform: chain(...links, scaleByLearningRate()), hyper };
  }
}
