import type { Tensor } from '@nadir/tensor';

/** A number that sums up how good the outputs of a model are over a whole data set. */
export interface Metric<Batch> {
  /** Forgets what was seen. */
  reset(): void;
  /** Takes one batch into account. */
  update(output: Tensor, batch: Batch): void;
  /** The value over everything since `reset()`; NaN over nothing. */
  compute(): number;
}
