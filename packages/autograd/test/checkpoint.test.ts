import { dropout, manualSeed, tensor, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { checkpoint, enableGrad, grad, gradients, isGradEnabled, noGrad, parameter } from '../src/index.ts';
import { checkGradients } from '../src/testing/index.ts';

const float64 = { dtype: 'float64' } as const;

describe('checkpoint', () => {
  it('runs the function twice, and has the gradients of running it once', () => {
    const x = parameter([1, 2]);
    let runs = 0;
    const y = checkpoint((x) => {
      runs++;
      return x.mul(x).exp();
    }, x);
    expect(runs).toBe(1);
    y.sum().backward();
    expect(runs).toBe(2);
    const want = gradients(x.mul(x).exp().sum(), [x])[0];
    expect(x.grad!.equal(want)).toBe(true);
  });

  it('gives parameters that the function captures their gradients, even where no input requires one', () => {
    const [w, b] = [parameter([2, 3]), parameter([1, 1])];
    checkpoint((x: Tensor) => x.mul(w).add(b).square(), tensor([1, 1]))
      .sum()
      .backward();
    expect(w.grad!.toArray()).toEqual([6, 8]);
    expect(b.grad!.toArray()).toEqual([6, 8]);
  });

  it('counts intermediate results from outside once, though one depends on another', () => {
    const x = parameter(2, float64);
    const y = x.mul(x);
    checkpoint((z: Tensor) => z.mul(y).mul(x), y.mul(3)).backward();
    // 3x²·x²·x = 3x⁵
    expect(x.grad!.item()).toBe(15 * 16);
  });

  it('keeps nothing of what is in between, and can be nested', () => {
    const x = tensor([0.5, -1], float64);
    const f = (x: Tensor): Tensor =>
      checkpoint((x: Tensor) => checkpoint((x: Tensor) => x.sin().exp(), x).mul(x), x);
    expect(() => checkGradients(f, [x], { order: 2 })).not.toThrow();
  });

  it('has several results', () => {
    const f = (x: Tensor): Tensor => {
      const [a, index, b] = checkpoint((x: Tensor) => [x.exp(), x.argmax(), x.sin()] as const, x);
      expect(index.requiresGrad).toBe(false);
      return a.mul(b);
    };
    expect(() => checkGradients(f, [tensor([0.5, -1], float64)])).not.toThrow();
    const x = parameter([1, 2]);
    const [used] = checkpoint((x: Tensor) => [x.mul(2), x.mul(3)] as const, x);
    used.sum().backward();
    expect(x.grad!.toArray()).toEqual([2, 2]);
  });

  it('draws the same dropout mask again, and leaves the generator where it was', () => {
    manualSeed(3);
    const x = parameter(tensor(new Float32Array(64).fill(1)));
    const y = checkpoint((x: Tensor) => dropout(x), x);
    const mask = y.toArray();
    const before = dropout(tensor([1, 1, 1, 1])).toArray();
    y.sum().backward();
    expect(x.grad!.toArray()).toEqual(mask);
    manualSeed(3);
    dropout(x);
    expect(dropout(tensor([1, 1, 1, 1])).toArray()).toEqual(before);
  });

  it('holds grad inside, and is held by grad', () => {
    const w = parameter(3, float64);
    const x = parameter(2, float64);
    const slope = (x: Tensor): Tensor => grad((v: Tensor) => v.mul(v).mul(v).mul(w))(x);
    checkpoint(slope, x).backward();
    expect([x.grad!.item(), w.grad!.item()]).toEqual([36, 12]);
    const f = (x: Tensor): Tensor => checkpoint((x: Tensor) => x.mul(x).mul(x), x);
    expect(grad(grad(f))(tensor(2, float64)).item()).toBe(12);
  });

  it('follows the modes of the function', () => {
    const x = parameter(2, float64);
    const modes: boolean[] = [];
    const y = checkpoint((x: Tensor) => {
      modes.push(isGradEnabled());
      return noGrad(() => x.mul(5)).mul(enableGrad(() => x.mul(x)));
    }, x);
    y.backward();
    expect(modes).toEqual([true, true]);
    expect(x.grad!.item()).toBe(40);
  });

  it('does nothing where nothing is recorded', () => {
    const x = parameter([1]);
    expect(noGrad(() => checkpoint((x: Tensor) => x.mul(2), x)).requiresGrad).toBe(false);
    expect(checkpoint((x: Tensor) => x.mul(2), tensor([1])).requiresGrad).toBe(false);
  });

  it('may return its input, or a tensor that it captures', () => {
    const v = parameter([5, 6]);
    const u = parameter([5, 6]);
    const results = checkpoint((u: Tensor) => [u.mul(2), u, v] as const, u);
    results[0].add(results[1]).add(results[2].mul(7)).sum().backward();
    expect(u.grad!.toArray()).toEqual([3, 3]);
    expect(v.grad!.toArray()).toEqual([7, 7]);

    const x = parameter([1, 2]);
    const y = checkpoint((x: Tensor) => x, x);
    y.mul(3).sum().backward();
    expect(x.grad?.toArray() ?? null).toEqual([3, 3]);
  });

  it('notices changes in place, and a freed graph', () => {
    const [x, w] = [parameter([1, 2]), parameter([3, 4])];
    const y = checkpoint((x: Tensor) => x.mul(w), x).sum();
    w.assign(0);
    expect(() => y.backward()).toThrow(
      'backward(): checkpoint needs a tensor that its function used of shape [2] as it was',
    );
    const z = checkpoint((x: Tensor) => x.mul(w), x).sum();
    z.backward();
    expect(() => z.backward()).toThrow('got there at the checkpoint of shape [2]');
  });

  it('notices a function that computes something else', () => {
    let runs = 0;
    const y = checkpoint((x: Tensor) => (runs++ === 0 ? x.mul(2) : x.mul(2).sum()), parameter([1, 2]));
    expect(() => y.sum().backward()).toThrow(
      'checkpoint(): the gradient of the second run must be float32 [] as the tensor, got float32 [2].',
    );
  });
});
