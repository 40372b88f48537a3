import { tensor, type Tensor } from '@nadir/tensor';
import { DataError } from './data-error.ts';

/** A map-style data set: a number of items, each read by its index. */
export interface Dataset<Item> {
  /** Number of items. */
  readonly size: number;
  /** Item `index`, 0 ≤ index < size; may be read asynchronously. */
  get(index: number): Item | Promise<Item>;
  /** Several items already collated into a batch, where the data set can do that faster than item by item. */
  readonly batch?: (indices: Int32Array) => unknown;
}

/** Throws a DataError that names `op` unless 0 ≤ index < size. */
export function checkIndex(op: string, index: number, size: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= size) {
    throw new DataError(`${op}(): index must be in [0, ${size - 1}], got ${index}.`);
  }
}

/**
 * Items along the first axis of one or more tensors, as `[images, labels]`.
 *
 * @throws DataError where the first axes differ.
 *
 * @example
 * ```ts
 * import { TensorDataset } from '@nadir/data';
 * import { tensor } from '@nadir/tensor';
 * const points = new TensorDataset(tensor([[1, 2], [3, 4]]), tensor([0, 1]));
 * points.size; // => 2
 * ```
 */
export class TensorDataset<Columns extends readonly Tensor[]> implements Dataset<Columns> {
  readonly size: number;
  readonly columns: Columns;

  constructor(...columns: Columns) {
    const sizes = columns.map((column) => column.shape[0]);
    const size = sizes[0];
    if (size === undefined || sizes.some((other) => other !== size)) {
      throw new DataError(
        `TensorDataset(): tensors must have one and the same first size, got shapes ` +
          `${columns.map((column) => `[${column.shape.join(', ')}]`).join(', ')}.`,
      );
    }
    this.size = size;
    this.columns = columns;
  }

  get(index: number): Columns {
    checkIndex('TensorDataset.get', index, this.size);
    return this.columns.map((column) => column.at(index)) as unknown as Columns;
  }

  batch(indices: Int32Array): Columns {
    const index = tensor(indices);
    return this.columns.map((column) => column.take(index, 0)) as unknown as Columns;
  }
}
