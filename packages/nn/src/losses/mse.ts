import { ShapeError, type Tensor } from '@nadir/tensor';
import { reduceLoss, type LossOptions } from './reduction.ts';

/**
 * (prediction − target)², averaged over all elements: a scalar, or the shape of the operands with `reduction: 'none'`.
 *
 * @throws ShapeError where the shapes differ; broadcasting here is nearly always a mistake.
 *
 * @example
 * ```ts
 * import { mseLoss } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * mseLoss(tensor([1, 2]), tensor([1, 4])).item(); // => 2
 * ```
 */
export function mseLoss(prediction: Tensor, target: Tensor, { reduction }: LossOptions = {}): Tensor {
  if (prediction.shape.join() !== target.shape.join()) {
    throw new ShapeError(
      `mseLoss(): prediction and target must have one shape, got [${prediction.shape.join(', ')}] and ` +
        `[${target.shape.join(', ')}]. Reshape one of them.`,
    );
  }
  return reduceLoss('mseLoss', prediction.sub(target).square(), reduction);
}
