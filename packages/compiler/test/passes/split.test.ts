import { record, type Tensor, type ValueType } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { simplify } from '../../src/index.ts';
import type { KernelProgram } from '../../src/kernel.ts';
import { fuse } from '../../src/passes/fuse.ts';
import { group } from '../../src/passes/group.ts';
import { formatKernel } from '../../src/passes/print.ts';
import { rows } from '../../src/passes/rows.ts';
import { split } from '../../src/passes/split.ts';
import { verifyKernels } from '../../src/passes/verify.ts';

function programOf(types: readonly ValueType[], body: (...x: readonly Tensor[]) => Tensor[]): KernelProgram {
  const program = split(group(fuse(simplify(record(types, body).program))));
  verifyKernels('split', program);
  return program;
}

const kernelsOf = ({ kernels }: KernelProgram): string[] => kernels.map(formatKernel);
const tall: ValueType = { shape: [2, 500, 64], dtype: 'float32' };

describe('split', () => {
  it('folds many rows in blocks, and then their results', () => {
    const program = programOf([tall], (x) => [x!.sum([0, 1])]);
    // 32 rows a block; sums are kept in double precision.
    expect(kernelsOf(program)).toEqual([
      '%2[0,0,1+0] = [2, 500, 64] rows over [2] of sum down of %0[32000,64,1+0]',
      '%1 = [32, 64] sum over [0] of %2[64,1+0]',
    ]);
    expect(program.buffers.get(2)).toMatchObject({ dtype: 'float64', size: 32 * 64 });
  });

  it('keeps extremes as they are', () => {
    const program = programOf([tall], (x) => [x!.amax([0, 1])]);
    expect(program.buffers.get(2)).toMatchObject({ dtype: 'float32' });
  });

  it('leaves alone folds of rows, of axes between, of few columns, and short ones', () => {
    const kept: readonly (readonly [shape: number[], axes: number[]])[] = [
      [[2, 500, 64], [2]],
      [[2, 500, 64], [1]],
      [
        [2, 5000, 7],
        [0, 1],
      ],
      [
        [2, 50, 64],
        [0, 1],
      ],
    ];
    for (const [shape, axes] of kept)
      expect(kernelsOf(programOf([{ shape, dtype: 'float32' }], (x) => [x!.sum(axes)]))).toHaveLength(1);
  });

  it('folds a long array in blocks, and then their results', () => {
    const long: ValueType = { shape: [300, 400], dtype: 'float32' };
    const kernels = kernelsOf(programOf([long], (x) => [x!.square().sum()]));
    expect(kernels).toEqual([
      expect.stringMatching(
        /^%\d = \[120000\] sum over \[0\] in blocks of 6720 of mul\(%0\[1\+0\], %0\[1\+0\]\)$/,
      ),
      expect.stringMatching(/ = \[18, 1\] sum over \[0\] of /),
    ]);
  });

  it('lets a map do the folding on its way', () => {
    const program = rows(
      programOf([tall], (x) => {
        const y = x!.exp().mul(2);
        return [y, y.sum([0, 1]), y.sub(y.mean(2, { keepDims: true })).sum([0, 1])];
      }),
    );
    verifyKernels('rows', program);
    expect(program.kernels.map(({ kind }) => kind)).toEqual(['rows', 'reduce', 'reduce']);
  });
});
