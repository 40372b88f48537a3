import { expect, it } from 'vitest';
import { allocate } from '../src/allocation.ts';
import { dtypeOfArray, dtypes, type TypedArray } from '../src/dtype.ts';

it('arrays of all types and sizes are zeroed and share no elements', () => {
  const sizes = [0, 1, 3, 15, 16, 17, 64, 65, 100, 255, 256, 257, 511, 512, 513, 2048, 2049, 5000];
  const arrays: TypedArray[] = [];
  for (let round = 0; round < 40; round++) {
    const size = sizes[(round * 7) % sizes.length]!;
    for (const dtype of dtypes) {
      const array = allocate(dtype, size);
      expect(dtypeOfArray(array)).toBe(dtype === 'bool' ? 'uint8' : dtype);
      expect(array.length).toBe(size);
      expect(array.every((value) => value === 0)).toBe(true);
      array.fill((arrays.push(array) % 100) + 1);
    }
  }
  arrays.forEach((array, index) => {
    expect(array.every((value) => value === ((index + 1) % 100) + 1)).toBe(true);
  });
});

it('an array that is kept keeps no more than a slab of 16 KiB', () => {
  for (let size = 0; size < 1000; size++) {
    const { buffer, byteLength } = allocate('float32', size);
    expect(buffer.byteLength).toBeLessThanOrEqual(Math.max(byteLength, 16_384));
  }
});
