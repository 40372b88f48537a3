import { tensor, zerosLike, type Tensor } from '@nadir/tensor';
import type { Transform } from '../transform.ts';

/** Options of {@link scaleByAdam}. */
export interface ScaleByAdamOptions {
  /** Divide by the greatest second moment so far (Reddi et al. 2018). Default false. */
  readonly amsgrad?: boolean;
}

/**
 * m̂ / (√v̂ + eps) with bias-corrected moments m̂ = m / (1 − β1ᵗ) and v̂ = v / (1 − β2ᵗ) (Kingma and Ba 2015). With
 * c = √(1 − β2ᵗ) it is computed as m / (√v + c·eps) · c / (1 − β1ᵗ), which corrects scalars instead of arrays.
 */
export function scaleByAdam({ amsgrad = false }: ScaleByAdamOptions = {}): Transform<
  'beta1' | 'beta2' | 'eps'
> {
  return {
    init(parameter) {
      const zeros = (): Tensor => zerosLike(parameter.detach());
      const moments = { step: tensor(0, { dtype: 'float64' }), firstMoment: zeros(), secondMoment: zeros() };
      return amsgrad ? { ...moments, greatestSecondMoment: zeros() } : moments;
    },
    update(gradient, _parameter, slots, { beta1, beta2, eps }) {
      const { step, firstMoment, secondMoment, greatestSecondMoment } = slots as Record<string, Tensor> & {
        readonly [P in 'step' | 'firstMoment' | 'secondMoment']: Tensor;
      };
      step.assign(step.add(1));
      firstMoment.assign(firstMoment.mul(beta1).add(gradient.mul(beta1.neg().add(1))));
      secondMoment.assign(secondMoment.mul(beta2).add(gradient.square().mul(beta2.neg().add(1))));
      greatestSecondMoment?.assign(greatestSecondMoment.maximum(secondMoment));
      const spread = (greatestSecondMoment ?? secondMoment).sqrt();
      const correction1 = beta1.pow(step).neg().add(1);
      const correction2 = beta2.pow(step).neg().add(1).sqrt();
      return firstMoment.div(spread.add(eps.mul(correction2))).mul(correction2.div(correction1));
    },
  };
}
