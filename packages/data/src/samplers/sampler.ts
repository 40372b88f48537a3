/** The order in which the items of a data set are visited, epoch by epoch. */
export interface Sampler {
  /** Number of indices of one epoch. */
  readonly size: number;
  /** The indices of an epoch. The same epoch gives the same indices, so that a resumed run sees the same batches. */
  indices(epoch: number): Int32Array;
}
