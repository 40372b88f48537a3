import { ValueError, where, type Tensor } from '@nadir/tensor';
import { reduceLoss, type LossOptions } from './reduction.ts';
import { checkSameShape } from './same-shape.ts';

/** Options of {@link huberLoss}. */
export interface HuberOptions extends LossOptions {
  /** Where the parabola becomes a line, above 0. Default 1. */
  readonly delta?: number;
}

/**
 * d²/2 for a difference d within ± delta, and delta·(|d| − delta/2) outside, averaged over all elements (Huber 1964).
 *
 * @throws ShapeError where the shapes differ; ValueError for a delta that is not above 0 or an unknown reduction.
 *
 * @example
 * ```ts
 * import { huberLoss } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * huberLoss(tensor([0, 0]), tensor([1, 3]), { reduction: 'none' }).toArray(); // => [0.5, 2.5]
 * ```
 */
export function huberLoss(
  prediction: Tensor,
  target: Tensor,
  { delta = 1, reduction }: HuberOptions = {},
): Tensor {
  checkSameShape('huberLoss', 'prediction and target', prediction, target);
  if (!(delta > 0 && delta < Infinity)) {
    throw new ValueError(`huberLoss(): delta must be a finite number above 0, got ${delta}.`);
  }
  const difference = prediction.sub(target);
  const size = difference.abs();
  // Beyond the parabola its argument is held at delta, whose square cannot overflow.
  const inside = size.lt(delta);
  const parabola = where(inside, difference, delta).square().mul(0.5);
  const line = size.sub(delta / 2).mul(delta);
  return reduceLoss('huberLoss', where(inside, parabola, line), reduction);
}
