import { tensor, where, zerosLike } from '@nadir/tensor';
import type { Transform } from '../transform.ts';

/** Options of {@link momentum}. */
export interface MomentumOptions {
  /** Look ahead: update + momentum · buffer (Sutskever et al. 2013). Default false. */
  readonly nesterov?: boolean;
}

/**
 * Heavy-ball momentum as torch has it: buffer = momentum · buffer + (1 − dampening) · gradient, where the first
 * gradient is taken undampened.
 */
export function momentum({ nesterov = false }: MomentumOptions = {}): Transform<'momentum' | 'dampening'> {
  return {
    init: (parameter) => ({
      momentumBuffer: zerosLike(parameter.detach()),
      momentumStep: tensor(0, { dtype: 'float64' }),
    }),
    update(gradient, _parameter, slots, hyper) {
      const { momentumBuffer, momentumStep } = slots as Record<
        'momentumBuffer' | 'momentumStep',
        typeof gradient
      >;
      const share = where(momentumStep.eq(0), 1, hyper.dampening.neg().add(1));
      momentumBuffer.assign(momentumBuffer.mul(hyper.momentum).add(gradient.mul(share)));
      momentumStep.assign(momentumStep.add(1));
      return nesterov ? gradient.add(momentumBuffer.mul(hyper.momentum)) : momentumBuffer;
    },
  };
}
