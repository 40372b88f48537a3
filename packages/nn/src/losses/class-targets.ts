import {
  DTypeError,
  formatShape,
  IndexError,
  isRecording,
  sameShape,
  ShapeError,
  take,
  where,
  type Tensor,
} from '@nadir/tensor';
import { reduceLoss, type LossOptions, type LossReduction } from './reduction.ts';

/** Options of losses of class indices. */
export interface ClassLossOptions extends LossOptions {
  /** How much each class counts: a tensor `[C]`. `mean` then divides by the weights of the targets. Default: all alike. */
  readonly weight?: Tensor;
  /** A target that does not count at all. Default: none; the −100 that torch assumes must be given. */
  readonly ignoreIndex?: number;
}

/** Class indices, made safe to look up, and how much each of them counts. */
export interface ClassTargets {
  /** int32, one per sample; 0 for those that are ignored. */
  readonly index: Tensor;
  /** False for those that are ignored; null where none can be. */
  readonly kept: Tensor | null;
  /** The weight of each target, 0 for those that are ignored; null where all count 1. */
  readonly share: Tensor | null;
}

/** Indices have values only outside recorded programs; inside, the lookup itself checks them. */
function checkRange(op: string, target: Tensor, classes: number, ignoreIndex: number | undefined): void {
  if (isRecording()) return;
  const { data } = target;
  for (let i = 0; i < data.length; i++) {
    const index = data[i]!;
    if ((index >= 0 && index < classes) || index === ignoreIndex) continue;
    const hint = index === -100 ? ' Pass { ignoreIndex: -100 } to leave such targets out.' : '';
    throw new IndexError(
      `${op}(): a class index must be 0 to ${classes - 1}, got ${index} at position ${i} of the targets.${hint}`,
    );
  }
}

/** Checks weights of the classes of `scores` `[N, C, …]`, and casts them. */
export function classWeight(op: string, scores: Tensor, weight: Tensor): Tensor {
  if (!sameShape(weight.shape, [scores.shape[1]!])) {
    throw new ShapeError(
      `${op}(): weight must be [${scores.shape[1]}], one number per class of ${formatShape(scores.shape)}, ` +
        `got ${formatShape(weight.shape)}.`,
    );
  }
  return weight.cast(scores.dtype);
}

/** Checks the targets of `scores` `[N, C, …]`: integers `[N, …]`. */
export function classTargets(
  op: string,
  scores: Tensor,
  target: Tensor,
  { weight, ignoreIndex }: ClassLossOptions,
): ClassTargets {
  const [batch, classes, ...rest] = scores.shape as readonly [number, number, ...number[]];
  if (!sameShape(target.shape, [batch, ...rest])) {
    throw new ShapeError(
      `${op}(): class indices for ${formatShape(scores.shape)} must be ${formatShape([batch, ...rest])}, ` +
        `got ${formatShape(target.shape)}.`,
    );
  }
  if (target.dtype !== 'int32' && target.dtype !== 'uint8') {
    throw new DTypeError(`${op}(): class indices must be int32 or uint8, got ${target.dtype}.`);
  }
  checkRange(op, target, classes, ignoreIndex);
  const integers = target.cast('int32');
  const kept = ignoreIndex === undefined ? null : integers.ne(ignoreIndex);
  const index = kept === null ? integers : where(kept, integers, 0);
  const weights = weight === undefined ? null : take(classWeight(op, scores, weight), index, 0);
  if (kept === null) return { index, kept, share: weights };
  return { index, kept, share: weights === null ? kept.cast(scores.dtype) : where(kept, weights, 0) };
}

/** −score of each target, times its weight. */
export function targetLosses(logProbabilities: Tensor, { index, share }: ClassTargets): Tensor {
  const losses = logProbabilities.takeAlongAxis(index.unsqueeze(1), 1).squeeze(1).neg();
  return share === null ? losses : losses.mul(share);
}

/** Leaves out what is ignored and reduces; the mean is over the weights. */
export function reduceShared(
  op: string,
  losses: Tensor,
  { kept, share }: ClassTargets,
  reduction: LossReduction | undefined,
): Tensor {
  const counted = kept === null ? losses : where(kept, losses, 0);
  const isMean = reduction === undefined || reduction === 'mean';
  return share !== null && isMean ? counted.sum().div(share.sum()) : reduceLoss(op, counted, reduction);
}
