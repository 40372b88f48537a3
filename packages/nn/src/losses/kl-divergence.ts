import { ValueError, where, type Tensor } from '@nadir/tensor';
import { reduceLoss, type LossReduction } from './reduction.ts';
import { checkSameShape } from './same-shape.ts';

/** Options of {@link klDivergence}. */
export interface KlDivergenceOptions {
  /** The target holds logarithms of probabilities. Default false. */
  readonly logTarget?: boolean;
  /** `batchMean`, the sum over the first axis's size, is the divergence; `mean`, over all elements, is torch's default and ours. */
  readonly reduction?: LossReduction | 'batchMean';
}

/**
 * The Kullback–Leibler divergence of log-probabilities from target probabilities, element by element
 * target·(log target − logProbabilities); 0·log 0 is 0. As `torch.nn.functional.kl_div`.
 *
 * @throws ShapeError where the shapes differ; ValueError for an unknown reduction, or `batchMean` of a scalar.
 *
 * @example
 * ```ts
 * import { klDivergence } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * const even = tensor([[0.5, 0.5]]).log();
 * klDivergence(even, tensor([[1, 0]]), { reduction: 'batchMean' }).item().toFixed(4); // => 0.6931
 * ```
 */
export function klDivergence(
  logProbabilities: Tensor,
  target: Tensor,
  { logTarget = false, reduction = 'mean' }: KlDivergenceOptions = {},
): Tensor {
  checkSameShape('klDivergence', 'log-probabilities and target', logProbabilities, target);
  const losses = logTarget
    ? target.exp().mul(target.sub(logProbabilities))
    : entropyOf(target).sub(target.mul(logProbabilities));
  if (reduction !== 'batchMean') return reduceLoss('klDivergence', losses, reduction);
  const batch = losses.shape[0];
  if (batch === undefined) {
    throw new ValueError(
      'klDivergence(): batchMean needs a batch axis, got a scalar. Use the reduction sum.',
    );
  }
  return losses.sum().div(batch);
}

/** p·log p, and 0 for 0: the logarithm is kept from 0, so that its gradient is finite too. */
function entropyOf(probabilities: Tensor): Tensor {
  const isZero = probabilities.eq(0);
  return where(isZero, 0, probabilities.mul(where(isZero, 1, probabilities).log()));
}
