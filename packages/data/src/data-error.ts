import { NadirError } from '@nadir/tensor';

/** Data, or a file of it, that is not as it must be. */
export class DataError extends NadirError {
  override readonly name = 'DataError';
}
