import type { Transform } from '../transform.ts';

/** update · −lr: the last link of a chain, since the update is added to the parameter. */
export function scaleByLearningRate(): Transform<'lr'> {
  return {
    init: () => ({}),
    update: (update, _parameter, _slots, { lr }) => update.mul(lr.neg()),
  };
}
