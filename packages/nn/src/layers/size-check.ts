import { ValueError } from '@nadir/tensor';

/** Throws a ValueError that names the layer and the argument unless `size` is a whole number ≥ `least`. */
export function checkSize(layer: string, argument: string, size: number, least = 1): void {
  if (Number.isInteger(size) && size >= least) return;
  throw new ValueError(`${layer}(): ${argument} must be a whole number of at least ${least}, got ${size}.`);
}

/** {@link checkSize} for a number or a pair of them. */
export function checkSizes(layer: string, argument: string, sizes: number | readonly number[]): void {
  for (const size of typeof sizes === 'number' ? [sizes] : sizes) checkSize(layer, argument, size);
}
