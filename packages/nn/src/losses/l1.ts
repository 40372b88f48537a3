import type { Tensor } from '@nadir/tensor';
import { reduceLoss, type LossOptions } from './reduction.ts';
import { checkSameShape } from './same-shape.ts';

/**
 * |prediction − target|, averaged over all elements. Its gradient is 0 where the two are equal, as in torch.
 *
 * @throws ShapeError where the shapes differ; ValueError for an unknown reduction.
 *
 * @example
 * ```ts
 * import { l1Loss } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * l1Loss(tensor([1, 2]), tensor([2, 5])).item(); // => 2
 * ```
 */
export function l1Loss(prediction: Tensor, target: Tensor, { reduction }: LossOptions = {}): Tensor {
  checkSameShape('l1Loss', 'prediction and target', prediction, target);
  return reduceLoss('l1Loss', prediction.sub(target).abs(), reduction);
}
