import type { Tensor } from '@nadir/tensor';
import { reduceLoss, type LossOptions } from './reduction.ts';
import { checkSameShape } from './same-shape.ts';

/**
 * (prediction − target)², averaged over all elements: a scalar, or the shape of the operands with `reduction: 'none'`.
 *
 * @throws ShapeError where the shapes differ; ValueError for an unknown reduction.
 *
 * @example
 * ```ts
 * import { mseLoss } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * mseLoss(tensor([1, 2]), tensor([1, 4])).item(); // => 2
 * ```
 */
export function mseLoss(prediction: Tensor, target: Tensor, { reduction }: LossOptions = {}): Tensor {
  checkSameShape('mseLoss', 'prediction and target', prediction, target);
  return reduceLoss('mseLoss', prediction.sub(target).square(), reduction);
}
