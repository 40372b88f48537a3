import { byteSize, type DType, type TypedArray } from './dtype.ts';

// V8 makes an array of up to 64 bytes inside its own heap, in some 20 ns. A longer one gets an ArrayBuffer of its own, which
// costs 0.6 to 1 µs with its share of the garbage collection: more than the arithmetic of a small tensor. So arrays in
// between are cut from slabs. A slab is never used twice, which keeps its arrays zeroed, and is freed with the last of them.

/** Up to this many bytes V8 needs no ArrayBuffer. */
const heapBytes = 64;

/** Longer arrays are worth an ArrayBuffer of their own. */
const cutBytes = 2048;

/** What one array that stays alive can keep from being freed. */
const slabBytes = 16_384;

/** Clearing fewer bytes than this costs next to nothing. */
const clearBytes = 65_536;

/** Node's way to memory that is not cleared first; undefined elsewhere. */
interface UnsetMemory {
  allocUnsafeSlow(bytes: number): { readonly buffer: ArrayBuffer };
}
const { Buffer: unsetMemory } = globalThis as { readonly Buffer?: UnsetMemory };

let slab = new ArrayBuffer(slabBytes);
let used = 0;

function view(dtype: DType, buffer: ArrayBuffer, offset: number, size: number): TypedArray {
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, offset, size);
    case 'float64':
      return new Float64Array(buffer, offset, size);
    case 'int32':
      return new Int32Array(buffer, offset, size);
    case 'uint8':
    case 'bool':
      return new Uint8Array(buffer, offset, size);
  }
}

function whole(dtype: DType, size: number): TypedArray {
  switch (dtype) {
    case 'float32':
      return new Float32Array(size);
    case 'float64':
      return new Float64Array(size);
    case 'int32':
      return new Int32Array(size);
    case 'uint8':
    case 'bool':
      return new Uint8Array(size);
  }
}

/** A zeroed array of `size` elements. It may share its ArrayBuffer with other arrays. */
export function allocate(dtype: DType, size: number): TypedArray {
  const bytes = size * byteSize(dtype);
  if (bytes <= heapBytes || bytes > cutBytes) return whole(dtype, size);
  if (used + bytes > slabBytes) {
    slab = new ArrayBuffer(slabBytes);
    used = 0;
  }
  const array = view(dtype, slab, used, size);
  // Every element type may begin at a multiple of 8 bytes.
  used += (bytes + 7) & ~7;
  return array;
}

/** As {@link allocate}, but the elements may be anything: for a kernel that writes every one of them. */
export function allocateUnset(dtype: DType, size: number): TypedArray {
  const bytes = size * byteSize(dtype);
  if (bytes < clearBytes || unsetMemory === undefined) return allocate(dtype, size);
  return view(dtype, unsetMemory.allocUnsafeSlow(bytes).buffer, 0, size);
}
