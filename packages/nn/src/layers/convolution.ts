import {
  conv1d,
  conv2d,
  ValueError,
  type Conv1dOptions,
  type Conv2dOptions,
  type Generator,
  type Tensor,
} from '@nadir/tensor';
import { kaimingUniform, uniform } from '../initializers.ts';
import { Module, type LayerOptions } from '../module.ts';
import { optionText } from './option-text.ts';
import { checkSize, checkSizes } from './size-check.ts';

/** Options that all convolutions share beside those of their operation. */
export interface ConvolutionLayerOptions extends LayerOptions {
  /** Add a learned bias per output channel. Default true. */
  readonly bias?: boolean;
  /** Source of the initial values. Default: the generator that `manualSeed()` seeds. */
  readonly generator?: Generator;
}

/** Options of {@link Conv1d}. */
export interface Conv1dLayerOptions extends ConvolutionLayerOptions, Omit<Conv1dOptions, 'bias'> {}

/** Options of {@link Conv2d}. */
export interface Conv2dLayerOptions extends ConvolutionLayerOptions, Omit<Conv2dOptions, 'bias'> {}

/** Throws a ValueError that names the layer unless sizes are whole and groups divide the channels on both sides. */
export function checkConvolution(
  layer: string,
  inChannels: number,
  outChannels: number,
  kernelSize: number | readonly number[],
  groups: number,
): void {
  checkSize(layer, 'inChannels', inChannels);
  checkSize(layer, 'outChannels', outChannels);
  checkSizes(layer, 'kernelSize', kernelSize);
  if (groups >= 1 && inChannels % groups === 0 && outChannels % groups === 0) return;
  throw new ValueError(
    `${layer}(): groups must divide the channels on both sides, got ${groups} for ${inChannels} and ${outChannels}.`,
  );
}

/** First values of a weight and its bias: uniform in ± 1/√(fan in), the gain of a leaky ReLU of slope √5, as in torch. */
export function initialConvolution(
  shape: readonly number[],
  outChannels: number,
  { bias = true, dtype = 'float32', generator }: ConvolutionLayerOptions,
): { readonly weight: Tensor; readonly bias: Tensor | null } {
  const source = generator === undefined ? { dtype } : { dtype, generator };
  const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
  const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
  return {
    weight: kaimingUniform(shape, { ...source, slope: Math.sqrt(5) }),
    bias: bias ? uniform([outChannels], -bound, bound, source) : null,
  };
}

/** Channels, kernel, and the options that were given. */
export function describeConvolution(
  [inChannels, outChannels]: readonly [number, number],
  kernel: readonly number[],
  options: object,
  bias: Tensor | null,
): string {
  const kernelSize = kernel.length === 1 ? kernel[0] : kernel;
  const given = { kernelSize, ...options, ...(bias === null && { bias: false }) };
  return `${inChannels}, ${outChannels}, ${optionText(given)}`;
}

/**
 * 1-D convolution of sequences `[N, inChannels, L]` → `[N, outChannels, L′]`. Weight
 * `[outChannels, inChannels / groups, K]` and bias start uniform in ± 1/√(fan in), as in torch.
 *
 * @throws ValueError where the groups do not divide the channels.
 *
 * @example
 * ```ts
 * import { Conv1d } from '@nadir/nn';
 * import { ones } from '@nadir/tensor';
 * const layer = new Conv1d(4, 8, 3, { stride: 2 });
 * layer(ones([2, 4, 9])).shape; // => [ 2, 8, 4 ]
 * ```
 */
export class Conv1d extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly #operation: Omit<Conv1dOptions, 'bias'>;

  constructor(inChannels: number, outChannels: number, kernelSize: number, options: Conv1dLayerOptions = {}) {
    super();
    const { bias: _bias, dtype: _dtype, generator: _generator, ...operation } = options;
    this.#operation = operation;
    const { groups = 1 } = operation;
    checkConvolution('Conv1d', inChannels, outChannels, kernelSize, groups);
    const initial = initialConvolution([outChannels, inChannels / groups, kernelSize], outChannels, options);
    this.weight = this.parameter(initial.weight);
    this.bias = initial.bias && this.parameter(initial.bias);
  }

  override forward(x: Tensor): Tensor {
    return conv1d(x, this.weight, { ...this.#operation, ...(this.bias && { bias: this.bias }) });
  }

  protected override describe(): string {
    const [out, perGroup, size] = this.weight.shape as [number, number, number];
    const channels = [perGroup * (this.#operation.groups ?? 1), out] as const;
    return describeConvolution(channels, [size], this.#operation, this.bias);
  }
}

/**
 * 2-D convolution of images `[N, inChannels, H, W]` → `[N, outChannels, H′, W′]`. Weight
 * `[outChannels, inChannels / groups, KH, KW]` and bias start uniform in ± 1/√(fan in), as in torch.
 *
 * @throws ValueError where the groups do not divide the channels.
 *
 * @example
 * ```ts
 * import { Conv2d } from '@nadir/nn';
 * import { ones } from '@nadir/tensor';
 * const layer = new Conv2d(1, 8, 3, { padding: 'same' });
 * layer(ones([2, 1, 28, 28])).shape; // => [ 2, 8, 28, 28 ]
 * ```
 */
export class Conv2d extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly #operation: Omit<Conv2dOptions, 'bias'>;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly [number, number],
    options: Conv2dLayerOptions = {},
  ) {
    super();
    const { bias: _bias, dtype: _dtype, generator: _generator, ...operation } = options;
    this.#operation = operation;
    const { groups = 1 } = operation;
    checkConvolution('Conv2d', inChannels, outChannels, kernelSize, groups);
    const [height, width] = typeof kernelSize === 'number' ? [kernelSize, kernelSize] : kernelSize;
    const initial = initialConvolution(
      [outChannels, inChannels / groups, height, width],
      outChannels,
      options,
    );
    this.weight = this.parameter(initial.weight);
    this.bias = initial.bias && this.parameter(initial.bias);
  }

  override forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, { ...this.#operation, ...(this.bias && { bias: this.bias }) });
  }

  protected override describe(): string {
    const [out, perGroup, ...kernel] = this.weight.shape as [number, number, number, number];
    const channels = [perGroup * (this.#operation.groups ?? 1), out] as const;
    return describeConvolution(channels, kernel, this.#operation, this.bias);
  }
}
