import { parameter } from '@nadir/autograd';
import { Linear } from '@nadir/nn';
import { Adam, SGD } from '@nadir/optimizers';
import { eagerExecutor, rand, tensor, zeros, type Executor, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.ts';

/** The interpreter, counting what it holds. */
function countingExecutor(): { readonly executor: Executor; readonly held: () => number } {
  let held = 0;
  const executor: Executor = {
    name: 'counting',
    load(program) {
      const loaded = eagerExecutor.load(program);
      held++;
      return {
        run: (args, state) => loaded.run(args, state),
        dispose: () => {
          held--;
          loaded.dispose();
        },
      };
    },
  };
  return { executor, held: () => held };
}

describe('compile inside compile', () => {
  it('is part of the outer program', () => {
    const w = parameter([1, 2]);
    const optimizer = new SGD([w], { lr: 0.5 });
    const inner = compile((x: Tensor) => {
      const loss = w.mul(x).square().sum();
      loss.backward();
      return { loss };
    });
    const outer = compile((x: Tensor) => {
      optimizer.zeroGrad();
      const { loss } = inner(x);
      optimizer.step();
      return loss;
    });
    for (let i = 0; i < 3; i++) outer(tensor([1, 0.5]));
    expect([outer.traces, inner.traces]).toEqual([1, 0]);
    expect(w.toArray()).toEqual([0, 2 * 0.75 ** 3]);
    optimizer.zeroGrad();
    inner(tensor([1, 1]));
    expect(inner.traces).toBe(1);
    expect(w.grad!.toArray()).toEqual([0, 4 * 0.75 ** 3]);
  });
});

describe('the cache', () => {
  it('is bounded, forgets the program used longest ago and disposes it', () => {
    const { executor, held } = countingExecutor();
    const step = compile((x: Tensor) => x.neg(), { executor, cacheSize: 2 });
    const sizes = (): unknown => step.programs.map(({ arguments: [type] }) => type!.shape[0]);
    for (const size of [1, 2, 1, 3]) step(zeros([size]));
    expect(sizes()).toEqual([3, 1]);
    expect([step.traces, held()]).toEqual([3, 2]);
    step(zeros([1]));
    step(zeros([2]));
    expect(sizes()).toEqual([2, 1]);
    expect([step.traces, held()]).toEqual([4, 2]);
    expect(() => compile(() => 0, { cacheSize: 0 })).toThrow(
      'cacheSize must be a whole number of at least 1',
    );
  });

  it('is freed by dispose() and using; a disposed step cannot be called', () => {
    const { executor, held } = countingExecutor();
    const w = tensor([1]);
    {
      using step = compile((x: Tensor) => w.assign(w.add(x)), { executor });
      step(tensor([1]));
      step(tensor(2));
      expect(held()).toBe(2);
    }
    expect(held()).toBe(0);
    expect(w.item()).toBe(4);
    const step = compile((x: Tensor) => x.neg(), { executor });
    step(tensor([1]));
    step.dispose();
    step.dispose();
    expect([held(), step.programs.length]).toEqual([0, 0]);
    expect(() => step(tensor([1]))).toThrow('the step was disposed and cannot be called');
    expect(() => compile((x: Tensor) => step(x))(tensor([1]))).toThrow('disposed');
  });

  it('does not grow in 10,000 calls, nor does memory', () => {
    const model = new Linear(16, 16);
    const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
    const step = compile((x: Tensor) => {
      const loss = model(x).square().mean();
      loss.backward();
      optimizer.step();
      optimizer.zeroGrad();
      return loss;
    });
    const micro = compile((x: Tensor) => {
      const loss = model(x).square().mean();
      loss.backward();
      return loss;
    });
    const x = rand([4, 16]);
    const used = (calls: number): number => {
      for (let i = 0; i < calls; i++) {
        step(x);
        if (i % 10 === 0) {
          micro(x);
          micro(x);
          optimizer.zeroGrad();
        }
      }
      globalThis.gc!();
      return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
    };
    const before = used(500);
    const after = used(10_000);
    expect(after - before).toBeLessThan(4 * 2 ** 20);
    expect([step.traces, step.programs.length]).toEqual([1, 1]);
    expect([micro.traces, micro.programs.length]).toEqual([2, 2]);
  });
});
