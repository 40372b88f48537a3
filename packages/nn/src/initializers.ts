import {
  rand,
  randn,
  ShapeError,
  type FloatDType,
  type Generator,
  type Shape,
  type Tensor,
} from '@nadir/tensor';

/** Where an initializer draws from. */
export interface InitializerOptions {
  /** Default `float32`. */
  readonly dtype?: FloatDType;
  /** Default: the generator that `manualSeed()` seeds. */
  readonly generator?: Generator;
}

/** Numbers that scale with the activation that follows: torch's `calculate_gain`. */
export type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'leakyRelu';

/** Which side of a weight keeps its variance. */
export type FanMode = 'fanIn' | 'fanOut';

/**
 * Inputs and outputs of one unit of a weight `[out, in, ...kernel]`. Throws a ShapeError for fewer than two axes.
 *
 * @example
 * ```ts
 * import { fansOf } from '@nadir/nn';
 * fansOf([64, 32, 3, 3]); // => { fanIn: 288, fanOut: 576 }
 * ```
 */
export function fansOf(shape: Shape): { readonly fanIn: number; readonly fanOut: number } {
  if (shape.length < 2) {
    throw new ShapeError(`fansOf(): needs a weight of at least two axes, got shape [${shape.join(', ')}].`);
  }
  const field = shape.slice(2).reduce((a, b) => a * b, 1);
  return { fanIn: shape[1]! * field, fanOut: shape[0]! * field };
}

/**
 * The recommended gain of an activation; `slope` is that of leaky ReLU, default 0.01.
 *
 * @example
 * ```ts
 * import { gainOf } from '@nadir/nn';
 * gainOf('relu').toFixed(4); // => 1.4142
 * ```
 */
export function gainOf(nonlinearity: Nonlinearity, slope = 0.01): number {
  switch (nonlinearity) {
    case 'linear':
    case 'sigmoid':
      return 1;
    case 'tanh':
      return 5 / 3;
    case 'relu':
      return Math.SQRT2;
    case 'leakyRelu':
      return Math.sqrt(2 / (1 + slope ** 2));
  }
}

/**
 * Values drawn evenly from [low, high).
 *
 * @example
 * ```ts
 * import { uniform } from '@nadir/nn';
 * uniform([100], -1, 1).abs().max().item() <= 1; // => true
 * ```
 */
export function uniform(shape: Shape, low: number, high: number, options: InitializerOptions = {}): Tensor {
  return rand(shape, options)
    .mul(high - low)
    .add(low);
}

/**
 * Values drawn from a normal distribution.
 *
 * @example
 * ```ts
 * import { normal } from '@nadir/nn';
 * normal([2, 3], 0, 0.02).shape; // => [2, 3]
 * ```
 */
export function normal(shape: Shape, mean: number, std: number, options: InitializerOptions = {}): Tensor {
  return randn(shape, options).mul(std).add(mean);
}

/**
 * He et al. 2015: uniform in ± gain·√(3 / fan). Torch's layers use the slope √5, which is ± 1/√fanIn.
 *
 * @example
 * ```ts
 * import { kaimingUniform, Linear } from '@nadir/nn';
 * const layer = new Linear(784, 128);
 * layer.weight.assign(kaimingUniform(layer.weight.shape));
 * ```
 */
export function kaimingUniform(
  shape: Shape,
  options: InitializerOptions & { readonly slope?: number; readonly mode?: FanMode } = {},
): Tensor {
  const { slope = 0, mode = 'fanIn' } = options;
  const bound = gainOf('leakyRelu', slope) * Math.sqrt(3 / fansOf(shape)[mode]);
  return uniform(shape, -bound, bound, options);
}

/**
 * He et al. 2015: normal with deviation gain / √fan.
 *
 * @example
 * ```ts
 * import { kaimingNormal } from '@nadir/nn';
 * kaimingNormal([128, 784], { mode: 'fanOut' }).shape; // => [128, 784]
 * ```
 */
export function kaimingNormal(
  shape: Shape,
  options: InitializerOptions & { readonly slope?: number; readonly mode?: FanMode } = {},
): Tensor {
  const { slope = 0, mode = 'fanIn' } = options;
  return normal(shape, 0, gainOf('leakyRelu', slope) / Math.sqrt(fansOf(shape)[mode]), options);
}

/**
 * Glorot and Bengio 2010: uniform in ± gain·√(6 / (fanIn + fanOut)).
 *
 * @example
 * ```ts
 * import { gainOf, xavierUniform } from '@nadir/nn';
 * xavierUniform([128, 784], { gain: gainOf('tanh') }).shape; // => [128, 784]
 * ```
 */
export function xavierUniform(
  shape: Shape,
  options: InitializerOptions & { readonly gain?: number } = {},
): Tensor {
  const { fanIn, fanOut } = fansOf(shape);
  const bound = (options.gain ?? 1) * Math.sqrt(6 / (fanIn + fanOut));
  return uniform(shape, -bound, bound, options);
}

/**
 * Glorot and Bengio 2010: normal with deviation gain·√(2 / (fanIn + fanOut)).
 *
 * @example
 * ```ts
 * import { xavierNormal } from '@nadir/nn';
 * xavierNormal([128, 784]).shape; // => [128, 784]
 * ```
 */
export function xavierNormal(
  shape: Shape,
  options: InitializerOptions & { readonly gain?: number } = {},
): Tensor {
  const { fanIn, fanOut } = fansOf(shape);
  return normal(shape, 0, (options.gain ?? 1) * Math.sqrt(2 / (fanIn + fanOut)), options);
}
