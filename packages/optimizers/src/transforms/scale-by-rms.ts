import { zerosLike } from '@nadir/tensor';
import type { Transform } from '../transform.ts';

/** Options of {@link scaleByRms}. */
export interface ScaleByRmsOptions {
  /** Take the mean off before squaring: divide by the deviation (Graves 2013). Default false. */
  readonly centered?: boolean;
}

/** update / (√s + eps) with the running mean s = alpha · s + (1 − alpha) · update² (Tieleman and Hinton 2012). */
export function scaleByRms({ centered = false }: ScaleByRmsOptions = {}): Transform<'alpha' | 'eps'> {
  return {
    init(parameter) {
      const meanSquare = zerosLike(parameter.detach());
      return centered ? { meanSquare, mean: zerosLike(parameter.detach()) } : { meanSquare };
    },
    update(gradient, _parameter, slots, { alpha, eps }) {
      const meanSquare = slots['meanSquare']!;
      const { mean } = slots;
      const share = alpha.neg().add(1);
      meanSquare.assign(meanSquare.mul(alpha).add(gradient.square().mul(share)));
      let spread = meanSquare;
      if (mean !== undefined) {
        mean.assign(mean.mul(alpha).add(gradient.mul(share)));
        // Never negative but for rounding, where all gradients are alike.
        spread = meanSquare.sub(mean.square()).clamp(0);
      }
      return gradient.div(spread.sqrt().add(eps));
    },
  };
}
