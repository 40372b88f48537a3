import { ValueError, type Tensor } from '@nadir/tensor';

/** How the losses of the elements become the result: their mean, their sum, or themselves. */
export type LossReduction = 'mean' | 'sum' | 'none';

/** Options that all losses share. */
export interface LossOptions {
  /** Default `mean`. */
  readonly reduction?: LossReduction;
}

/** Reduces the losses of the elements. Throws a ValueError that names `op` for an unknown reduction. */
export function reduceLoss(op: string, losses: Tensor, reduction: LossReduction = 'mean'): Tensor {
  switch (reduction) {
    case 'mean':
      return losses.mean();
    case 'sum':
      return losses.sum();
    case 'none':
      return losses;
    default:
      throw new ValueError(`${op}(): reduction must be mean, sum or none, got ${String(reduction)}.`);
  }
}
