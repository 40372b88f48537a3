import type { Tensor } from '@nadir/tensor';

/** A workload made ready: a step, and all that another system needs to take the same one. */
export interface Task {
  /** Parameters and constants by name, before the first step. */
  readonly state: Readonly<Record<string, Tensor>>;
  /** Arguments of the step, taken in turn; one empty list where it has none. */
  readonly batches: ReadonlyArray<readonly Tensor[]>;
  /** One step: gives a loss of no dimensions, or the result of a single operation. */
  readonly step: (...batch: readonly Tensor[]) => Tensor;
  /**
   * Of a single operation: where a compiled step leaves its result, so that it stays in the program's memory. The step
   * may give this very tensor, changed in place.
   */
  readonly result?: Tensor;
}

/** Something to measure. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  /** The figure is milliseconds for so many steps, and a run takes a multiple of them. */
  readonly per: number;
  /** The losses of the systems are compared after so many steps. */
  readonly checkSteps: number;
  /** Floating-point operations of the matrix products and convolutions of a step; null where memory is the limit. */
  readonly flops: number | null;
  /** Makes the same task in every process. */
  readonly make: () => Task;
}
