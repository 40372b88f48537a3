import { record, relu, tensor, type Tensor, type ValueType } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { simplify } from '../../src/index.ts';
import { writesOf, type KernelProgram } from '../../src/kernel.ts';
import { fuse } from '../../src/passes/fuse.ts';
import { recompute } from '../../src/passes/recompute.ts';
import { verifyKernels } from '../../src/passes/verify.ts';

const matrix: ValueType = { shape: [64, 128], dtype: 'float32' };

function programOf(types: readonly ValueType[], body: (...x: readonly Tensor[]) => Tensor[]): KernelProgram {
  const program = recompute(fuse(simplify(record(types, body).program)));
  verifyKernels('recompute', program);
  return program;
}

const stored = ({ kernels }: KernelProgram): number => new Set(kernels.flatMap(writesOf)).size;

describe('recompute', () => {
  it('leaves out what a gradient can compute from what it reads', () => {
    // What the gradient wants of the forward pass is x, its tanh and their product.
    const program = programOf([matrix, matrix], (x, g) => {
      const h = x!.sin();
      const inner = h.mul(h).mul(0.044715).add(1);
      const t = h.mul(inner).tanh();
      const y = h.mul(0.5).mul(t.add(1));
      const slope = t.add(1).mul(0.5).add(h.mul(0.5).mul(inner));
      return [y.exp(), g!.mul(slope), y.sum(1)];
    });
    expect(stored(program)).toBe(6);
  });

  it('keeps what is dearer to compute again than to move', () => {
    const program = programOf([matrix], (x) => {
      const y = x!.tanh();
      return [y.mul(2), y.sum(1)];
    });
    expect(stored(program)).toBe(3);
  });

  it('keeps what would be read from two buffers in place of one', () => {
    const program = programOf([matrix, matrix], (x, y) => {
      const [sum, other] = [x!.add(y!), y!.sin()];
      return [sum.exp(), sum.sum(1), sum.amax(1), sum.prod(1), other];
    });
    expect(stored(program)).toBe(6);
  });

  it('keeps results, what is read elsewhere, and what a product makes', () => {
    const square: ValueType = { shape: [64, 64], dtype: 'float32' };
    const program = programOf([square, square], (x, y) => {
      const [double, sine] = [x!.mul(2), x!.mul(3)];
      const product = relu(x!.matmul(y!).add(1));
      return [double, double.sum(1), sine.T.exp(), sine.sum(1), product.sum(1), product.amax(1)];
    });
    // A result, its sum, what is transposed, its exponential, its sum, the product, its relu, a sum and a maximum.
    expect(stored(program)).toBe(9);
  });

  it('does not read the old value of a state more often than it must', () => {
    const weight = tensor(new Float32Array(64 * 128)).reshape([64, 128]);
    const program = programOf([matrix], (x) => {
      const scaled = weight.mul(2);
      weight.assign(weight.add(x!));
      return [scaled.sum(1), scaled.amax(1)];
    });
    expect(stored(program)).toBe(4);
  });
});
