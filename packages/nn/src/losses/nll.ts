import { formatShape, ShapeError, type Tensor } from '@nadir/tensor';
import { classTargets, reduceShared, targetLosses, type ClassLossOptions } from './class-targets.ts';

/**
 * Negative log-likelihood: the mean of −logProbabilities[target], for log-probabilities `[N, C]` or `[N, C, …]` and class
 * indices `[N]` or `[N, …]`, as `logSoftmax(1)` gives them. From logits use `crossEntropy()`.
 *
 * @throws ShapeError where shapes do not fit; DTypeError for targets that are not integers; IndexError for a class that is
 * not there; ValueError for an unknown reduction.
 *
 * @example
 * ```ts
 * import { nllLoss } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * const logProbabilities = tensor([[0.25, 0.75]]).log();
 * nllLoss(logProbabilities, tensor([1], { dtype: 'int32' })).item().toFixed(4); // => 0.2877
 * ```
 */
export function nllLoss(logProbabilities: Tensor, target: Tensor, options: ClassLossOptions = {}): Tensor {
  if (logProbabilities.rank < 2) {
    throw new ShapeError(
      `nllLoss(): log-probabilities must be [N, C] or [N, C, …], got ${formatShape(logProbabilities.shape)}. ` +
        'Add a batch axis with unsqueeze(0).',
    );
  }
  const targets = classTargets('nllLoss', logProbabilities, target, options);
  return reduceShared('nllLoss', targetLosses(logProbabilities, targets), targets, options.reduction);
}
