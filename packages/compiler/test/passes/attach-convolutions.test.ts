import { apply, record, type Tensor, type ValueType } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { simplify } from '../../src/index.ts';
import { attachConvolutions } from '../../src/passes/attach-convolutions.ts';
import { convolve } from '../../src/passes/convolve.ts';
import { fuse } from '../../src/passes/fuse.ts';
import { group } from '../../src/passes/group.ts';
import { verifyKernels } from '../../src/passes/verify.ts';

const image: ValueType = { shape: [2, 3, 8, 8], dtype: 'float32' };
const weight: ValueType = { shape: [4, 3, 3, 3], dtype: 'float32' };
const bias: ValueType = { shape: [4, 1, 1], dtype: 'float32' };
const other: ValueType = { shape: [2, 4, 8, 8], dtype: 'float32' };
const attributes = {
  stride: [1, 1],
  padding: [
    [1, 1],
    [1, 1],
  ],
  dilation: [1, 1],
  groups: 1,
} as const;

/** The kernels of a program with one convolution, and how many roots have joined that. */
function attached(
  types: readonly ValueType[],
  body: (y: Tensor, ...rest: readonly Tensor[]) => Tensor[],
): { readonly kinds: string; readonly roots: number; readonly stores: boolean } {
  const { program } = record(types, (x, w, ...rest) => body(apply('conv', [x!, w!], attributes), ...rest));
  const result = attachConvolutions(convolve(group(fuse(simplify(program)))));
  verifyKernels('attachConvolutions', result);
  const convolution = result.kernels.find((kernel) => kernel.kind === 'convolution')!;
  const { epilogue, buffer } = convolution as Extract<typeof convolution, { kind: 'convolution' }>;
  return {
    kinds: result.kernels.map(({ kind }) => kind).join(' '),
    roots: epilogue?.roots.length ?? 0,
    stores: result.buffers.has(buffer),
  };
}

// Filters of this weight are packed by one loop.
const packed = { ...weight, shape: [6, 3, 3, 3] };
const six = { ...other, shape: [2, 6, 8, 8] };

describe('attachConvolutions', () => {
  it('lets bias, residual sum and activation join, and does not store the convolution', () => {
    const body = (y: Tensor, b?: Tensor, r?: Tensor): Tensor[] => [y.add(b!).add(r!).maximum(0)];
    const types = [image, packed, { ...bias, shape: [6, 1, 1] }, six];
    expect(attached(types, body)).toEqual({ kinds: 'map convolution', roots: 1, stores: false });
  });

  it('stores the convolution too where something else reads it', () => {
    const both = attached([image, packed], (y) => [y.exp(), y]);
    expect(both).toEqual({ kinds: 'map convolution', roots: 2, stores: true });
    const sum = attached([image, packed], (y) => [y.exp(), y.sum()]);
    expect(sum).toEqual({ kinds: 'map convolution reduce', roots: 2, stores: true });
  });

  it('lets a loop wait that reads what is computed later', () => {
    const { kinds, roots } = attached([image, packed], (y) => [y.sub(y.mean())]);
    expect(kinds.startsWith('map convolution reduce')).toBe(true);
    expect(roots).toBe(0);
  });

  it('leaves loops alone that go through the convolution in another order', () => {
    expect(attached([image, packed], (y) => [y.permute([0, 2, 3, 1]).exp()]).roots).toBe(0);
    expect(attached([image, packed, six], (y, r) => [y.add(r!.flip([3]))]).roots).toBe(0);
  });
});
