import { layerNorm, logSoftmax, record, softmax, type Tensor, type ValueType } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { simplify } from '../../src/index.ts';
import type { Kernel, KernelProgram, RowKernel } from '../../src/kernel.ts';
import { fuse } from '../../src/passes/fuse.ts';
import { group } from '../../src/passes/group.ts';
import { rows } from '../../src/passes/rows.ts';
import { planRows, replacesInRows } from '../../src/passes/stages.ts';
import { verifyKernels } from '../../src/passes/verify.ts';

function programOf(types: readonly ValueType[], body: (...x: readonly Tensor[]) => Tensor[]): KernelProgram {
  const program = rows(group(fuse(simplify(record(types, body).program))));
  verifyKernels('rows', program);
  return program;
}

function kernelsOf(
  types: readonly ValueType[],
  body: (...x: readonly Tensor[]) => Tensor[],
): readonly Kernel[] {
  return programOf(types, body).kernels;
}

const matrix: ValueType = { shape: [64, 96], dtype: 'float32' };
const row: ValueType = { shape: [96], dtype: 'float32' };
const buffersOf = (kernel: Kernel): number => (kernel.kind === 'rows' ? kernel.roots.length : -1);

describe('rows', () => {
  it('makes a softmax one kernel that stores its result alone', () => {
    const kernels = kernelsOf([matrix], (x) => [softmax(x!, -1)]);
    expect(kernels.map(({ kind }) => kind)).toEqual(['rows']);
    expect(buffersOf(kernels[0]!)).toBe(1);
  });

  it('makes a normalization with scale and offset one kernel, whatever shapes its parts have', () => {
    const kernels = kernelsOf([{ shape: [8, 8, 96], dtype: 'float32' }, row, row], (x, weight, bias) => [
      layerNorm(x!, 96, { weight: weight!, bias: bias! }).reshape([64, 96]).exp(),
    ]);
    expect(kernels.map(({ kind }) => kind)).toEqual(['rows']);
    expect(buffersOf(kernels[0]!)).toBe(1);
  });

  it('stores what others read, by element and by row', () => {
    const kernels = kernelsOf([matrix], (x) => {
      const weights = x!.sub(x!.amax(1, { keepDims: true })).exp();
      const sum = weights.sum(1, { keepDims: true });
      return [weights.div(sum), weights, sum];
    });
    expect(kernels.map(buffersOf)).toEqual([3]);
  });

  it('folds along several axes', () => {
    const images: ValueType = { shape: [4, 32, 6, 7], dtype: 'float32' };
    const kernels = kernelsOf([images], (x) => {
      const mean = x!.mean([0, 2, 3], { keepDims: true });
      return [x!.sub(mean).square().mean([0, 2, 3])];
    });
    expect(kernels.map(({ kind }) => kind)).toEqual(['rows']);
  });

  it('leaves alone a fold of columns, and of few long rows', () => {
    expect(kernelsOf([matrix], (x) => [x!.sub(x!.mean(0))]).map(({ kind }) => kind)).toEqual([
      'reduce',
      'map',
      'map',
    ]);
    const long: ValueType = { shape: [4, 50_000], dtype: 'float32' };
    expect(kernelsOf([long], (x) => [softmax(x!, 1)]).map(({ kind }) => kind)).not.toContain('rows');
  });

  it('keeps a kernel between that reads one part and makes another', () => {
    const kernels = kernelsOf([matrix], (x) => {
      const sum = x!.sum(1, { keepDims: true });
      return [x!.mul(sum.cumsum(0))];
    });
    expect(kernels.map(({ kind }) => kind)).toEqual(['reduce', 'primitive', 'map']);
  });
});

describe('planRows', () => {
  const kernelOf = (body: (x: Tensor) => Tensor[]): RowKernel =>
    kernelsOf([matrix], (x) => body(x!))[0] as RowKernel;

  it('cuts a softmax into three stages, and keeps what is dear to compute again', () => {
    const { stages, kept } = planRows(kernelOf((x) => [softmax(x, 1)]));
    expect(stages.map(({ folds }) => folds.length)).toEqual([1, 1, 0]);
    expect(stages.map(({ stores }) => stores.map(({ buffer }) => buffer < 0))).toEqual([[], [true], [false]]);
    expect(kept).toEqual(['float32']);
  });

  it('computes again what is cheap', () => {
    const { stages, kept } = planRows(
      kernelOf((x) => [
        x
          .sub(x.mean(1, { keepDims: true }))
          .square()
          .sum(1),
        x,
      ]),
    );
    expect(stages).toHaveLength(2);
    expect(kept).toEqual([]);
  });

  it('reads a stored element again instead of keeping it', () => {
    const { kept } = planRows(
      kernelOf((x) => {
        const y = x.exp();
        return [y, y.div(y.sum(1, { keepDims: true }))];
      }),
    );
    expect(kept).toEqual([]);
  });

  it('lets a result replace an operand that no later stage reads', () => {
    const soft = kernelOf((x) => [softmax(x, 1)]);
    expect(replacesInRows(soft, 0, soft.roots[0]!.buffer)).toBe(true);
    const logs = kernelOf((x) => [x.exp(), logSoftmax(x, 1)]);
    const [early, late] = logs.roots.map(({ buffer }) => buffer) as [number, number];
    expect(replacesInRows(logs, 0, early)).toBe(false);
    expect(replacesInRows(logs, 0, late)).toBe(true);
  });
});
