import { ShapeError, ValueError } from '../errors.ts';
import { windowCount } from '../inference.ts';
import type { ImagePadding, Pair } from '../primitives.ts';
import { formatShape, type Shape } from '../shape.ts';

/** One number for height and width, or one for each. */
export type Size2d = number | readonly [height: number, width: number];

/** `value` as whole numbers of at least `least`. Throws a ValueError that names `op` and `name`. */
export function pairOf(op: string, name: string, value: Size2d, least: number): Pair {
  const pair: Pair = typeof value === 'number' ? [value, value] : [value[0], value[1]];
  for (const size of pair) {
    if (!Number.isInteger(size) || size < least) {
      throw new ValueError(
        `${op}(): ${name} must be a whole number of at least ${least} or two of them, got ${JSON.stringify(value)}.`,
      );
    }
  }
  return pair;
}

/** As many zeros after as before. */
export function symmetric([height, width]: Pair): ImagePadding {
  return [
    [height, height],
    [width, width],
  ];
}

/** Throws a ShapeError unless a window of `kernel` fits into an image with its padding. */
export function checkWindow(
  op: string,
  image: Shape,
  kernel: Pair,
  stride: Pair,
  padding: ImagePadding,
  dilation: Pair,
): void {
  for (const i of [0, 1] as const) {
    const size = image[image.length - 2 + i]!;
    if (windowCount(size, kernel[i], stride[i], padding[i], dilation[i]) < 1) {
      throw new ShapeError(
        `${op}(): the window must fit into the padded image, got ${i === 0 ? 'height' : 'width'} ` +
          `${dilation[i] * (kernel[i] - 1) + 1} in ${size + padding[i][0] + padding[i][1]} for images of ${formatShape(image)}. ` +
          'Use a smaller kernel or more padding.',
      );
    }
  }
}
