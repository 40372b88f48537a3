import { formatShape, isFloat, sameShape, ShapeError, ValueError, type Tensor } from '@nadir/tensor';
import {
  classTargets,
  classWeight,
  reduceShared,
  targetLosses,
  type ClassLossOptions,
} from './class-targets.ts';
import { reduceLoss } from './reduction.ts';

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions extends ClassLossOptions {
  /** Share of the target that is spread evenly over all classes, in [0, 1] (Szegedy et al. 2016). Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * Mean of −log softmax(logits)[target], computed without overflow from logits `[N, C]` or `[N, C, …]`. Targets are class
 * indices (int32 or uint8, `[N]` or `[N, …]`), or class probabilities: floats in the shape of the logits. As
 * `torch.nn.functional.cross_entropy`, but that no target is ignored unless `ignoreIndex` says so.
 *
 * @throws ShapeError where shapes do not fit; IndexError for a class that is not there; DTypeError for bool targets;
 * ValueError for a smoothing outside [0, 1], `ignoreIndex` with probabilities, or an unknown reduction.
 *
 * @example
 * ```ts
 * import { crossEntropy } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * crossEntropy(tensor([[0, 0]]), tensor([1], { dtype: 'int32' })).item().toFixed(4); // => 0.6931
 * ```
 */
export function crossEntropy(logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { labelSmoothing = 0 } = options;
  if (logits.rank < 2) {
    throw new ShapeError(
      `crossEntropy(): logits must be [N, C] or [N, C, …], got ${formatShape(logits.shape)}. ` +
        'Add a batch axis with unsqueeze(0).',
    );
  }
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ValueError(`crossEntropy(): labelSmoothing must be in [0, 1], got ${labelSmoothing}.`);
  }
  return isFloat(target.dtype)
    ? ofProbabilities(logits, target, labelSmoothing, options)
    : ofIndices(logits, target, labelSmoothing, options);
}

/** Weights of the classes, in the place of their axis. */
function weighted(x: Tensor, weight: Tensor | undefined): Tensor {
  if (weight === undefined) return x;
  const shape = x.shape.map((size, axis) => (axis === 1 ? size : 1));
  return x.mul(classWeight('crossEntropy', x, weight).reshape(shape));
}

function ofIndices(
  logits: Tensor,
  target: Tensor,
  labelSmoothing: number,
  options: CrossEntropyOptions,
): Tensor {
  const targets = classTargets('crossEntropy', logits, target, options);
  const logProbabilities = logits.logSoftmax(1);
  const hard = targetLosses(logProbabilities, targets);
  if (labelSmoothing === 0) return reduceShared('crossEntropy', hard, targets, options.reduction);
  const even = weighted(logProbabilities, options.weight)
    .sum(1)
    .mul(-labelSmoothing / logits.shape[1]!);
  return reduceShared('crossEntropy', hard.mul(1 - labelSmoothing).add(even), targets, options.reduction);
}

function ofProbabilities(
  logits: Tensor,
  target: Tensor,
  labelSmoothing: number,
  { weight, ignoreIndex, reduction }: CrossEntropyOptions,
): Tensor {
  if (!sameShape(target.shape, logits.shape)) {
    throw new ShapeError(
      `crossEntropy(): class probabilities must have the shape of the logits ${formatShape(logits.shape)}, ` +
        `got ${formatShape(target.shape)}. Class indices are int32.`,
    );
  }
  if (ignoreIndex !== undefined) {
    throw new ValueError('crossEntropy(): ignoreIndex is for class indices, got class probabilities.');
  }
  const wanted =
    labelSmoothing === 0 ? target : target.mul(1 - labelSmoothing).add(labelSmoothing / logits.shape[1]!);
  const losses = weighted(logits.logSoftmax(1).mul(wanted), weight).sum(1).neg();
  return reduceLoss('crossEntropy', losses, reduction);
}
