import { apply, record, tensor, where, type Tensor, type ValueType } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { simplify } from '../../src/index.ts';
import { fuse } from '../../src/passes/fuse.ts';
import { group } from '../../src/passes/group.ts';
import { formatKernel } from '../../src/passes/print.ts';

function kernelsOf(types: readonly ValueType[], body: (...x: readonly Tensor[]) => Tensor[]): string[] {
  return group(fuse(simplify(record(types, body).program))).kernels.map(formatKernel);
}

const matrix: ValueType = { shape: [2, 3], dtype: 'float32' };

describe('fuse', () => {
  it('computes a chain of element-wise operations in one loop', () => {
    expect(kernelsOf([matrix], (x) => [x!.exp().add(1).tanh()])).toEqual([
      '%4 = [2, 3] tanh(add(exp(%0[3,1+0]), 1))',
    ]);
  });

  it('turns movements into index arithmetic', () => {
    expect(kernelsOf([matrix], (x) => [x!.T.flip([0]).exp()])).toEqual(['%3 = [3, 2] exp(%0[-1,3+2])']);
  });

  it('computes what a reduction reads in its loop', () => {
    expect(kernelsOf([matrix], (x) => [x!.square().sum(1)])).toEqual([
      expect.stringMatching(/^%\d+ = \[2, 3\] sum over \[1\] of mul\(%0\[3,1\+0\], %0\[3,1\+0\]\)$/),
    ]);
  });

  it('stores what an expansion would compute again and again', () => {
    const kernels = kernelsOf([{ shape: [1, 3], dtype: 'float32' }, matrix], (x, y) => [
      x!.exp().expand([2, 3]).mul(y!),
    ]);
    expect(kernels).toHaveLength(2);
    expect(kernels[1]).toContain('[0,1+0]');
  });

  it('gives a product its operands with their strides', () => {
    const large: ValueType = { shape: [20, 30], dtype: 'float32' };
    expect(kernelsOf([large, large], (x, y) => [x!.matmul(y!.T)])).toEqual([
      '%3 = matmul %0[30,1+0] %1[1,30+0]',
    ]);
  });

  it('makes a small product a sum', () => {
    expect(kernelsOf([matrix, matrix], (x, y) => [x!.matmul(y!.T)])).toEqual([
      '%3 = [2, 2, 3] sum over [2] of mul(%0[3,0,1+0], %1[0,3,1+0])',
    ]);
  });

  it('lets one buffer have the name of its reshaped self', () => {
    expect(kernelsOf([matrix], (x) => [x!.exp().reshape([6])])).toEqual(['%1 = [2, 3] exp(%0[3,1+0])']);
  });

  it('writes parts of a concatenation and of a padded array in place', () => {
    const kernels = kernelsOf([matrix], (x) => [
      apply('concat', [x!.exp(), x!], { axis: 1 }),
      apply('pad', [x!], { low: [1, 0], high: [0, 0], interior: [0, 0], value: 2 }),
    ]);
    expect(kernels).toEqual([
      '%2[6,1+0] = [2, 3] exp(%0[3,1+0])',
      '%2[6,1+3] = [2, 3] %0[3,1+0]',
      '%3 = fill 2',
      '%3[3,1+3] = [2, 3] %0[3,1+0]',
    ]);
  });
});

describe('group', () => {
  it('makes the update of a parameter and of its moment one loop', () => {
    const weight = tensor([1, 2, 3]);
    const moment = tensor([0, 0, 0]);
    const kernels = kernelsOf([{ shape: [3], dtype: 'float32' }], (gradient) => {
      moment.assign(moment.mul(0.9).add(gradient!));
      weight.assign(weight.sub(moment.mul(0.1)));
      return [];
    });
    expect(kernels).toHaveLength(1);
    expect(kernels[0]!.split('\n')).toHaveLength(2);
  });

  it('stores nothing that only its own loop reads', () => {
    const weight = tensor([1, 2, 3]);
    const moment = tensor([0, 0, 0]);
    const kernels = kernelsOf(
      [
        { shape: [3], dtype: 'float32' },
        { shape: [3], dtype: 'bool' },
      ],
      (gradient, ok) => {
        // The new moment is what the update uses, and not always what is kept.
        const next = moment.mul(0.9).add(gradient!);
        moment.assign(where(ok!, next, moment));
        weight.assign(weight.sub(next.mul(0.1)));
        return [];
      },
    );
    expect(kernels).toHaveLength(1);
    expect(kernels[0]!.split('\n')).toHaveLength(2);
  });
});
