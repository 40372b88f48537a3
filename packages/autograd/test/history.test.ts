import { GradientError, onesLike, tensor, zeros, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { gradients, noGrad, parameter, requiresGrad } from '../src/index.ts';

function message(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(GradientError);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

describe('backward', () => {
  it('adds up the gradients of all uses', () => {
    const x = parameter([2, 3]);
    x.mul(x).add(x).sum().backward();
    expect(x.grad!.toArray()).toEqual([5, 7]);
  });

  it('adds up over calls, in a tensor of its own', () => {
    const x = parameter([2]);
    x.mul(3).backward();
    const first = x.grad!;
    x.mul(4).backward();
    expect(x.grad!.toArray()).toEqual([7]);
    expect(first.toArray()).toEqual([3]);
  });

  it('starts from a seed of the shape of the tensor', () => {
    const x = parameter([1, 2]);
    x.mul(x).backward(tensor([10, 100]));
    expect(x.grad!.toArray()).toEqual([20, 400]);
  });

  it('casts a seed of the other float dtype', () => {
    const x = parameter([1, 2]);
    x.mul(2).backward(tensor([1, 2], { dtype: 'float64' }));
    expect(x.grad!.dtype).toBe('float32');
  });

  it('starts at a leaf', () => {
    const x = parameter(3);
    x.backward();
    expect(x.grad!.item()).toBe(1);
  });

  it('keeps gradients of different parameters apart', () => {
    const [a, b] = [parameter([1, 2]), parameter([3, 4])];
    const seed = tensor([1, 1]);
    a.add(b).backward(seed);
    a.grad!.assign(7);
    expect(b.grad!.toArray()).toEqual([1, 1]);
    expect(seed.toArray()).toEqual([1, 1]);
  });

  it('leaves gradients that can be assigned to, also behind a broadcast', () => {
    const x = parameter([1, 2, 3]);
    x.sum().backward();
    x.grad!.assign(x.grad!.mul(0.5));
    expect(x.grad!.toArray()).toEqual([0.5, 0.5, 0.5]);
  });

  it('works inside noGrad, on what was recorded outside', () => {
    const x = parameter([3]);
    const y = x.mul(x);
    noGrad(() => y.backward());
    expect(x.grad!.toArray()).toEqual([6]);
  });

  it('leaves out what is frozen or detached', () => {
    const [a, b] = [parameter([2]), parameter([5])];
    requiresGrad(b, false);
    a.mul(b).add(a.detach()).backward();
    expect(a.grad!.toArray()).toEqual([5]);
    expect(b.grad).toBe(null);
  });

  it('goes through a chain of 200,000 operations', () => {
    const x = parameter(1);
    let y = x;
    for (let i = 0; i < 200_000; i++) y = y.neg();
    y.backward();
    expect(x.grad!.item()).toBe(1);
  });

  it('visits a node once, however many paths lead there', () => {
    const x = parameter(1, { dtype: 'float64' });
    let y = x;
    for (let i = 0; i < 60; i++) y = y.add(y);
    y.backward();
    expect(x.grad!.item()).toBe(2 ** 60);
  });

  it('passes both parts of a split to their source', () => {
    const x = parameter([1, 2, 3]);
    const [head, tail] = x.split([1, 2]) as [Tensor, Tensor];
    head.sum().mul(tail.sum()).backward();
    expect(x.grad!.toArray()).toEqual([5, 1, 1]);
  });

  it('passes through products of transposes', () => {
    const values = Array.from({ length: 24 }, (_, i) => Math.sin(i));
    const gradientsOf = (transpose: (x: Tensor) => Tensor, shape: readonly number[]): unknown[] => {
      const [a, b] = [parameter(tensor(values).reshape(shape)), parameter(tensor(values).reshape(shape))];
      const [rows, columns] = [a, b.reshape([...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!])];
      transpose(rows).matmul(transpose(columns)).square().sum().backward();
      return [a.grad!.toArray(), b.grad!.toArray()];
    };
    for (const shape of [
      [4, 6],
      [2, 4, 3],
    ]) {
      const copied = gradientsOf((x) => x.transpose().clone(), shape);
      expect(gradientsOf((x) => x.transpose(), shape)).toEqual(copied);
    }
  });

  it('differentiates again with createGraph', () => {
    const x = parameter(2, { dtype: 'float64' });
    x.mul(x).mul(x).backward(undefined, { createGraph: true });
    const slope = x.grad!;
    x.grad = null;
    slope.backward();
    expect(slope.item()).toBe(12);
    expect(x.grad!.item()).toBe(12);
  });
});

describe('errors of backward', () => {
  it('needs a seed for more than one element', () => {
    const y = parameter([1, 2, 3]).mul(2);
    expect(message(() => y.backward())).toBe(
      'backward(): a tensor of shape [3] needs a seed gradient of its shape; only one of one element does without. ' +
        'Reduce it with sum() or mean(), or pass the seed.',
    );
  });

  it('needs a seed of the right shape and kind', () => {
    const y = parameter([1, 2, 3]).mul(2);
    expect(message(() => y.backward(zeros([2])))).toBe(
      'backward(): the seed must have the shape of the tensor, got [2] for [3].',
    );
    expect(message(() => y.backward(zeros([3], { dtype: 'int32' })))).toBe(
      'backward(): the seed must be float32 or float64, got int32.',
    );
  });

  it('needs a history', () => {
    expect(message(() => tensor([1, 2]).sum().backward())).toBe(
      'backward(): this tensor of shape [] has no history. Make the inputs with parameter(), and compute outside noGrad().',
    );
    expect(message(() => parameter([1]).argmax().backward())).toContain('Gradients need float32 or float64');
  });

  it('cannot pass a freed graph', () => {
    const x = parameter([1, 2]);
    const y = x.mul(x).sum();
    y.backward();
    expect(message(() => y.backward())).toBe(
      'backward(): the graph was freed by an earlier backward pass, got there at the mul of shape [2]. ' +
        'Compute the result again, or pass { retainGraph: true } to the earlier pass.',
    );
  });

  it('passes a retained graph as often as one likes', () => {
    const x = parameter([1, 2]);
    const y = x.mul(x).sum();
    y.backward(undefined, { retainGraph: true });
    y.backward();
    expect(x.grad!.toArray()).toEqual([4, 8]);
  });

  it('leaves gradients alone when it fails', () => {
    const x = parameter([1, 2]);
    const shared = x.exp();
    shared.sum().backward();
    const before = x.grad!.toArray();
    expect(() => shared.mul(2).sum().backward()).toThrow(GradientError);
    expect(x.grad!.toArray()).toEqual(before);
  });
});

describe('changes in place', () => {
  it('are an error where the old value is needed', () => {
    const [x, w] = [parameter([1, 2]), parameter([3, 4])];
    const y = x.mul(w).sum();
    w.assign(0);
    expect(message(() => y.backward())).toBe(
      'backward(): mul needs its operand 1 of shape [2] as it was, but it was changed in place since (version 1, saved at 0). ' +
        'Call backward() before assign(), or compute with a clone() of it.',
    );
  });

  it('are an error through a view, and of a result', () => {
    const x = parameter([1, 2]);
    const constant = tensor([
      [1, 2],
      [3, 4],
    ]);
    const y = x.mul(constant.at(0)).sum();
    constant.at(1).assign(9);
    expect(message(() => y.backward())).toContain('changed in place since');
    const z = x.exp();
    const sum = z.sum();
    z.detach().assign(1);
    expect(message(() => sum.backward())).toContain('exp needs its result of shape [2]');
  });

  it('do no harm where the old value is not needed', () => {
    const x = parameter([1, 2]);
    const y = x.add(1).sum();
    x.assign(5);
    y.backward();
    expect(x.grad!.toArray()).toEqual([1, 1]);
  });

  it('do no harm to a clone', () => {
    const [x, w] = [parameter([1, 2]), parameter([3, 4])];
    const y = x.mul(w.clone()).sum();
    w.assign(0);
    y.backward();
    expect(x.grad!.toArray()).toEqual([3, 4]);
  });
});

describe('hooks', () => {
  it('see the whole gradient of a leaf, once, and may replace it', () => {
    const x = parameter([1, 2]);
    const seen: unknown[] = [];
    const remove = x.registerHook((gradient) => {
      seen.push(gradient.toArray());
      return gradient.mul(10);
    });
    x.add(x).sum().backward();
    expect(seen).toEqual([[2, 2]]);
    expect(x.grad!.toArray()).toEqual([20, 20]);
    remove();
    x.sum().backward();
    expect(x.grad!.toArray()).toEqual([21, 21]);
  });

  it('of an intermediate result change what flows on', () => {
    const x = parameter([1, 2]);
    const y = x.mul(3);
    y.registerHook((gradient) => gradient.mul(0));
    y.sum().backward();
    expect(x.grad!.toArray()).toEqual([0, 0]);
  });

  it('run in order, and can be removed on their own', () => {
    const x = parameter(1);
    const order: string[] = [];
    x.registerHook(() => void order.push('a'));
    const remove = x.registerHook(() => void order.push('b'));
    x.registerHook(() => void order.push('c'));
    remove();
    remove();
    x.mul(2).backward();
    expect(order).toEqual(['a', 'c']);
  });

  it('may pass through the graph that is being passed', () => {
    const x = parameter([2, 3]);
    const square = x.mul(x);
    const cube = square.mul(x);
    const slopes: unknown[] = [];
    const fifth = cube.mul(square);
    fifth.registerHook(() => {
      const seeds = [onesLike(cube)];
      slopes.push(gradients(cube, [x], { seeds, retainGraph: true })[0].toArray());
    });
    fifth.sum().backward();
    expect(slopes).toEqual([[12, 27]]);
    expect(x.grad!.toArray()).toEqual([80, 405]);
  });

  it('must keep the shape', () => {
    const x = parameter([1, 2]);
    x.registerHook(() => zeros([3]));
    expect(message(() => x.sum().backward())).toBe(
      'registerHook(): what the hook returns must be float32 [2] as the tensor, got float32 [3].',
    );
  });

  it('need a history', () => {
    expect(message(() => zeros([2]).registerHook(() => {}))).toContain(
      'registerHook(): this tensor of shape [2] has no history',
    );
  });
});

describe('retainGrad', () => {
  it('keeps the gradient of an intermediate result', () => {
    const x = parameter([1, 2]);
    const y = x.mul(3);
    const kept = y.mul(y).retainGrad();
    kept.sum().backward();
    expect(kept.grad!.toArray()).toEqual([1, 1]);
    expect(y.grad).toBe(null);
    expect(x.grad!.toArray()).toEqual([18, 36]);
  });

  it('adds up over passes, and does nothing to a leaf', () => {
    const x = parameter([1, 2]).retainGrad();
    const y = x.add(1).retainGrad();
    y.sum().backward();
    y.sum().backward();
    expect(y.grad!.toArray()).toEqual([2, 2]);
    expect(x.grad!.toArray()).toEqual([2, 2]);
  });

  it('is not changed by assigning to the gradient of a leaf', () => {
    const x = parameter([1, 2]);
    const y = x.add(1).retainGrad();
    y.backward(onesLike(y));
    x.grad!.assign(9);
    expect(y.grad!.toArray()).toEqual([1, 1]);
  });
});

describe('grad', () => {
  it('can be set and cleared', () => {
    const x = parameter([1, 2]);
    x.grad = tensor([5, 6]);
    x.sum().backward();
    expect(x.grad.toArray()).toEqual([6, 7]);
    x.grad = null;
    expect(x.grad).toBe(null);
  });

  it('must have the shape and dtype of the tensor', () => {
    const x = parameter([1, 2]);
    expect(message(() => (x.grad = zeros([3])))).toBe(
      'grad(): the gradient must be float32 [2] as the tensor, got float32 [3].',
    );
    expect(message(() => (x.grad = zeros([2], { dtype: 'float64' })))).toContain('got float64 [2]');
  });
});

describe('what is recorded', () => {
  it('is nothing for integers and comparisons', () => {
    const x = parameter([1.5, 2]);
    for (const y of [x.cast('int32'), x.gt(1), x.argmax()]) expect(y.requiresGrad).toBe(false);
  });

  it('is nothing where no operand wants a gradient', () => {
    expect(tensor([1]).mul(2).requiresGrad).toBe(false);
  });

  it('includes step functions, whose gradient is zero', () => {
    const x = parameter([1.5, -2.5]);
    x.round().sum().backward();
    expect(x.grad!.toArray()).toEqual([0, 0]);
  });
});
