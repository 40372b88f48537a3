import { convTranspose2d, type ConvTranspose2dOptions, type Tensor } from '@nadir/tensor';
import { Module } from '../module.ts';
import {
  checkConvolution,
  describeConvolution,
  initialConvolution,
  type ConvolutionLayerOptions,
} from './convolution.ts';

/** Options of {@link ConvTranspose2d}. */
export interface ConvTranspose2dLayerOptions
  extends ConvolutionLayerOptions, Omit<ConvTranspose2dOptions, 'bias'> {}

/**
 * The transpose of a 2-D convolution, which makes images larger: `[N, inChannels, H, W]` → `[N, outChannels, H′, W′]`.
 * Weight `[inChannels, outChannels / groups, KH, KW]` and bias start uniform in ± 1/√(outChannels / groups·KH·KW), as in
 * torch.
 *
 * @throws ValueError where the groups do not divide the channels.
 *
 * @example
 * ```ts
 * import { ConvTranspose2d } from '@nadir/nn';
 * import { ones } from '@nadir/tensor';
 * const layer = new ConvTranspose2d(8, 4, 2, { stride: 2 });
 * layer(ones([1, 8, 7, 7])).shape; // => [ 1, 4, 14, 14 ]
 * ```
 */
export class ConvTranspose2d extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly #operation: Omit<ConvTranspose2dOptions, 'bias'>;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly [number, number],
    options: ConvTranspose2dLayerOptions = {},
  ) {
    super();
    const { bias: _bias, dtype: _dtype, generator: _generator, ...operation } = options;
    this.#operation = operation;
    const { groups = 1 } = operation;
    checkConvolution('ConvTranspose2d', inChannels, outChannels, kernelSize, groups);
    const [height, width] = typeof kernelSize === 'number' ? [kernelSize, kernelSize] : kernelSize;
    const initial = initialConvolution(
      [inChannels, outChannels / groups, height, width],
      outChannels,
      options,
    );
    this.weight = this.parameter(initial.weight);
    this.bias = initial.bias && this.parameter(initial.bias);
  }

  override forward(x: Tensor): Tensor {
    return convTranspose2d(x, this.weight, { ...this.#operation, ...(this.bias && { bias: this.bias }) });
  }

  protected override describe(): string {
    const [inChannels, perGroup, ...kernel] = this.weight.shape as [number, number, number, number];
    const channels = [inChannels, perGroup * (this.#operation.groups ?? 1)] as const;
    return describeConvolution(channels, kernel, this.#operation, this.bias);
  }
}
