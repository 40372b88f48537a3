import { noGrad, parameter, requiresGrad, valueAndGrad } from '@nadir/autograd';
import { Dropout, Linear } from '@nadir/nn';
import { Adam, SGD } from '@nadir/optimizers';
import {
  defaultGenerator,
  effect,
  guard,
  manualSeed,
  Mode,
  ProgramError,
  rand,
  tensor,
  zeros,
  type Executor,
  type Tensor,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.ts';

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
