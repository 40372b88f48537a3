import { apply } from '../dispatch.ts';
import { isFloat, promoteDTypes } from '../dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../errors.ts';
import { binary } from '../operands.ts';
import type { ImagePadding, Pair } from '../primitives.ts';
import { checkInteger, formatShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { cast, reshape } from './shape.ts';
import { checkWindow, pairOf, symmetric, type Size2d } from './window.ts';

/** `'valid'`: none. `'same'`: as much as keeps the size at stride 1, the odd element after. */
export type NamedPadding = 'same' | 'valid';

/** Options of `conv1d()`. */
export interface Conv1dOptions {
  /** `[filters]`, added to every output channel. */
  readonly bias?: Tensor;
  /** Default 1. */
  readonly stride?: number;
  /** Zeros on both sides. Default 0. */
  readonly padding?: number | NamedPadding;
  /** Distance of neighbouring taps. Default 1. */
  readonly dilation?: number;
  /** Blocks of channels that do not see each other. Default 1. */
  readonly groups?: number;
}

/** Options of `conv2d()`. */
export interface Conv2dOptions {
  /** `[filters]`, added to every output channel. */
  readonly bias?: Tensor;
  /** Default 1. */
  readonly stride?: Size2d;
  /** Zeros on both sides of height and of width. Default 0. */
  readonly padding?: Size2d | NamedPadding;
  /** Distance of neighbouring taps. Default 1. */
  readonly dilation?: Size2d;
  /** Blocks of channels that do not see each other. Default 1. */
  readonly groups?: number;
}

/** Options of `convTranspose2d()`. */
export interface ConvTranspose2dOptions {
  /** `[filters]`, added to every output channel. */
  readonly bias?: Tensor;
  /** Default 1. */
  readonly stride?: Size2d;
  /** Rows and columns that are cut off on both sides. Default 0. */
  readonly padding?: Size2d;
  /** Rows and columns added at the end, fewer than the stride. Default 0. */
  readonly outputPadding?: Size2d;
  /** Distance of neighbouring taps. Default 1. */
  readonly dilation?: Size2d;
  /** Blocks of channels that do not see each other. Default 1. */
  readonly groups?: number;
}

function shapesOf(x: Tensor, weight: Tensor): string {
  return `${formatShape(x.shape)} and ${formatShape(weight.shape)}`;
}

/** Input, weight and bias in one float dtype. */
function inOneDType(
  op: string,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
): readonly [Tensor, Tensor, Tensor | undefined] {
  const dtype = promoteDTypes(x.dtype, weight.dtype);
  if (!isFloat(dtype)) {
    throw new DTypeError(
      `${op}(): needs float32 or float64, got ${x.dtype} and ${weight.dtype}. Cast them first.`,
    );
  }
  return [cast(x, dtype), cast(weight, dtype), bias === undefined ? undefined : cast(bias, dtype)];
}

function addBias(op: string, x: Tensor, bias: Tensor | undefined): Tensor {
  if (bias === undefined) return x;
  const filters = x.shape[1]!;
  if (bias.rank !== 1 || bias.size !== filters) {
    throw new ShapeError(
      `${op}(): bias must have shape [${filters}], one number per output channel, got ${formatShape(bias.shape)}.`,
    );
  }
  return binary(op, 'add', x, reshape(bias, [filters, 1, 1]));
}

/** Images as a batch, `rank` axes with it: a single one gets a batch of 1. */
function checkRanks(op: string, x: Tensor, weight: Tensor, rank: number): void {
  if (weight.rank === rank && (x.rank === rank || x.rank === rank - 1)) return;
  const names = rank === 4 ? ['[N, C, H, W] or [C, H, W]', 4] : ['[N, C, L] or [C, L]', 3];
  throw new ShapeError(
    `${op}(): needs an input of ${names[0]} and a weight with ${names[1]} axes, got ${shapesOf(x, weight)}.`,
  );
}

function checkChannels(op: string, x: Tensor, weight: Tensor, groups: number): void {
  checkInteger(op, 'groups', groups, 1);
  const channels = x.shape[1]!;
  const filters = weight.shape[0]!;
  if (channels !== weight.shape[1]! * groups || filters % groups !== 0) {
    throw new ShapeError(
      `${op}(): a weight of [filters, channels / groups, …] must fit ${channels} channels and ${groups} groups, ` +
        `got ${shapesOf(x, weight)}. Filters must be a multiple of the groups.`,
    );
  }
}

function resolvePadding(
  op: string,
  padding: Size2d | NamedPadding,
  kernel: Pair,
  stride: Pair,
  dilation: Pair,
): ImagePadding {
  if (padding === 'valid') return symmetric([0, 0]);
  if (padding !== 'same') return symmetric(pairOf(op, 'padding', padding, 0));
  if (stride[0] !== 1 || stride[1] !== 1) {
    throw new ValueError(
      `${op}(): padding 'same' needs stride 1, got ${stride.join(' and ')}. Give a number.`,
    );
  }
  const around = (i: 0 | 1): Pair => {
    const total = dilation[i] * (kernel[i] - 1);
    const before = Math.floor(total / 2);
    return [before, total - before];
  };
  return [around(0), around(1)];
}

/** The convolution of a batch, arguments not yet checked. */
function convolve(op: string, input: Tensor, kernels: Tensor, options: Conv2dOptions): Tensor {
  const [x, weight, bias] = inOneDType(op, input, kernels, options.bias);
  const groups = options.groups ?? 1;
  checkChannels(op, x, weight, groups);
  const kernel: Pair = [weight.shape[2]!, weight.shape[3]!];
  const stride = pairOf(op, 'stride', options.stride ?? 1, 1);
  const dilation = pairOf(op, 'dilation', options.dilation ?? 1, 1);
  const padding = resolvePadding(op, options.padding ?? 0, kernel, stride, dilation);
  checkWindow(op, x.shape, kernel, stride, padding, dilation);
  return addBias(op, apply('conv', [x, weight], { stride, padding, dilation, groups }), bias);
}

/**
 * 2-D convolution (a cross-correlation, as in torch) of images, with channels before height and width.
 *
 * @param x `[N, C, H, W]`, or `[C, H, W]` for one image
 * @param weight `[filters, C / groups, KH, KW]`
 * @returns `[N, filters, H', W']` with H' = ⌊(H + padding − dilation·(KH − 1) − 1) / stride⌋ + 1
 * @throws ShapeError if shapes or groups do not fit; ValueError for an option outside its domain; DTypeError without a float operand
 * @example
 * ```ts
 * import { conv2d, ones } from '@nadir/tensor';
 * const x = ones([1, 1, 3, 3]);
 * conv2d(x, ones([1, 1, 2, 2])).toArray(); // => [[[[4, 4], [4, 4]]]]
 * conv2d(x, ones([8, 1, 3, 3]), { padding: 'same' }).shape; // => [1, 8, 3, 3]
 * ```
 */
export function conv2d(x: Tensor, weight: Tensor, options: Conv2dOptions = {}): Tensor {
  checkRanks('conv2d', x, weight, 4);
  if (x.rank === 4) return convolve('conv2d', x, weight, options);
  const out = convolve('conv2d', reshape(x, [1, ...x.shape]), weight, options);
  return reshape(out, out.shape.slice(1));
}

/**
 * 1-D convolution (a cross-correlation, as in torch) of sequences, with channels before the length.
 *
 * @param x `[N, C, L]`, or `[C, L]` for one sequence
 * @param weight `[filters, C / groups, K]`
 * @returns `[N, filters, L']` with L' = ⌊(L + padding − dilation·(K − 1) − 1) / stride⌋ + 1
 * @throws ShapeError if shapes or groups do not fit; ValueError for an option outside its domain; DTypeError without a float operand
 * @example
 * ```ts
 * import { conv1d, tensor } from '@nadir/tensor';
 * conv1d(tensor([[[1, 2, 3, 4]]]), tensor([[[1, -1]]])).toArray(); // => [[[-1, -1, -1]]]
 * ```
 */
export function conv1d(x: Tensor, weight: Tensor, options: Conv1dOptions = {}): Tensor {
  checkRanks('conv1d', x, weight, 3);
  const sequences = x.rank === 3 ? x : reshape(x, [1, ...x.shape]);
  checkChannels('conv1d', sequences, weight, options.groups ?? 1);
  const { stride = 1, padding = 0, dilation = 1, ...rest } = options;
  const [count, channels, width] = sequences.shape as readonly [number, number, number];
  const images = reshape(sequences, [count, channels, 1, width]);
  const kernels = reshape(weight, [weight.shape[0]!, weight.shape[1]!, 1, weight.shape[2]!]);
  const out = convolve('conv1d', images, kernels, {
    ...rest,
    stride: [1, stride],
    padding: typeof padding === 'number' ? [0, padding] : padding,
    dilation: [1, dilation],
  });
  const [batch, filters, , length] = out.shape as readonly [number, number, number, number];
  return reshape(out, x.rank === 3 ? [batch, filters, length] : [filters, length]);
}

/**
 * Transposed 2-D convolution: the gradient of {@link conv2d} with respect to its images, as an operation of its own.
 *
 * @param x `[N, C, H, W]`, or `[C, H, W]` for one image
 * @param weight `[C, filters / groups, KH, KW]`
 * @returns `[N, filters, H', W']` with H' = (H − 1)·stride − 2·padding + dilation·(KH − 1) + outputPadding + 1
 * @throws ShapeError if shapes or groups do not fit; ValueError for an option outside its domain; DTypeError without a float operand
 * @example
 * ```ts
 * import { convTranspose2d, ones } from '@nadir/tensor';
 * convTranspose2d(ones([1, 1, 2, 2]), ones([1, 1, 2, 2]), { stride: 2 }).shape; // => [1, 1, 4, 4]
 * ```
 */
export function convTranspose2d(x: Tensor, weight: Tensor, options: ConvTranspose2dOptions = {}): Tensor {
  const op = 'convTranspose2d';
  checkRanks(op, x, weight, 4);
  if (x.rank === 3) {
    const out = convTranspose2d(reshape(x, [1, ...x.shape]), weight, options);
    return reshape(out, out.shape.slice(1));
  }
  const [images, kernels, bias] = inOneDType(op, x, weight, options.bias);
  const groups = options.groups ?? 1;
  checkInteger(op, 'groups', groups, 1);
  const channels = images.shape[1]!;
  if (channels !== kernels.shape[0] || channels % groups !== 0) {
    throw new ShapeError(
      `${op}(): a weight of [channels, filters / groups, KH, KW] must fit ${channels} channels and ${groups} groups, ` +
        `got ${shapesOf(x, weight)}. Channels must be a multiple of the groups.`,
    );
  }
  const stride = pairOf(op, 'stride', options.stride ?? 1, 1);
  const dilation = pairOf(op, 'dilation', options.dilation ?? 1, 1);
  const cut = pairOf(op, 'padding', options.padding ?? 0, 0);
  const extra = pairOf(op, 'outputPadding', options.outputPadding ?? 0, 0);
  if (extra[0] >= stride[0] || extra[1] >= stride[1]) {
    throw new ValueError(`${op}(): outputPadding must be below the stride, got ${extra.join(' and ')}.`);
  }
  const sizeOf = (i: 0 | 1): number =>
    (images.shape[2 + i]! - 1) * stride[i] -
    2 * cut[i] +
    dilation[i] * (kernels.shape[2 + i]! - 1) +
    extra[i] +
    1;
  const size: Pair = [sizeOf(0), sizeOf(1)];
  if (size[0] < 1 || size[1] < 1) {
    throw new ShapeError(
      `${op}(): the padding must leave something, got an output of ${size.join(' by ')} for ${shapesOf(x, weight)}.`,
    );
  }
  const attributes = { stride, padding: symmetric(cut), dilation, groups, size };
  return addBias(op, apply('convInputGrad', [images, kernels], attributes), bias);
}
