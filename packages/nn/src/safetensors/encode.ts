import { byteSize, Tensor } from '@nadir/tensor';
import {
  lengthBytes,
  longestHeader,
  metadataKey,
  SafetensorsError,
  writtenTypes,
  type TensorEntry,
} from './format.ts';

/** Unpaired surrogates have no UTF-8 form, so that other readers refuse them. */
function checkText(what: string, text: unknown): asserts text is string {
  if (typeof text === 'string' && !/\p{Surrogate}/u.test(text)) return;
  const got = typeof text === 'string' ? JSON.stringify(text) : typeof text;
  throw new SafetensorsError(`encodeSafetensors(): ${what} must be well-formed text, got ${got}.`);
}

function checkTensor(name: string, value: unknown): asserts value is Tensor {
  checkText('the name of a tensor', name);
  if (name === metadataKey) {
    throw new SafetensorsError(`encodeSafetensors(): the name ${metadataKey} is taken. Rename the tensor.`);
  }
  if (!(value instanceof Tensor)) {
    throw new SafetensorsError(`encodeSafetensors(): '${name}' must be a tensor, got ${typeof value}.`);
  }
}

/** Wide elements first, then by name: every tensor starts at a multiple of its element's size. */
function inFileOrder([a, x]: readonly [string, Tensor], [b, y]: readonly [string, Tensor]): number {
  const order = Object.keys(writtenTypes);
  return order.indexOf(x.dtype) - order.indexOf(y.dtype) || (a < b ? -1 : 1);
}

/**
 * The bytes of a safetensors file, as the Python library writes them: float32, float64, int32, uint8 and bool become F32,
 * F64, I32, U8 and BOOL. `metadata` is text for the reader. Views are written out, tied tensors once per name.
 *
 * @throws SafetensorsError for a name or metadata that is not text, or a header of more than 100 MB.
 *
 * @example
 * ```ts
 * import { decodeSafetensors, encodeSafetensors } from '@nadir/nn';
 * import { tensor } from '@nadir/tensor';
 * const bytes = encodeSafetensors({ weight: tensor([[1, 2]]) }, { format: 'nadir' });
 * const { tensors, metadata } = decodeSafetensors(bytes);
 * tensors['weight']!.toArray(); // => [[1, 2]]
 * metadata; // => { format: 'nadir' }
 * ```
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  // Fields are joined by hand: an object would put names that look like numbers first.
  const fields: string[] = [];
  const texts = Object.entries(metadata);
  for (const [key, text] of texts) {
    checkText('a key of the metadata', key);
    checkText(`metadata '${key}'`, text);
  }
  if (texts.length > 0) fields.push(`"${metadataKey}":${JSON.stringify(metadata)}`);

  const entries = Object.entries(tensors);
  for (const [name, value] of entries) checkTensor(name, value);
  entries.sort(inFileOrder);
  let end = 0;
  const starts = entries.map(([name, { dtype, shape, size }]) => {
    const start = end;
    end += size * byteSize(dtype);
    const entry: TensorEntry = { dtype: writtenTypes[dtype], shape, data_offsets: [start, end] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    return start;
  });

  const header = new TextEncoder().encode(`{${fields.join(',')}}`);
  const padded = Math.ceil(header.length / 8) * 8;
  if (padded > longestHeader) {
    throw new SafetensorsError(
      `encodeSafetensors(): the header must have at most ${longestHeader} bytes, got ${padded}. Shorten the metadata.`,
    );
  }
  const first = lengthBytes + padded;
  const bytes = new Uint8Array(first + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(header, lengthBytes);
  bytes.fill(0x20, lengthBytes + header.length, first);
  for (const [index, [, value]] of entries.entries()) {
    const { buffer, byteOffset, byteLength } = value.data;
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), first + starts[index]!);
  }
  return bytes;
}
