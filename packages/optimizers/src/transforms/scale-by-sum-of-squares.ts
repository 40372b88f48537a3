import { fullLike, tensor } from '@nadir/tensor';
import type { Transform } from '../transform.ts';

/** Options of {@link scaleBySumOfSquares}. */
export interface ScaleBySumOfSquaresOptions {
  /** First value of the sums. Default 0. */
  readonly initial?: number;
  /** Divide step t by 1 + (t − 1) · lrDecay, a hyper-parameter. Default false. */
  readonly decays?: boolean;
}

/** update / (√s + eps) with the sum s of all squared updates so far (Duchi et al. 2011). */
export function scaleBySumOfSquares({
  initial = 0,
  decays = false,
}: ScaleBySumOfSquaresOptions = {}): Transform<'eps' | 'lrDecay'> {
  return {
    init(parameter) {
      const sumOfSquares = fullLike(parameter.detach(), initial);
      return decays ? { sumOfSquares, step: tensor(0, { dtype: 'float64' }) } : { sumOfSquares };
    },
    update(gradient, _parameter, slots, { eps, lrDecay }) {
      const sumOfSquares = slots['sumOfSquares']!;
      const { step } = slots;
      sumOfSquares.assign(sumOfSquares.add(gradient.square()));
      const scaled = gradient.div(sumOfSquares.sqrt().add(eps));
      if (step === undefined) return scaled;
      const slowed = scaled.div(step.mul(lrDecay).add(1));
      step.assign(step.add(1));
      return slowed;
    },
  };
}
