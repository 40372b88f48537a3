import { isFloat } from '../dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../errors.ts';
import { toFloat } from '../operands.ts';
import { formatShape, sameShape, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { add, mul, rsqrt, sub } from './arithmetic.ts';
import { mean } from './reduction.ts';

/** Options of {@link layerNorm}. */
export interface LayerNormOptions {
  /** Scale, of the normalized shape. Default none. */
  readonly weight?: Tensor | null;
  /** Offset, of the normalized shape. Default none. */
  readonly bias?: Tensor | null;
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
}

/** Options of {@link rmsNorm}. */
export interface RMSNormOptions {
  /** Scale, of the normalized shape. Default none. */
  readonly weight?: Tensor | null;
  /** Added to the mean square. Default: the dtype's machine epsilon, as in torch. */
  readonly eps?: number;
}

/** Options of {@link batchNorm}. */
export interface BatchNormOptions {
  /** Mean of each channel; updated by `assign` in training. Default none. */
  readonly runningMean?: Tensor | null;
  /** Unbiased variance of each channel; updated by `assign` in training. Default none. */
  readonly runningVariance?: Tensor | null;
  /** Scale of each channel. Default none. */
  readonly weight?: Tensor | null;
  /** Offset of each channel. Default none. */
  readonly bias?: Tensor | null;
  /** Normalize by the batch's own statistics and update the running ones. Default false. */
  readonly training?: boolean;
  /** Part of the running statistics that a batch replaces; a 0-d tensor may be given. Default 0.1. */
  readonly momentum?: number | Tensor;
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
}

/** The axes that a normalized shape covers: the last ones. */
function trailingAxes(
  op: string,
  x: Tensor,
  normalizedShape: number | Shape,
  parameters: Readonly<Record<string, Tensor | null | undefined>>,
): number[] {
  const shape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape;
  if (shape.length === 0 || !sameShape(x.shape.slice(-shape.length), shape)) {
    throw new ShapeError(
      `${op}(): the last axes must have the normalized shape, got ${formatShape(x.shape)} and ${formatShape(shape)}.`,
    );
  }
  for (const [name, parameter] of Object.entries(parameters)) {
    if (parameter && !sameShape(parameter.shape, shape)) {
      throw new ShapeError(
        `${op}(): ${name} must have the normalized shape, got ${formatShape(parameter.shape)} and ${formatShape(shape)}.`,
      );
    }
  }
  return shape.map((_, i) => x.rank - shape.length + i);
}

function affine(x: Tensor, weight: Tensor | null | undefined, bias: Tensor | null | undefined): Tensor {
  const scaled = weight ? mul(x, weight) : x;
  return bias ? add(scaled, bias) : scaled;
}

/**
 * (x − mean) / √(variance + eps) over the last axes, which have `normalizedShape`, then scaled by weight and moved by bias.
 * Integers become float32. Options: weight, bias, eps (default 1e-5). Throws a ShapeError for shapes that do not fit.
 * Ba et al. 2016, arXiv:1607.06450.
 *
 * @example
 * ```ts
 * import { layerNorm, tensor } from '@nadir/tensor';
 * layerNorm(tensor([[1, 3], [10, 30]]), 2).round().toArray(); // => [[-1, 1], [-1, 1]]
 * ```
 */
export function layerNorm(
  x: Tensor,
  normalizedShape: number | Shape,
  { weight, bias, eps = 1e-5 }: LayerNormOptions = {},
): Tensor {
  const axes = trailingAxes('layerNorm', x, normalizedShape, { weight, bias });
  const y = toFloat(x);
  const centered = sub(y, mean(y, axes, { keepDims: true }));
  const spread = mean(mul(centered, centered), axes, { keepDims: true });
  return affine(mul(centered, rsqrt(add(spread, eps))), weight, bias);
}

/**
 * x / √(mean(x²) + eps) over the last axes, which have `normalizedShape`, then scaled by weight. Integers become float32.
 * Options: weight, eps (default: the dtype's machine epsilon). Throws a ShapeError for shapes that do not fit.
 * Zhang and Sennrich 2019, arXiv:1910.07467.
 *
 * @example
 * ```ts
 * import { rmsNorm, tensor } from '@nadir/tensor';
 * rmsNorm(tensor([[3, -3], [0.5, 0.5]]), 2).round().toArray(); // => [[1, -1], [1, 1]]
 * ```
 */
export function rmsNorm(
  x: Tensor,
  normalizedShape: number | Shape,
  { weight, eps }: RMSNormOptions = {},
): Tensor {
  const axes = trailingAxes('rmsNorm', x, normalizedShape, { weight });
  const y = toFloat(x);
  const epsilon = eps ?? (y.dtype === 'float64' ? Number.EPSILON : 2 ** -23);
  const power = mean(mul(y, y), axes, { keepDims: true });
  return affine(mul(y, rsqrt(add(power, epsilon))), weight, null);
}

/**
 * (x − mean) / √(variance + eps) of each channel (axis 1 of `[N, C, …]`) over all other axes, then scaled by weight and
 * moved by bias. In training the statistics are the batch's (biased variance), and the running ones move towards them by
 * `momentum` (default 0.1; unbiased variance); else they are the running ones. Options: runningMean, runningVariance,
 * weight, bias (each `[C]`), training (default false), momentum, eps (default 1e-5). Throws a ShapeError for shapes that
 * do not fit or a training batch of one value per channel, a DTypeError for integers, a ValueError for a lack of running
 * statistics outside training. Ioffe and Szegedy 2015, arXiv:1502.03167.
 *
 * @example
 * ```ts
 * import { batchNorm, tensor, zeros } from '@nadir/tensor';
 * const runningMean = zeros([1]);
 * batchNorm(tensor([[1], [3]]), { training: true, runningMean }).round().toArray(); // => [[-1], [1]]
 * runningMean.mul(10).round().toArray(); // => [2]
 * ```
 */
export function batchNorm(
  x: Tensor,
  {
    runningMean,
    runningVariance,
    weight,
    bias,
    training = false,
    momentum = 0.1,
    eps = 1e-5,
  }: BatchNormOptions = {},
): Tensor {
  if (!isFloat(x.dtype)) {
    throw new DTypeError(`batchNorm(): needs float32 or float64, got ${x.dtype}. Cast first.`);
  }
  if (x.rank < 2) {
    throw new ShapeError(`batchNorm(): needs axes [N, C, …], got shape ${formatShape(x.shape)}.`);
  }
  const channels = x.shape[1]!;
  for (const [name, value] of Object.entries({ runningMean, runningVariance, weight, bias })) {
    if (value && !sameShape(value.shape, [channels])) {
      throw new ShapeError(
        `batchNorm(): ${name} must have shape [${channels}], one value per channel of ${formatShape(x.shape)}, ` +
          `got ${formatShape(value.shape)}.`,
      );
    }
  }
  const shape = x.shape.map((_, axis) => (axis === 1 ? channels : 1));
  const column = (value: Tensor) => value.reshape(shape);
  const [scale, offset] = [weight && column(weight), bias && column(bias)];

  if (!training) {
    if (!runningMean || !runningVariance) {
      throw new ValueError(
        'batchNorm(): outside training it needs runningMean and runningVariance. Pass both, or training: true.',
      );
    }
    const centered = sub(x, column(runningMean));
    return affine(mul(centered, rsqrt(add(column(runningVariance), eps))), scale, offset);
  }

  const count = channels === 0 ? 0 : x.size / channels;
  if (count <= 1) {
    throw new ShapeError(
      `batchNorm(): training needs more than one value per channel, got shape ${formatShape(x.shape)}. ` +
        'Use a greater batch, or training: false.',
    );
  }
  const axes = shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const average = mean(x, axes, { keepDims: true });
  const centered = sub(x, average);
  const spread = mean(mul(centered, centered), axes, { keepDims: true });
  if (runningMean) moveTowards(runningMean, average, momentum);
  if (runningVariance) moveTowards(runningVariance, mul(spread.detach(), count / (count - 1)), momentum);
  return affine(mul(centered, rsqrt(add(spread, eps))), scale, offset);
}

function moveTowards(running: Tensor, batch: Tensor, momentum: number | Tensor): void {
  const kept = mul(running.detach(), typeof momentum === 'number' ? 1 - momentum : sub(1, momentum));
  running.assign(add(kept, mul(batch.detach().reshape(running.shape), momentum)));
}
