import { noGrad, parameter, requiresGrad, valueAndGrad } from '@nadir/autograd';
import { Dropout, Linear } from '@nadir/nn';
import { Adam, SGD } from '@nadir/optimizers';
import {
  defaultGenerator,
  eagerExecutor,
  effect,
  guard,
  manualSeed,
  Mode,
  ProgramError,
  rand,
  slice,
  tensor,
  type Tensor,
  zeros,
  type Executor,
} from '@nadir/tensor';
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

describe('arguments and results', () => {
  it('are nested objects and arrays of tensors and constants', () => {
    const body = (batch: {
      x: Tensor;
      parts: readonly Tensor[];
      scale: number;
      isOn: boolean;
      none: null;
    }) => ({
      sum: batch.parts.reduce((sum, part) => sum.add(part), batch.x.mul(batch.scale)),
      echo: [batch.isOn, batch.none, batch.scale, 'text', undefined] as const,
      nested: { deep: [batch.x.neg()] },
    });
    const step = compile(body);
    const call = (run: typeof body, scale: number) =>
      run({ x: tensor([1, 2]), parts: [tensor([3, 4]), tensor([5, 6])], scale, isOn: true, none: null });
    for (const scale of [2, 2, 3, 2]) {
      const [got, want] = [call(step, scale), call(body, scale)];
      expect(got.sum.toArray()).toEqual(want.sum.toArray());
      expect(got.echo).toEqual(want.echo);
      expect(got.nested.deep[0]!.toArray()).toEqual([-1, -2]);
    }
    expect(step.traces).toBe(2);
  });

  it.each([
    ['another dtype', (x: Tensor) => [x.cast('int32'), 1]],
    ['another shape', (x: Tensor) => [x.at(slice(0, 1)), 1]],
    ['another number', (x: Tensor) => [x, 2]],
    ['minus zero', (x: Tensor) => [x, -0]],
    ['another kind of value', (x: Tensor) => [x, '1']],
    ['a structure', (x: Tensor) => [[x], 1]],
    ['an argument more', (x: Tensor) => [x, 1, null]],
  ])('%s traces another program', (_, change) => {
    const step = compile((...args: readonly unknown[]) => args.length);
    const x = tensor([1, 2]);
    step(x, 1);
    step(x, 1);
    expect(step.traces).toBe(1);
    step(...change(x));
    expect(step.traces).toBe(2);
  });

  it('are the same tensor where they were', () => {
    const step = compile((x: Tensor, y: Tensor) => (x === y ? [x.add(1), x] : [y, x.mul(y)]));
    const [x, y] = [tensor([2]), tensor([3])];
    expect(step(x, x).map((x) => x.item())).toEqual([3, 2]);
    expect(step(x, y).map((x) => x.item())).toEqual([3, 6]);
    const twice = compile((x: Tensor) => {
      const y = x.add(1);
      return [y, y];
    })(x);
    expect(twice[0]).toBe(twice[1]);
  });

  it('that are not values are errors that name the place', () => {
    const step = compile((options: unknown) => String(options));
    expect(() => step({ rows: [new Float32Array(2)] })).toThrow(
      'the arguments[0].rows[0] must be made of tensors',
    );
    expect(() => step(new Map())).toThrow('got Map');
    expect(() => compile(() => ({ model: new Linear(1, 1) }))()).toThrow('the result.model must be made of');
  });

  it('may be views and parameters; returned parameters are copies', () => {
    const w = parameter([1, 2, 3]);
    const step = compile((x: Tensor) => ({ w, row: x.at(0), flipped: x.T }));
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    for (const input of [x.T, x, x.T]) {
      const result = step(input);
      expect(result.row.toArray()).toEqual(input.at(0).toArray());
      expect(result.flipped.toArray()).toEqual(input.T.toArray());
      expect(result.w).not.toBe(w);
      expect(result.w.requiresGrad).toBe(false);
      result.w.assign(0);
      result.row.assign(9);
    }
    expect(w.toArray()).toEqual([1, 2, 3]);
    expect(x.toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('that the step assigns to are written in place, through views too', () => {
    const body = (x: Tensor) => {
      x.assign(x.mul(2));
      return x.sum();
    };
    const step = compile(body);
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(step(x.T.at(0)).item()).toBe(8);
    expect(step(x.at(1)).item()).toBe(20);
    expect(x.toArray()).toEqual([
      [2, 2],
      [12, 8],
    ]);
    expect(step.traces).toBe(1);
  });

  it('that share a storage with what the step writes are seen to', () => {
    const run = (isCompiled: boolean): unknown => {
      const w = tensor([1, 2]);
      const body = (x: Tensor, y: Tensor) => {
        w.assign(w.add(x));
        x.assign(x.mul(y));
        return [x.add(0), y.add(0), w.add(0)];
      };
      const step = isCompiled ? compile(body) : body;
      const other = tensor([3, 4]);
      const calls: [Tensor, Tensor][] = [
        [other, tensor([1, 2])],
        [w, other],
        [other, other.detach()],
        [other, w],
        [w, w],
      ];
      return [...calls, ...calls].map(([x, y]) => [...step(x, y), w, other].map((x) => x.toArray()));
    };
    expect(run(true)).toEqual(run(false));
  });

  it('that require gradients are captured by identity', () => {
    const [a, b] = [parameter([1, 2]), parameter([3, 4])];
    const step = compile((w: Tensor) => w.square().sum().backward());
    for (const w of [a, b, a, b]) step(w);
    expect([a, b].map((w) => w.grad!.toArray())).toEqual([
      [4, 8],
      [12, 16],
    ]);
    // Each once with an empty slot, and once with a filled one.
    expect(step.traces).toBe(4);
    const input = compile((x: Tensor) => x.requiresGrad);
    expect([input(tensor([1])), input(a), input(a.detach())]).toEqual([false, true, false]);
  });
});

describe('captured state', () => {
  it('is written in place, also through views', () => {
    const table = zeros([3, 2]);
    const row = table.at(1);
    const step = compile((x: Tensor) => {
      row.assign(row.add(x));
      table.T.at(0).assign(7);
      return table.sum();
    });
    expect(step(tensor([1, 2])).item()).toBe(23);
    expect(step(tensor([1, 2])).item()).toBe(25);
    expect(table.toArray()).toEqual([
      [7, 0],
      [7, 4],
      [7, 0],
    ]);
    expect(row.toArray()).toEqual([7, 4]);
  });

  it('is read anew in every call', () => {
    const scale = tensor(2, { dtype: 'float64' });
    const step = compile((x: Tensor) => x.mul(scale));
    expect(step(tensor([1])).item()).toBe(2);
    scale.assign(5);
    expect(step(tensor([1])).item()).toBe(5);
  });

  it('counts one version per call', () => {
    const w = parameter([1, 2]);
    const eager = w.square().sum();
    const step = compile(() => w.assign(w.detach().mul(2)));
    const { version } = w.storage;
    step();
    expect(w.storage.version).toBe(version + 1);
    expect(() => eager.backward()).toThrow('changed in place');
    step();
    expect(w.storage.version).toBe(version + 2);
  });

  it('made inside the step is new in every call', () => {
    const body = (x: Tensor) => {
      const sum = tensor([1, 1]);
      sum.assign(sum.add(x));
      return sum;
    };
    const step = compile(body);
    for (let i = 0; i < 3; i++) expect(step(tensor([1, 2])).toArray()).toEqual([2, 3]);
  });

  it('of random numbers goes on, wherever it was first used', () => {
    const run = (isCompiled: boolean): unknown => {
      manualSeed(3);
      const body = () => [rand([3]), new Dropout(0.5)(rand([4]))];
      const step = isCompiled ? compile(body) : body;
      const drawn = Array.from({ length: 4 }, () => step().map((x) => x.toArray()));
      return [drawn, defaultGenerator().state.toArray()];
    };
    expect(run(true)).toEqual(run(false));
  });

  it('may be differentiated by functions too', () => {
    const params = { w: parameter([1, 2]), b: parameter([3]) };
    const loss = (p: typeof params, x: Tensor) => p.w.mul(x).sum().add(p.b.sum()).square();
    const body = (x: Tensor) => valueAndGrad(loss)(params, x);
    const step = compile(body);
    for (const x of [tensor([1, 1]), tensor([2, 3]), tensor([4, 5])]) {
      const show = ([value, gradient]: ReturnType<typeof body>) =>
        [value, gradient.w, gradient.b].map((x) => x.toArray());
      expect(show(step(x))).toEqual(show(body(x)));
    }
    expect(step.traces).toBe(1);
  });
});

describe('modes', () => {
  it('are part of what a program is found by', () => {
    const options = { isNegative: false };
    const training = new Mode<boolean>('training of a test', true);
    const step = compile((x: Tensor) => {
      const y = training.value ? x.mul(2) : x;
      return guard('sign of a test', () => options.isNegative) ? y.neg() : y;
    });
    const results = [true, false, true, false].flatMap((isTraining) => {
      training.value = isTraining;
      return [false, true].map((isNegative) => {
        options.isNegative = isNegative;
        return step(tensor([1])).item();
      });
    });
    expect(results).toEqual([2, -2, 1, -1, 2, -2, 1, -1]);
    expect(step.traces).toBe(4);
  });

  it('of gradients are too: noGrad() around the call and inside it', () => {
    const w = parameter([1]);
    const step = compile(() => w.mul(2).requiresGrad);
    expect([step(), noGrad(() => step()), step(), noGrad(() => step())]).toEqual([true, false, true, false]);
    expect(step.traces).toBe(2);
    const silent = compile(() => noGrad(() => w.mul(2).requiresGrad));
    expect([silent(), noGrad(() => silent())]).toEqual([false, false]);
    expect(silent.traces).toBe(1);
  });

  it('see requiresGrad of captured tensors change', () => {
    const [w, v] = [parameter([1]), parameter([2])];
    const optimizer = new SGD([w, v], { lr: 1 });
    const step = compile(() => {
      optimizer.zeroGrad();
      w.mul(v).sum().backward();
      optimizer.step();
    });
    step();
    expect([w.item(), v.item()]).toEqual([-1, 1]);
    requiresGrad(v, false);
    step();
    expect([w.item(), v.item()]).toEqual([-2, 1]);
    requiresGrad(v);
    step();
    expect([w.item(), v.item()]).toEqual([-3, 3]);
  });
});

describe('host effects', () => {
  it('run after every call, in order, and see the values', () => {
    const seen: unknown[] = [];
    const count = zeros([]);
    const step = compile(() => {
      effect(() => seen.push(['first', count.item()]));
      count.assign(count.add(1));
      effect(() => seen.push(['second', count.item()]));
    });
    for (let i = 0; i < 3; i++) step();
    expect(seen).toEqual(
      [1, 2, 3].flatMap((n) => [
        ['first', n],
        ['second', n],
      ]),
    );
  });

  it('put the learning rate of the schedule into the next call', () => {
    const w = parameter([0], { dtype: 'float64' });
    const optimizer = new SGD([w], { lr: 1, lrSchedule: 'step' });
    const step = compile(() => {
      optimizer.zeroGrad();
      w.sum().backward();
      optimizer.step();
      optimizer.lrStep();
    });
    const path = Array.from({ length: 4 }, () => (step(), w.item()));
    expect(path).toEqual([-1, -1.5, -1.75, -1.875]);
  });
});

describe('the check in the second call', () => {
  it.each<[string, string, () => (x: Tensor) => unknown]>([
    [
      'a number',
      'the number 0.5 in mul of float32 [2] was 0.25 this time. Pass what changes as an argument',
      () => {
        let lr = 1;
        return (x) => x.mul((lr /= 2));
      },
    ],
    [
      'a number in options',
      'starts [0] of slice of float32 [1] was [1] this time',
      () => {
        let i = 0;
        return (x) => x.at(Math.min(i++, 1)).mul(1);
      },
    ],
    [
      'a tensor made inside',
      'the constant float32 [2] in add of float32 [2] had other elements this time',
      () => {
        let i = 0;
        return (x) => x.add(tensor([1, i++]));
      },
    ],
    [
      'a captured tensor that was replaced',
      'the tensor float32 [2] in add of float32 [2] was another one this time',
      () => {
        let state = tensor([0, 0]);
        return (x) => {
          const sum = x.add(state);
          state = tensor([1, 1]);
          return sum;
        };
      },
    ],
    [
      'a branch',
      'neg of float32 [2] was exp of float32 [2] this time',
      () => {
        let isFirst = true;
        return (x) => {
          const y = isFirst ? x.neg() : x.exp();
          isFirst = false;
          return y;
        };
      },
    ],
    [
      'the length of a loop',
      'it had 1 operations and 2 this time',
      () => {
        let n = 0;
        return (x) => Array.from({ length: ++n }).reduce((y: Tensor) => y.neg(), x);
      },
    ],
    [
      'a result that is not a tensor',
      'the result.epoch 1 was 2 this time',
      () => {
        let epoch = 0;
        return (x) => ({ x, epoch: ++epoch });
      },
    ],
  ])('names %s that moved', (_, message, make) => {
    const step = compile(make());
    const x = tensor([1, 2]);
    step(x);
    expect(() => step(x)).toThrow(`compile(): the step must do the same in every call, but ${message}`);
    expect(() => step(x)).toThrow(ProgramError);
  });

  it('runs for every program, once, and changes nothing itself', () => {
    let runs = 0;
    const count = zeros([]);
    const step = compile((x: Tensor) => {
      runs++;
      count.assign(count.add(1));
      return x.add(count);
    });
    for (const size of [2, 3]) {
      for (let i = 0; i < 5; i++) step(zeros([size]));
    }
    expect(runs).toBe(4);
    expect(count.item()).toBe(10);
    expect(step.traces).toBe(2);
  });

  it('leaves the state as it was where it fails', () => {
    const w = parameter([1, 2]);
    const optimizer = new Adam([w], { lr: 0.1 });
    let scale = 1;
    const step = compile(() => {
      optimizer.zeroGrad();
      w.mul(scale++).sum().backward();
      optimizer.step();
    });
    step();
    const before = [w.toArray(), w.storage.version, JSON.stringify(optimizer.stateDict())];
    expect(step).toThrow('the number 1 in mul of float32 [2] was 2 this time');
    expect([w.toArray(), w.storage.version, JSON.stringify(optimizer.stateDict())]).toEqual(before);
  });
});

describe('what cannot be traced', () => {
  it.each<[string, string, (x: Tensor) => unknown]>([
    [
      'a value that is read',
      'for a choice that depends on a value use where()',
      (x) => (x.sum().item() > 0 ? x : x.neg()),
    ],
    ['an async body', 'the step must be synchronous', async (x) => x.add(1)],
    [
      'a shape that depends on values',
      'the shape of the result depends on values',
      (x) => x.maskedSelect(x.gt(0)),
    ],
  ])('%s is an error', (_, message, body) => {
    expect(() => compile(body)(tensor([1, 2]))).toThrow(message);
  });

  it('leaves nothing behind: a step that throws works in the next call', () => {
    manualSeed(1);
    const model = new Linear(2, 1);
    const optimizer = new Adam(model.parameters(), { lr: 0.1 });
    model.weight.sum().backward();
    const held = model.weight.grad;
    const graph = model.weight.square().sum();
    let isBroken = true;
    const body = (x: Tensor) => {
      optimizer.zeroGrad();
      const loss = model(new Dropout(0.5)(x)).square().sum();
      loss.backward();
      optimizer.step();
      model.eval();
      if (isBroken) throw new RangeError('broken');
      model.train();
      return loss;
    };
    const step = compile(body);
    const everything = () =>
      [...model.parameters(), ...Object.values(optimizer.stateDict()), defaultGenerator().state].map((x) =>
        x.toArray(),
      );
    const before = everything();
    expect(() => step(tensor([[1, 2]]))).toThrow(RangeError);
    expect(everything()).toEqual(before);
    expect(model.weight.grad).toBe(held);
    expect(model.training).toBe(true);
    expect(step.programs).toEqual([]);
    // The versions are as they were, so that a graph from before is still good.
    graph.backward();
    expect(model.weight.grad).not.toBe(held);
    isBroken = false;
    const random = defaultGenerator().getState();
    const saved = model.parameters().map((w) => w.detach().clone());
    const savedOptimizer = optimizer.stateDict();
    const loss = step(tensor([[1, 2]])).item();
    const after = everything();
    for (const [i, w] of model.parameters().entries()) w.assign(saved[i]!);
    optimizer.loadStateDict(savedOptimizer);
    defaultGenerator().setState(random);
    expect(body(tensor([[1, 2]])).item()).toBe(loss);
    expect(everything()).toEqual(after);
  });

  it('keeps a program that an executor refuses out of the cache', () => {
    const executor: Executor = {
      name: 'none',
      load() {
        throw new ProgramError('load(): this executor supports nothing.');
      },
    };
    const step = compile((x: Tensor) => x.neg(), { executor });
    expect(() => step(tensor([1]))).toThrow('supports nothing');
    expect([step.programs.length, step.traces]).toEqual([0, 0]);
  });

  it('tells tensors that leaked out of a step', () => {
    let leaked: Tensor | null = null;
    compile((x: Tensor) => {
      leaked = x.add(1);
    })(tensor([1]));
    expect(() => leaked!.item()).toThrow('Return the tensor and read it after the call');
    expect(() => compile(() => leaked!.add(1))()).toThrow('belongs to another recording');
  });
});

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
