import { formatShape, sameShape, ShapeError, type Tensor } from '@nadir/tensor';

/** Throws a ShapeError that names `op` unless both have one shape: broadcasting in a loss is nearly always a mistake. */
export function checkSameShape(op: string, what: string, a: Tensor, b: Tensor): void {
  if (sameShape(a.shape, b.shape)) return;
  throw new ShapeError(
    `${op}(): ${what} must have one shape, got ${formatShape(a.shape)} and ${formatShape(b.shape)}. Reshape one of them.`,
  );
}
