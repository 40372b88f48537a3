import { tensor, type DType, type Tensor, type TypedArray } from '@nadir/tensor';
import { SafetensorsError, type TensorEntry } from './format.ts';
import { readHeader, type Fail } from './header.ts';

/** What a safetensors file holds. */
export interface Safetensors {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Options of {@link decodeSafetensors}. */
export interface DecodeOptions {
  /** Name of the file, for messages. */
  readonly source?: string;
}

/** How elements of a type of the format become a tensor. `bytes` starts at offset 0 of its buffer. */
interface Reading {
  readonly dtype: DType;
  readonly elements: (bytes: Uint8Array<ArrayBuffer>, name: string, fail: Fail) => TypedArray;
}

const leastInt32 = -(2 ** 31);
const greatestInt32 = 2 ** 31 - 1;

function toInt32(source: ArrayLike<number | bigint>, name: string, fail: Fail): Int32Array {
  const out = new Int32Array(source.length);
  for (let i = 0; i < out.length; i++) {
    const value = source[i]!;
    if (value < leastInt32 || value > greatestInt32) {
      fail(
        `tensor '${name}' must fit int32, which holds ${leastInt32} to ${greatestInt32}, got ${value} at element ${i}.`,
      );
    }
    out[i] = Number(value);
  }
  return out;
}

/** IEEE 754 half precision: 1 sign, 5 exponent and 10 fraction bits. */
function halfToFloat(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const magnitude =
    exponent === 31
      ? fraction === 0
        ? Infinity
        : NaN
      : exponent === 0
        ? fraction * 2 ** -24
        : (1024 + fraction) * 2 ** (exponent - 25);
  return bits >> 15 === 0 ? magnitude : -magnitude;
}

/** The upper half of a float32. */
function brainToFloats(halves: Uint16Array): Float32Array {
  const words = Uint32Array.from(halves, (half) => half << 16);
  return new Float32Array(words.buffer);
}

const readings: Readonly<Record<string, Reading>> = {
  F64: { dtype: 'float64', elements: ({ buffer }) => new Float64Array(buffer) },
  F32: { dtype: 'float32', elements: ({ buffer }) => new Float32Array(buffer) },
  F16: {
    dtype: 'float32',
    elements: ({ buffer }) => Float32Array.from(new Uint16Array(buffer), halfToFloat),
  },
  BF16: { dtype: 'float32', elements: ({ buffer }) => brainToFloats(new Uint16Array(buffer)) },
  I64: {
    dtype: 'int32',
    elements: ({ buffer }, name, fail) => toInt32(new BigInt64Array(buffer), name, fail),
  },
  U64: {
    dtype: 'int32',
    elements: ({ buffer }, name, fail) => toInt32(new BigUint64Array(buffer), name, fail),
  },
  I32: { dtype: 'int32', elements: ({ buffer }) => new Int32Array(buffer) },
  U32: { dtype: 'int32', elements: ({ buffer }, name, fail) => toInt32(new Uint32Array(buffer), name, fail) },
  I16: { dtype: 'int32', elements: ({ buffer }) => Int32Array.from(new Int16Array(buffer)) },
  U16: { dtype: 'int32', elements: ({ buffer }) => Int32Array.from(new Uint16Array(buffer)) },
  I8: { dtype: 'int32', elements: ({ buffer }) => Int32Array.from(new Int8Array(buffer)) },
  U8: { dtype: 'uint8', elements: (bytes) => bytes },
  BOOL: { dtype: 'bool', elements: (bytes) => bytes },
};

function checkReadable(name: string, { dtype }: TensorEntry, fail: Fail): void {
  if (Object.hasOwn(readings, dtype)) return;
  fail(
    `tensor '${name}' is ${dtype}, which has no counterpart here. Save it as F32, or any of ${Object.keys(readings).join(', ')}.`,
  );
}

/**
 * Reads a safetensors file. F64, F32, I32, U8 and BOOL keep their types; F16 and BF16 load as float32, and I64, U64, U32,
 * I16, U16 and I8 as int32, where they fit. The whole header is checked before anything is read: its length (at most
 * 100 MB, as in the Python library), JSON, dtypes, shapes, and that every byte belongs to exactly one tensor.
 *
 * @throws SafetensorsError, naming the tensor and the source, for a file that is not valid, a type that cannot be read,
 * and an integer outside int32.
 *
 * @example
 * ```ts
 * import { decodeSafetensors, encodeSafetensors, Linear } from '@nadir/nn';
 * const layer = new Linear(2, 1);
 * const { tensors } = decodeSafetensors(encodeSafetensors(layer.stateDict()));
 * layer.loadStateDict(tensors);
 * Object.keys(tensors); // => ['bias', 'weight']
 * ```
 */
export function decodeSafetensors(bytes: Uint8Array, { source }: DecodeOptions = {}): Safetensors {
  const fail: Fail = (message) => {
    throw new SafetensorsError(`decodeSafetensors(): ${source === undefined ? '' : `${source}: `}${message}`);
  };
  const { end, metadata, entries } = readHeader(bytes, fail);
  for (const [name, entry] of entries) checkReadable(name, entry, fail);
  const tensors = Array.from(
    entries,
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [from, to],
      },
    ]) => {
      const reading = readings[dtype]!;
      // A copy of its own starts at offset 0, so that an array of any element type may view it.
      const own = new Uint8Array(bytes.subarray(end + from, end + to));
      return [name, tensor(reading.elements(own, name, fail), { dtype: reading.dtype, shape })] as const;
    },
  );
  return { tensors: Object.fromEntries(tensors), metadata };
}
