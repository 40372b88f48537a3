import { tensor, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { checkpoint, customFunction, gradients, grad, noGrad, parameter } from '../src/index.ts';
import { checkGradients } from '../src/testing/index.ts';

const float64 = { dtype: 'float64' } as const;

/** x², whose gradient is written by hand. */
const square = customFunction({
  name: 'square',
  forward: (x: Tensor) => ({ output: x.mul(x), saved: { x } }),
  backward: (gradient, { x }) => gradient.mul(x).mul(2),
});

/** (a·b, a + b), with the factor as a plain number. */
const both = customFunction({
  name: 'both',
  forward: (a: Tensor, b: Tensor, factor: number) => ({
    output: [a.mul(b).mul(factor), a.add(b)] as const,
    saved: { a, b, factor },
  }),
  backward: ([product, sum], { a, b, factor }, wanted) => [
    wanted[0] ? product.mul(b).mul(factor).add(sum) : null,
    wanted[1] ? product.mul(a).mul(factor).add(sum) : null,
    null,
  ],
});

describe('customFunction', () => {
  it('is right to the second order', () => {
    const x = tensor([1.5, -2], float64);
    expect(() => checkGradients(square, [x], { order: 2 })).not.toThrow();
    expect(grad(grad((x: Tensor) => square(square(x))))(tensor(3, float64)).item()).toBe(108);
  });

  it('has several results and other arguments', () => {
    const [a, b] = [tensor([1, 2], float64), tensor([3, -4], float64)];
    const f = (a: Tensor, b: Tensor): Tensor => {
      const [product, sum] = both(a, b, 3);
      return product.mul(sum);
    };
    expect(() => checkGradients(f, [a, b], { order: 2 })).not.toThrow();
  });

  it('gets zeros for a result that is not used', () => {
    const [a, b] = [parameter([1, 2]), parameter([3, 4])];
    const [, sum] = both(a, b, 3);
    sum.sum().backward();
    expect(a.grad!.toArray()).toEqual([1, 1]);
  });

  it('says which gradients are wanted', () => {
    const seen: (readonly boolean[])[] = [];
    const f = customFunction({
      forward: (a: Tensor, b: Tensor) => ({ output: a.mul(b), saved: null }),
      backward: (gradient, _, wanted) => {
        seen.push(wanted);
        return [gradient, null];
      },
    });
    f(parameter([1]), tensor([2])).backward();
    expect(seen).toEqual([[true, false]]);
  });

  it('differentiates saved results again', () => {
    const exp = customFunction({
      forward: (x: Tensor) => {
        const output = x.exp();
        return { output, saved: output };
      },
      backward: (gradient, output) => gradient.mul(output),
    });
    expect(() => checkGradients(exp, [tensor([0.5, -1], float64)], { order: 3 })).not.toThrow();
  });

  it('may return its input', () => {
    const identity = customFunction({
      forward: (x: Tensor) => ({ output: x, saved: null }),
      backward: (gradient) => gradient.neg(),
    });
    const x = parameter([1, 2]);
    const y = identity(x);
    y.sum().backward();
    expect(x.grad!.toArray()).toEqual([-1, -1]);
    expect(y).not.toBe(x);
    expect(noGrad(() => identity(x)).requiresGrad).toBe(false);
  });

  it('records nothing without need', () => {
    expect(square(tensor([1])).requiresGrad).toBe(false);
    expect(noGrad(() => square(parameter([1]))).requiresGrad).toBe(false);
  });

  it('does not hand out saved tensors as gradients to be assigned to', () => {
    const constant = tensor([5, 6]);
    const f = customFunction({
      forward: (x: Tensor) => ({ output: x.sum(), saved: { constant } }),
      backward: (_, { constant }) => constant,
    });
    const x = parameter([1, 2]);
    f(x).backward();
    x.grad!.assign(0);
    expect(constant.toArray()).toEqual([5, 6]);
  });

  it('works inside a checkpoint', () => {
    const x = parameter([1, 2]);
    checkpoint((x) => square(x).mul(2), x)
      .sum()
      .backward();
    expect(x.grad!.toArray()).toEqual([4, 8]);
  });

  it('checks the gradients', () => {
    const returning = (gradients: (Tensor | null)[]) =>
      customFunction({
        name: 'wrong',
        forward: (a: Tensor, _k: number) => ({ output: a.mul(2), saved: null }),
        backward: () => gradients,
      })(parameter([1, 2]), 3).sum();
    expect(() => returning([tensor([1])]).backward()).toThrow(
      'wrong(): the gradient of input 0 must be float32 [2] as the input, got float32 [1].',
    );
    expect(() => returning([null, tensor([1])]).backward()).toThrow(
      'wrong(): input 1 is not a tensor, so its gradient must be null.',
    );
    expect(() => returning([null, null, null]).backward()).toThrow(
      'wrong(): backward must return one gradient per input, got 3 for 2 inputs.',
    );
  });

  it('checks that saved tensors are as they were, and that the graph is there', () => {
    const x = parameter([1, 2]);
    const y = square(x).sum();
    x.assign(3);
    expect(() => y.backward()).toThrow('backward(): square needs a saved tensor of shape [2] as it was');
    const z = square(x).sum();
    gradients(z, [x]);
    expect(() => z.backward()).toThrow('got there at the square of shape [2]');
  });
});
