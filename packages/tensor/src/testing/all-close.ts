import { NadirError } from '../errors.ts';
import { formatShape, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { tolerances, type ErrorBound } from './tolerances.ts';

/** Elements that should have been close and are not. */
export class NotCloseError extends NadirError {
  override readonly name = 'NotCloseError';
}

function positionOf(index: number, shape: readonly number[]): string {
  const position: number[] = [];
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    position.unshift(rest % shape[axis]!);
    rest = Math.floor(rest / shape[axis]!);
  }
  return formatShape(position);
}

/** What is wrong, or null where every element is within the bound. NaN is close to NaN alone, an infinity to itself alone. */
export function differenceOf(actual: Tensor, expected: Tensor, bound?: Partial<ErrorBound>): string | null {
  if (!sameShape(actual.shape, expected.shape) || actual.dtype !== expected.dtype) {
    return (
      `expected ${expected.dtype} ${formatShape(expected.shape)}, ` +
      `got ${actual.dtype} ${formatShape(actual.shape)}.`
    );
  }
  const { relative, absolute } = { ...tolerances[actual.dtype], ...bound };
  const a = actual.data;
  const b = expected.data;
  let bad = 0;
  let first = -1;
  let largestAbsolute = 0;
  let largestRelative = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i]!;
    const y = b[i]!;
    if (Object.is(x, y) || x === y) continue;
    const error = Math.abs(x - y);
    if (Number.isFinite(y) && error <= absolute + relative * Math.abs(y)) continue;
    bad++;
    if (first < 0) first = i;
    if (!(error <= largestAbsolute)) largestAbsolute = error;
    if (!(error / Math.abs(y) <= largestRelative)) largestRelative = error / Math.abs(y);
  }
  if (bad === 0) return null;
  return (
    `${bad} of ${a.length} elements differ by more than ${absolute} + ${relative}·|expected|: ` +
    `largest absolute error ${largestAbsolute}, largest relative error ${largestRelative}; ` +
    `first at ${positionOf(first, actual.shape)}: ${a[first]}, expected ${b[first]}.`
  );
}

/** Throws a NotCloseError that gives the largest errors and the first bad index. The bound defaults to the dtype's own. */
export function assertAllClose(actual: Tensor, expected: Tensor, bound?: Partial<ErrorBound>): void {
  const difference = differenceOf(actual, expected, bound);
  if (difference !== null) throw new NotCloseError(`assertAllClose(): ${difference}`);
}

/** What a matcher of vitest or jest returns. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** For `expect.extend()`: `expect(actual).toBeAllClose(expected, bound?)`. */
export const allCloseMatchers: {
  readonly toBeAllClose: (actual: Tensor, expected: Tensor, bound?: Partial<ErrorBound>) => MatcherResult;
} = {
  toBeAllClose: (actual, expected, bound) => {
    const difference = differenceOf(actual, expected, bound);
    return { pass: difference === null, message: () => difference ?? 'expected the tensors to differ.' };
  },
};
