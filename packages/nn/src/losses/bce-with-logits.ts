import type { Operand, Tensor } from '@nadir/tensor';
import { reduceLoss, type LossOptions } from './reduction.ts';
import { checkSameShape } from './same-shape.ts';

/** Options of {@link bceWithLogits}. */
export interface BceOptions extends LossOptions {
  /** Weight of the positive class, broadcast against the logits. Default 1. */
  readonly positiveWeight?: Operand;
}

/**
 * Binary cross-entropy of σ(logits) against targets in [0, 1], in a form that does not overflow:
 * (1 − y)·x + (1 + (w − 1)·y)·softplus(−x).
 *
 * @throws ShapeError where the shapes differ; ValueError for an unknown reduction.
 *
 * @example
 * ```ts
 * import { bceWithLogits } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * bceWithLogits(tensor([1e4, -1e4]), tensor([1, 0])).item(); // => 0
 * ```
 */
export function bceWithLogits(
  logits: Tensor,
  target: Tensor,
  { positiveWeight, reduction }: BceOptions = {},
): Tensor {
  checkSameShape('bceWithLogits', 'logits and target', logits, target);
  const positive = logits.neg().softplus();
  const weighted =
    positiveWeight === undefined
      ? positive
      : positive.mul(target.mul(-1).add(1).add(target.mul(positiveWeight)));
  return reduceLoss('bceWithLogits', logits.sub(logits.mul(target)).add(weighted), reduction);
}
