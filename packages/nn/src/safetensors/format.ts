import { NadirError, type DType } from '@nadir/tensor';

/** A file that is not valid safetensors, or tensors that cannot be written as such. */
export class SafetensorsError extends NadirError {
  override readonly name = 'SafetensorsError';
}

/** Bytes of the header's length, which a file starts with: an unsigned little-endian 64-bit number. */
export const lengthBytes = 8;

/** The Python library refuses longer headers, so that a hostile length cannot make a reader allocate without bound. */
export const longestHeader = 100_000_000;

/** The key of the header that is no tensor. */
export const metadataKey = '__metadata__';

/** What the header says of a tensor; the offsets count from the end of the header. */
export interface TensorEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [start: number, end: number];
}

/** The element types by their names in the format. The widest come first in a file, which keeps every tensor aligned. */
export const writtenTypes: { readonly [D in DType]: string } = {
  float64: 'F64',
  float32: 'F32',
  int32: 'I32',
  uint8: 'U8',
  bool: 'BOOL',
};
