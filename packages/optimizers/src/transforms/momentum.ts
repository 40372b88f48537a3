import { tensor, where, zerosLike, type Tensor } from '@nadir/tensor';
import type { Transform } from '../transform.ts';

/** Options of {@link momentum}. */
export interface MomentumOptions {
  /** Look ahead: gradient + momentum · buffer (Sutskever et al. 2013). Default false. */
  readonly nesterov?: boolean;
  /** Scale every gradient but the first by 1 − dampening, a hyper-parameter. Default false. */
  readonly dampened?: boolean;
}

/** Heavy-ball momentum as torch has it: buffer = momentum · buffer + gradient. */
export function momentum({ nesterov = false, dampened = false }: MomentumOptions = {}): Transform<
  'momentum' | 'dampening'
> {
  return {
    init(parameter) {
      const momentumBuffer = zerosLike(parameter.detach());
      return dampened
        ? { momentumBuffer, momentumStep: tensor(0, { dtype: 'float64' }) }
        : { momentumBuffer };
    },
    update(gradient, _parameter, slots, hyper) {
      const momentumBuffer = slots['momentumBuffer']!;
      let impulse: Tensor = gradient;
      if (dampened) {
        const momentumStep = slots['momentumStep']!;
        impulse = gradient.mul(where(momentumStep.eq(0), 1, hyper.dampening.neg().add(1)));
        momentumStep.assign(momentumStep.add(1));
      }
      momentumBuffer.assign(momentumBuffer.mul(hyper.momentum).add(impulse));
      return nesterov ? gradient.add(momentumBuffer.mul(hyper.momentum)) : momentumBuffer;
    },
  };
}
