import { advance, philoxFill } from '@nadir/random';
import { allocate } from '../allocation.ts';
import type { KernelTable } from './kernel.ts';
import { allocateFor, fresh, readContiguous } from './layout.ts';
import { sizeOf } from '../shape.ts';

/** Values that come from attributes or from a random state. The state is key (two words), then position (low, high). */
export const generationKernels: KernelTable<'full' | 'iota' | 'randomBits' | 'randomAdvance'> = {
  full: (_, { shape, dtype, value }) => {
    const array = allocateFor(shape, dtype);
    if (!Object.is(value, 0)) array.fill(dtype === 'bool' ? 1 : value);
    return fresh(array, shape, dtype);
  },
  iota: (_, { size, dtype }) => {
    const array = allocate(dtype, size);
    for (let i = 0; i < size; i++) array[i] = i;
    return fresh(array, [size], dtype);
  },
  randomBits: (inputs, { shape }) => {
    const [key0, key1, low, high] = readContiguous(inputs[0]!) as unknown as readonly [
      number,
      number,
      number,
      number,
    ];
    const array = new Int32Array(sizeOf(shape));
    philoxFill(array, key0 >>> 0, key1 >>> 0, low >>> 0, high >>> 0);
    return fresh(array, shape, 'int32');
  },
  randomAdvance: (inputs, { blocks }) => {
    const [key0, key1, low, high] = readContiguous(inputs[0]!) as unknown as readonly [
      number,
      number,
      number,
      number,
    ];
    const [nextLow, nextHigh] = advance([low >>> 0, high >>> 0], blocks);
    return fresh(Int32Array.of(key0, key1, nextLow, nextHigh), [4], 'int32');
  },
};
