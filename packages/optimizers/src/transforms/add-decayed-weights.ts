import type { Transform } from '../transform.ts';

/** update + weightDecay · parameter: L2 regularization before the moments, decoupled decay (Loshchilov and Hutter 2019) after them. */
export function addDecayedWeights(): Transform<'weightDecay'> {
  return {
    init: () => ({}),
    update: (update, parameter, _slots, { weightDecay }) => update.add(parameter.mul(weightDecay)),
  };
}
