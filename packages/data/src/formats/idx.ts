import { tensor, type Tensor, type TypedArray } from '@nadir/tensor';
import { DataError } from '../data-error.ts';

/** How the elements of a type are read: bytes each, a new array, and one big-endian element. */
interface ElementType {
  readonly bytes: number;
  readonly allocate: (size: number) => TypedArray;
  readonly read: (view: DataView, at: number) => number;
}

const elementTypes: ReadonlyMap<number, ElementType> = new Map<number, ElementType>([
  [0x08, { bytes: 1, allocate: (n) => new Uint8Array(n), read: (view, at) => view.getUint8(at) }],
  [0x09, { bytes: 1, allocate: (n) => new Int32Array(n), read: (view, at) => view.getInt8(at) }],
  [0x0b, { bytes: 2, allocate: (n) => new Int32Array(n), read: (view, at) => view.getInt16(at) }],
  [0x0c, { bytes: 4, allocate: (n) => new Int32Array(n), read: (view, at) => view.getInt32(at) }],
  [0x0d, { bytes: 4, allocate: (n) => new Float32Array(n), read: (view, at) => view.getFloat32(at) }],
  [0x0e, { bytes: 8, allocate: (n) => new Float64Array(n), read: (view, at) => view.getFloat64(at) }],
]);

/**
 * The array of a file in the IDX format, in which MNIST is published: two zero bytes, the element type, the number of
 * axes, their sizes as big-endian 32-bit integers, then the elements. Bytes become `uint8`, signed bytes, shorts and
 * ints `int32`, floats and doubles keep their type.
 *
 * @throws DataError for a magic number, type or length that is not that of the format.
 *
 * @example
 * ```ts
 * import { parseIdx } from '@nadir/data';
 * parseIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9)).toArray(); // => [ 7, 8, 9 ]
 * ```
 */
export function parseIdx(bytes: Uint8Array): Tensor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== 0) {
    const start = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw new DataError(
      `parseIdx(): an IDX file begins with two zero bytes, got ${start}. Is it still compressed?`,
    );
  }
  const element = elementTypes.get(bytes[2]!);
  if (element === undefined) {
    throw new DataError(
      `parseIdx(): unknown element type 0x${bytes[2]!.toString(16)}. Known are 8, 9, b, c, d and e.`,
    );
  }
  const rank = bytes[3]!;
  const start = 4 + 4 * rank;
  if (bytes.length < start)
    throw new DataError(`parseIdx(): the sizes of ${rank} axes are cut off after ${bytes.length} bytes.`);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = shape.reduce((a, b) => a * b, 1);
  if (bytes.length !== start + size * element.bytes) {
    throw new DataError(
      `parseIdx(): ${size} elements of shape [${shape.join(', ')}] need ${start + size * element.bytes} bytes, got ${bytes.length}.`,
    );
  }
  if (bytes[2] === 0x08) return tensor(bytes.subarray(start)).reshape(shape);
  const array = element.allocate(size);
  for (let i = 0; i < size; i++) array[i] = element.read(view, start + i * element.bytes);
  return tensor(array).reshape(shape);
}
