import {
  batchNorm,
  layerNorm,
  ones,
  rmsNorm,
  ShapeError,
  zeros,
  type Shape,
  type Tensor,
} from '@nadir/tensor';
import { Module, type LayerOptions } from '../module.ts';
import { checkSize, checkSizes } from './size-check.ts';

/** Options of {@link LayerNorm}. */
export interface LayerNormLayerOptions extends LayerOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
  /** Learn a scale and a shift. Default true. */
  readonly affine?: boolean;
}

/**
 * Normalizes the last axes, of shape `normalizedShape`, to mean 0 and variance 1, then scales and shifts (Ba et al. 2016).
 *
 * @throws ShapeError for an input with other last axes.
 *
 * @example
 * ```ts
 * import { LayerNorm } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * new LayerNorm(2)(tensor([[1, 5]])).round().toArray(); // => [[-1, 1]]
 * ```
 */
export class LayerNorm extends Module {
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  readonly #shape: Shape;
  readonly #eps: number;

  constructor(
    normalizedShape: number | Shape,
    { eps = 1e-5, affine = true, dtype = 'float32' }: LayerNormLayerOptions = {},
  ) {
    super();
    checkSizes('LayerNorm', 'normalizedShape', normalizedShape);
    this.#shape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape;
    this.#eps = eps;
    this.weight = affine ? this.parameter(ones(this.#shape, { dtype })) : null;
    this.bias = affine ? this.parameter(zeros(this.#shape, { dtype })) : null;
  }

  override forward(x: Tensor): Tensor {
    return layerNorm(x, this.#shape, { weight: this.weight, bias: this.bias, eps: this.#eps });
  }

  protected override describe(): string {
    return `[${this.#shape.join(', ')}], eps: ${this.#eps}`;
  }
}

/** Options of {@link RMSNorm}. */
export interface RMSNormLayerOptions extends LayerOptions {
  /** Added to the mean square. Default: the machine epsilon of the input's dtype, as in torch. */
  readonly eps?: number;
  /** Learn a scale. Default true. */
  readonly affine?: boolean;
}

/**
 * Divides the last axes, of shape `normalizedShape`, by their root mean square, then scales (Zhang and Sennrich 2019).
 *
 * @throws ShapeError for an input with other last axes.
 *
 * @example
 * ```ts
 * import { RMSNorm } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * new RMSNorm(2)(tensor([[3, -3]])).round().toArray(); // => [[1, -1]]
 * ```
 */
export class RMSNorm extends Module {
  readonly weight: Tensor | null;
  readonly #shape: Shape;
  readonly #eps: number | undefined;

  constructor(
    normalizedShape: number | Shape,
    { eps, affine = true, dtype = 'float32' }: RMSNormLayerOptions = {},
  ) {
    super();
    checkSizes('RMSNorm', 'normalizedShape', normalizedShape);
    this.#shape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape;
    this.#eps = eps;
    this.weight = affine ? this.parameter(ones(this.#shape, { dtype })) : null;
  }

  override forward(x: Tensor): Tensor {
    const eps = this.#eps;
    return rmsNorm(x, this.#shape, { weight: this.weight, ...(eps !== undefined && { eps }) });
  }

  protected override describe(): string {
    return `[${this.#shape.join(', ')}]${this.#eps === undefined ? '' : `, eps: ${this.#eps}`}`;
  }
}

/** Options of {@link BatchNorm1d} and {@link BatchNorm2d}. */
export interface BatchNormLayerOptions extends LayerOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
  /** Share of each batch in the running statistics; null averages all batches alike. Default 0.1. */
  readonly momentum?: number | null;
  /** Learn a scale and a shift. Default true. */
  readonly affine?: boolean;
}

/** What the batch normalizations share: statistics per channel (axis 1) over all other axes. */
abstract class BatchNorm extends Module {
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  readonly runningMean: Tensor;
  readonly runningVar: Tensor;
  readonly numBatchesTracked: Tensor;
  readonly #eps: number;
  readonly #momentum: number | null;

  constructor(
    channels: number,
    { eps = 1e-5, momentum = 0.1, affine = true, dtype = 'float32' }: BatchNormLayerOptions = {},
  ) {
    super();
    checkSize(new.target.name, 'channels', channels);
    this.#eps = eps;
    this.#momentum = momentum;
    this.weight = affine ? this.parameter(ones([channels], { dtype })) : null;
    this.bias = affine ? this.parameter(zeros([channels], { dtype })) : null;
    this.runningMean = this.buffer('runningMean', zeros([channels], { dtype }));
    this.runningVar = this.buffer('runningVar', ones([channels], { dtype }));
    this.numBatchesTracked = this.buffer('numBatchesTracked', zeros([], { dtype: 'int32' }));
  }

  /** Numbers of axes that the input may have. */
  protected abstract get ranks(): readonly number[];

  override forward(x: Tensor): Tensor {
    if (!this.ranks.includes(x.rank) || x.shape[1] !== this.runningMean.size) {
      throw new ShapeError(
        `${Object.getPrototypeOf(this).constructor.name}(): needs ${this.ranks.join(' or ')} axes with ` +
          `${this.runningMean.size} channels on axis 1, got shape [${x.shape.join(', ')}].`,
      );
    }
    const training = this.training;
    const count = this.numBatchesTracked.add(1);
    const output = batchNorm(x, {
      runningMean: this.runningMean,
      runningVariance: this.runningVar,
      weight: this.weight,
      bias: this.bias,
      training,
      momentum: this.#momentum ?? count.cast('float64').reciprocal(),
      eps: this.#eps,
    });
    // After the checks of the batch: one that is refused does not count.
    if (training) this.numBatchesTracked.assign(count);
    return output;
  }

  protected override describe(): string {
    return `${this.runningMean.size}, eps: ${this.#eps}, momentum: ${this.#momentum}`;
  }
}

/**
 * Batch normalization of `[N, C]` or `[N, C, L]` (Ioffe and Szegedy 2015). In evaluation it uses the running statistics.
 *
 * @throws ShapeError for another number of axes or channels, and one value per channel in training.
 *
 * @example
 * ```ts
 * import { BatchNorm1d } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * const layer = new BatchNorm1d(1);
 * layer(tensor([[1], [5]])).round().toArray(); // => [[-1], [1]]
 * layer.runningMean.item().toFixed(1); // => 0.3
 * ```
 */
export class BatchNorm1d extends BatchNorm {
  protected override get ranks(): readonly number[] {
    return [2, 3];
  }
}

/**
 * Batch normalization of images `[N, C, H, W]` (Ioffe and Szegedy 2015). In evaluation it uses the running statistics.
 *
 * @throws ShapeError for another number of axes or channels, and one value per channel in training.
 *
 * @example
 * ```ts
 * import { BatchNorm2d } from '@nadir/nn';
 * import { randn } from '@nadir/tensor';
 * const layer = new BatchNorm2d(3);
 * layer(randn([4, 3, 8, 8])).shape; // => [4, 3, 8, 8]
 * ```
 */
export class BatchNorm2d extends BatchNorm {
  protected override get ranks(): readonly number[] {
    return [4];
  }
}
