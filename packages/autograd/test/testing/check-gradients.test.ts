import { tensor, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { customFunction } from '../../src/index.ts';
import { checkGradients, GradientCheckError } from '../../src/testing/index.ts';

const x = tensor(
  [
    [0.5, -1],
    [2, 0.25],
  ],
  { dtype: 'float64' },
);

/** x², but with the gradient of 3·x² in one element. */
const wrong = customFunction({
  forward: (x: Tensor) => ({ output: x.mul(x), saved: x }),
  backward: (gradient, x) =>
    gradient.mul(x).mul(
      tensor(
        [
          [2, 2],
          [6, 2],
        ],
        { dtype: 'float64' },
      ),
    ),
});

describe('checkGradients', () => {
  it('passes what is right', () => {
    expect(() => checkGradients((x) => x.mul(x).sin(), [x], { order: 3 })).not.toThrow();
    expect(() => checkGradients((x) => x.mul(x), [x.T.at(0)])).not.toThrow();
  });

  it('names input, index and both values of what is wrong', () => {
    const f = (y: Tensor, x: Tensor): Tensor => wrong(x).add(y);
    expect(() => checkGradients(f, [x, x])).toThrow(GradientCheckError);
    expect(() => checkGradients(f, [x, x])).toThrow(
      /order 1 must agree .* got 1 elements that do not\.\n {2}input 1 at \[1, 0\]: analytic -?\d\S*, numeric -?\d/,
    );
  });

  it('finds a second derivative that is wrong', () => {
    const f = customFunction({
      forward: (x: Tensor) => ({ output: x.mul(x), saved: x }),
      backward: (gradient, x) => gradient.mul(x.detach()).mul(2),
    });
    expect(() => checkGradients(f, [x])).not.toThrow();
    expect(() => checkGradients(f, [x], { order: 2 })).toThrow('order 2 must agree');
  });

  it('finds a missing gradient, and NaN', () => {
    expect(() => checkGradients((x) => x.detach().mul(2), [x])).toThrow('analytic 0, numeric');
    expect(() => checkGradients((x) => x.sqrt(), [tensor([0], { dtype: 'float64' })])).toThrow(
      GradientCheckError,
    );
  });

  it('passes integer inputs on', () => {
    const index = tensor([1, 0], { dtype: 'int32' });
    expect(() => checkGradients((x, index) => x.take(index, 0), [x, index])).not.toThrow();
  });

  it('needs float64', () => {
    expect(() => checkGradients((x) => x, [tensor([1])])).toThrow(
      'checkGradients(): inputs and result must be float64, got float32 of shape [1]. Cast the inputs first.',
    );
  });
});
