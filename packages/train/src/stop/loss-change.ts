import { ValueError } from '@nadir/tensor';
import type { StopCondition } from './stop-condition.ts';

/** Options of {@link lossChangeBelow}. */
export interface LossChangeOptions {
  /** Steps that are averaged on each side, so that the noise of batches does not stop a run. Default 1. */
  readonly window?: number;
  /** Times in a row that the change must be below the tolerance. Default 1. */
  readonly patience?: number;
}

/** Stops when the mean loss of the last `window` steps differs from that of the `window` steps before by less than `tolerance`. */
export function lossChangeBelow(
  tolerance: number,
  { window = 1, patience = 1 }: LossChangeOptions = {},
): StopCondition {
  if (!(tolerance > 0))
    throw new ValueError(`lossChangeBelow(): tolerance must be above 0, got ${tolerance}.`);
  if (!Number.isInteger(window) || window < 1) {
    throw new ValueError(`lossChangeBelow(): window must be a whole number of at least 1, got ${window}.`);
  }
  let losses: number[] = [];
  let calm = 0;
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  return {
    name: 'lossChangeBelow',
    afterStep({ loss }) {
      losses.push(loss);
      if (losses.length > 2 * window) losses.shift();
      if (losses.length < 2 * window) return null;
      const change = Math.abs(mean(losses.slice(window)) - mean(losses.slice(0, window)));
      calm = change < tolerance ? calm + 1 : 0;
      return calm >= patience ? `the loss changed by ${change.toPrecision(3)}, less than ${tolerance}` : null;
    },
    getState: () => ({ losses, calm }),
    setState(state: { readonly losses: readonly number[]; readonly calm: number }) {
      losses = [...state.losses];
      calm = state.calm;
    },
  };
}
