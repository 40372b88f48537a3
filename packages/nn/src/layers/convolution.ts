import { conv2d, type Conv2dOptions, type Generator, type Tensor } from '@nadir/tensor';
import { kaimingUniform, uniform } from '../initializers.ts';
import { Module, type LayerOptions } from '../module.ts';

/** Options of {@link Conv2d}. */
export interface Conv2dLayerOptions extends LayerOptions, Omit<Conv2dOptions, 'bias'> {
  /** Add a learned bias per output channel. Default true. */
  readonly bias?: boolean;
  /** Source of the initial values. Default: the generator that `manualSeed()` seeds. */
  readonly generator?: Generator;
}

/**
 * 2-D convolution of images `[N, inChannels, H, W]` → `[N, outChannels, H′, W′]`. Weight
 * `[outChannels, inChannels / groups, KH, KW]` and bias start uniform in ± 1/√(fan in), as in torch.
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
  readonly #options: Omit<Conv2dOptions, 'bias'>;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly [number, number],
    { bias = true, dtype, generator, ...options }: Conv2dLayerOptions = {},
  ) {
    super();
    this.#options = options;
    const [height, width] = typeof kernelSize === 'number' ? [kernelSize, kernelSize] : kernelSize;
    const shape = [outChannels, inChannels / (options.groups ?? 1), height, width];
    const source = {
      ...(dtype === undefined ? {} : { dtype }),
      ...(generator === undefined ? {} : { generator }),
    };
    this.weight = this.parameter(kaimingUniform(shape, { ...source, slope: Math.sqrt(5) }));
    const bound = 1 / Math.sqrt(shape[1]! * height * width);
    this.bias = bias ? this.parameter(uniform([outChannels], -bound, bound, source)) : null;
  }

  override forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, this.bias === null ? this.#options : { ...this.#options, bias: this.bias });
  }

  protected override describe(): string {
    const [out, perGroup, height, width] = this.weight.shape;
    return `${perGroup! * (this.#options.groups ?? 1)}, ${out}, kernelSize: [${height}, ${width}]`;
  }
}
