import { DTypeError, isFloat, ShapeError, ValueError, type Tensor } from '@nadir/tensor';
import { reduceLoss, type LossOptions } from './reduction.ts';

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions extends LossOptions {
  /** Share of the target that is spread evenly over all classes, in [0, 1] (Szegedy et al. 2016). Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * Mean of −log softmax(logits)[target], computed without overflow from logits `[N, C]` or `[N, C, …]`. Targets are class
 * indices (integers `[N]` or `[N, …]`), or class probabilities of the shape of the logits.
 *
 * @throws ShapeError where the shapes do not fit; ValueError for a smoothing outside [0, 1].
 *
 * @example
 * ```ts
 * import { crossEntropy } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * crossEntropy(tensor([[0, 0]]), tensor([1], { dtype: 'int32' })).item().toFixed(4); // => 0.6931
 * ```
 */
export function crossEntropy(
  logits: Tensor,
  target: Tensor,
  { labelSmoothing = 0, reduction }: CrossEntropyOptions = {},
): Tensor {
  if (logits.rank < 2) {
    throw new ShapeError(
      `crossEntropy(): logits must be [N, C] or [N, C, …], got [${logits.shape.join(', ')}]. Add a batch axis with unsqueeze(0).`,
    );
  }
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ValueError(`crossEntropy(): labelSmoothing must be in [0, 1], got ${labelSmoothing}.`);
  }
  const logProbabilities = logits.logSoftmax(1);
  const hard = isFloat(target.dtype)
    ? byProbability(logProbabilities, target)
    : byIndex(logProbabilities, target);
  const losses =
    labelSmoothing === 0
      ? hard
      : hard.mul(1 - labelSmoothing).add(logProbabilities.mean(1).neg().mul(labelSmoothing));
  return reduceLoss('crossEntropy', losses, reduction);
}

function byIndex(logProbabilities: Tensor, target: Tensor): Tensor {
  const [batch, , ...rest] = logProbabilities.shape;
  if (target.shape.join() !== [batch, ...rest].join()) {
    throw new ShapeError(
      `crossEntropy(): class indices for logits [${logProbabilities.shape.join(', ')}] must be ` +
        `[${[batch, ...rest].join(', ')}], got [${target.shape.join(', ')}].`,
    );
  }
  if (target.dtype === 'bool')
    throw new DTypeError('crossEntropy(): class indices must be int32 or uint8, got bool.');
  return logProbabilities.takeAlongAxis(target.cast('int32').unsqueeze(1), 1).squeeze(1).neg();
}

function byProbability(logProbabilities: Tensor, target: Tensor): Tensor {
  if (target.shape.join() !== logProbabilities.shape.join()) {
    throw new ShapeError(
      `crossEntropy(): class probabilities must have the shape of the logits [${logProbabilities.shape.join(', ')}], ` +
        `got [${target.shape.join(', ')}]. Class indices are int32.`,
    );
  }
  return logProbabilities.mul(target).sum(1).neg();
}
