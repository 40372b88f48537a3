import { apply } from '../dispatch.ts';
import type { FloatDType } from '../dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../errors.ts';
import { binary, expandTo, toFloat } from '../operands.ts';
import { none } from '../primitives.ts';
import { formatShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { cast, reshape } from './shape.ts';
import { checkWindow, pairOf, symmetric, type Size2d } from './window.ts';

/** Options of `maxPool2d()`. */
export interface MaxPool2dOptions {
  readonly kernelSize: Size2d;
  /** Default: the kernel's size. */
  readonly stride?: Size2d;
  /** Rows and columns around the image, at most half of the kernel; they never win. Default 0. */
  readonly padding?: Size2d;
  /** Distance of neighbouring elements of a window. Default 1. */
  readonly dilation?: Size2d;
}

/** Options of `avgPool2d()`. */
export interface AvgPool2dOptions {
  readonly kernelSize: Size2d;
  /** Default: the kernel's size. */
  readonly stride?: Size2d;
  /** Zeros around the image, at most half of the kernel. Default 0. */
  readonly padding?: Size2d;
  /** Divide by the kernel's size even where it overlaps the padding. Default true. */
  readonly countIncludePad?: boolean;
}

/** Runs `pool` on a batch of images; one image gets a batch of 1 for it. */
function onBatch(op: string, x: Tensor, pool: (images: Tensor) => Tensor): Tensor {
  if (x.rank === 4) return pool(x);
  if (x.rank !== 3) {
    throw new ShapeError(`${op}(): needs [N, C, H, W] or [C, H, W], got ${formatShape(x.shape)}.`);
  }
  const out = pool(reshape(x, [1, ...x.shape]));
  return reshape(out, out.shape.slice(1));
}

function checkPadding(
  op: string,
  padding: readonly [number, number],
  kernel: readonly [number, number],
): void {
  if (padding[0] * 2 <= kernel[0] && padding[1] * 2 <= kernel[1]) return;
  throw new ValueError(
    `${op}(): padding must be at most half of the kernel, got ${padding.join(' and ')} for a kernel of ${kernel.join(' by ')}.`,
  );
}

/**
 * The greatest element of each window of an image. NaN wins; among equals the first, which alone receives the gradient.
 *
 * @param x `[N, C, H, W]`, or `[C, H, W]` for one image; integers too
 * @returns `[N, C, H', W']` with H' = ⌊(H + 2·padding − dilation·(KH − 1) − 1) / stride⌋ + 1
 * @throws ShapeError if the window does not fit; ValueError for an option outside its domain; DTypeError for bool
 * @example
 * ```ts
 * import { arange, maxPool2d } from '@nadir/tensor';
 * maxPool2d(arange(16).reshape([1, 4, 4]), { kernelSize: 2 }).toArray(); // => [[[5, 7], [13, 15]]]
 * ```
 */
export function maxPool2d(x: Tensor, options: MaxPool2dOptions): Tensor {
  const op = 'maxPool2d';
  if (x.dtype === 'bool') throw new DTypeError(`${op}(): needs numbers, got bool. Cast to uint8.`);
  const kernel = pairOf(op, 'kernelSize', options.kernelSize, 1);
  const stride = pairOf(op, 'stride', options.stride ?? kernel, 1);
  const dilation = pairOf(op, 'dilation', options.dilation ?? 1, 1);
  const around = pairOf(op, 'padding', options.padding ?? 0, 0);
  checkPadding(op, around, kernel);
  const padding = symmetric(around);
  return onBatch(op, x, (images) => {
    checkWindow(op, images.shape, kernel, stride, padding, dilation);
    return apply('maxPool', [images], { kernel, stride, padding, dilation });
  });
}

/**
 * The mean of each window of an image.
 *
 * @param x `[N, C, H, W]`, or `[C, H, W]` for one image; integers become float32
 * @returns `[N, C, H', W']` with H' = ⌊(H + 2·padding − KH) / stride⌋ + 1
 * @throws ShapeError if the window does not fit; ValueError for an option outside its domain
 * @example
 * ```ts
 * import { arange, avgPool2d } from '@nadir/tensor';
 * avgPool2d(arange(16).reshape([1, 4, 4]), { kernelSize: 2 }).toArray(); // => [[[2.5, 4.5], [10.5, 12.5]]]
 * ```
 */
export function avgPool2d(x: Tensor, options: AvgPool2dOptions): Tensor {
  const op = 'avgPool2d';
  const kernel = pairOf(op, 'kernelSize', options.kernelSize, 1);
  const stride = pairOf(op, 'stride', options.stride ?? kernel, 1);
  const around = pairOf(op, 'padding', options.padding ?? 0, 0);
  checkPadding(op, around, kernel);
  const padding = symmetric(around);
  const countIncludePad = options.countIncludePad ?? true;
  return onBatch(op, toFloat(x), (images) => {
    checkWindow(op, images.shape, kernel, stride, padding, [1, 1]);
    return apply('averagePool', [images], { kernel, stride, padding, countIncludePad });
  });
}

/** [out, size]: row i holds 1 / count at the elements ⌊i·size / out⌋ to ⌈(i + 1)·size / out⌉ that it averages. */
function averagingMatrix(size: number, out: number, dtype: FloatDType): Tensor {
  // Made of primitives, so that a recorded program holds how it comes about and no state.
  const row = reshape(apply('iota', [], { size: out, dtype: 'int32' }), [out, 1]);
  const column = apply('iota', [], { size, dtype: 'int32' });
  const first = binary('adaptiveAvgPool2d', 'div', row.mul(size), out);
  const end = binary(
    'adaptiveAvgPool2d',
    'div',
    row
      .add(1)
      .mul(size)
      .add(out - 1),
    out,
  );
  const inside = column.ge(first).logicalAnd(column.lt(end));
  return cast(inside, dtype).div(cast(end.sub(first), dtype));
}

/**
 * The means of as many windows of near-equal size as the output has elements; size 1 is the mean of the whole image.
 *
 * @param x `[N, C, H, W]`, or `[C, H, W]` for one image; integers become float32
 * @param size height and width of the output
 * @throws ShapeError if `x` holds no images; ValueError unless the sizes are whole numbers of at least 1
 * @example
 * ```ts
 * import { adaptiveAvgPool2d, arange } from '@nadir/tensor';
 * adaptiveAvgPool2d(arange(9).reshape([1, 3, 3]), 2).toArray(); // => [[[2, 3], [5, 6]]]
 * ```
 */
export function adaptiveAvgPool2d(x: Tensor, size: Size2d): Tensor {
  const op = 'adaptiveAvgPool2d';
  const [outHeight, outWidth] = pairOf(op, 'size', size, 1);
  return onBatch(op, toFloat(x), (images) => {
    const [batch, channels, height, width] = images.shape as readonly [number, number, number, number];
    if (height === 0 || width === 0) {
      throw new ShapeError(`${op}(): needs images with elements, got ${formatShape(x.shape)}.`);
    }
    if (height % outHeight === 0 && width % outWidth === 0) {
      const kernel = [height / outHeight, width / outWidth] as const;
      return apply('averagePool', [images], {
        kernel,
        stride: kernel,
        padding: symmetric([0, 0]),
        countIncludePad: true,
      });
    }
    const dtype = images.dtype as FloatDType;
    const rows = averagingMatrix(height, outHeight, dtype);
    const columns = averagingMatrix(width, outWidth, dtype).T;
    const left = expandTo(rows, [batch, channels, outHeight, height]);
    const narrow = apply('matmul', [left, images], none);
    return apply('matmul', [narrow, expandTo(columns, [batch, channels, width, outWidth])], none);
  });
}
