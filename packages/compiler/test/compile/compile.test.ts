import { noGrad, parameter } from '@nadir/autograd';
import {
  BatchNorm1d,
  clipGradNorm,
  crossEntropy,
  Dropout,
  Linear,
  ReLU,
  Sequential,
  type Module,
} from '@nadir/nn';
import { Adam, AdamW, SGD, type Optimizer, type OptimizerOptions } from '@nadir/optimizers';
import {
  defaultGenerator,
  eagerExecutor,
  manualSeed,
  randint,
  randn,
  tensor,
  where,
  type Tensor,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.ts';

type AnyOptimizer = Optimizer<OptimizerOptions>;
type Build = (model: Module) => AnyOptimizer;

/** A model, its optimizer and what to do with them: made anew for each way to run it. */
interface Experiment {
  readonly model: Module;
  readonly optimizer: AnyOptimizer;
}

function batches(count: number): (readonly [x: Tensor, y: Tensor])[] {
  manualSeed(5);
  return Array.from({ length: count }, () => [randn([8, 6]), randint(0, 4, [8])]);
}

function experiment(layers: () => Module, optimizer: Build): Experiment {
  manualSeed(1);
  const model = layers();
  const made = { model, optimizer: optimizer(model) };
  manualSeed(2);
  return made;
}

/** Everything that training leaves, and what it returned, as text of all bits. */
function bits(results: readonly unknown[], { model, optimizer }: Experiment): string {
  const show = (x: Tensor): unknown => [x.dtype, x.shape, Array.from(x.data)];
  return JSON.stringify([
    results,
    Object.entries(model.stateDict()).map(([name, x]) => [name, show(x)]),
    Object.entries(optimizer.stateDict()).map(([name, x]) => [name, show(x)]),
    show(defaultGenerator().state),
  ]);
}

const mlp = (): Module => new Sequential(new Linear(6, 16), new ReLU(), new Linear(16, 4));

function trainingStep({ model, optimizer }: Experiment): (x: Tensor, y: Tensor) => Tensor {
  return (x, y) => {
    optimizer.zeroGrad();
    const loss = crossEntropy(model(x), y);
    loss.backward();
    optimizer.step();
    return loss;
  };
}

/** Runs the same steps eagerly and compiled; expects the same bits, and as many programs as given. */
function expectSame(
  layers: () => Module,
  optimizer: Build,
  run: (step: (x: Tensor, y: Tensor) => Tensor, made: Experiment) => readonly unknown[],
  makeStep: (made: Experiment) => (x: Tensor, y: Tensor) => Tensor = trainingStep,
  traces = 1,
): void {
  const eager = experiment(layers, optimizer);
  const expected = bits(run(makeStep(eager), eager), eager);
  const compiled = experiment(layers, optimizer);
  const step = compile(makeStep(compiled), { executor: eagerExecutor });
  expect(bits(run(step, compiled), compiled)).toBe(expected);
  expect(step.traces).toBe(traces);
}

/** For after `w.grad = null`, which TypeScript takes for the last word on the matter. */
const gradientOf = (w: Tensor): Tensor => w.grad!;

const data = batches(6);
const train = (step: (x: Tensor, y: Tensor) => Tensor): number[] => data.map(([x, y]) => step(x, y).item());

const sgd: Build = (model) => new SGD(model.parameters(), { lr: 0.1 });

describe('a compiled training step equals eager bit for bit', () => {
  it.each<[string, Build]>([
    ['SGD', sgd],
    ['momentum', (model) => new SGD(model.parameters(), { lr: 0.1, momentum: 0.9, nesterov: true })],
    ['Adam', (model) => new Adam(model.parameters(), { lr: 0.01 })],
    ['amsgrad', (model) => new Adam(model.parameters(), { lr: 0.01, amsgrad: true })],
    ['AdamW', (model) => new AdamW(model.parameters(), { lr: 0.01, weightDecay: 0.1 })],
  ])('with %s', (_, optimizer) => {
    expectSame(mlp, optimizer, train);
  });

  it('with dropout, whose numbers go on from call to call', () => {
    expectSame(() => new Sequential(new Linear(6, 16), new Dropout(0.5), new Linear(16, 4)), sgd, train);
  });

  it('with batch normalization and its buffers, also after eval() between calls', () => {
    const layers = () =>
      new Sequential(new Linear(6, 8), new BatchNorm1d(8, { momentum: null }), new Linear(8, 4));
    const run = (step: (x: Tensor, y: Tensor) => Tensor, { model }: Experiment): number[] => {
      const first = train(step);
      model.eval();
      const second = train(step);
      model.train();
      return [...first, ...second, ...train(step)];
    };
    expectSame(layers, sgd, run, trainingStep, 2);
  });

  it('with modes that the step itself sets', () => {
    const layers = () => new Sequential(new Linear(6, 8), new Dropout(0.5), new Linear(8, 4));
    const makeStep = (made: Experiment) => (x: Tensor, y: Tensor) => {
      made.model.train();
      trainingStep(made)(x, y);
      made.model.eval();
      return noGrad(() => crossEntropy(made.model(x), y));
    };
    const run = (step: (x: Tensor, y: Tensor) => Tensor, { model }: Experiment) => [
      train(step),
      model.training,
    ];
    expectSame(layers, sgd, run, makeStep);
  });

  it('with tied weights', () => {
    const tied = (): Module => {
      const first = new Linear(6, 6);
      const second = new Linear(6, 6);
      Object.assign(second, { weight: first.weight });
      return new Sequential(first, second, new Linear(6, 4));
    };
    expectSame(tied, sgd, train);
  });

  it('with a learning rate set and a state dict loaded between calls', () => {
    const run = (step: (x: Tensor, y: Tensor) => Tensor, { model, optimizer }: Experiment): unknown[] => {
      const saved = Object.fromEntries(
        Object.entries(model.stateDict()).map(([name, x]) => [name, x.clone()]),
      );
      const savedOptimizer = optimizer.stateDict();
      const first = train(step);
      optimizer.paramGroups[0]!.lr = 0.5;
      const second = train(step);
      model.loadStateDict(saved);
      optimizer.loadStateDict(savedOptimizer);
      return [first, second, train(step)];
    };
    expectSame(mlp, (model) => new Adam(model.parameters(), { lr: 0.01 }), run);
  });

  it('with lrStep() inside', () => {
    const makeStep = (made: Experiment) => {
      const step = trainingStep(made);
      return (x: Tensor, y: Tensor): Tensor => {
        const loss = step(x, y);
        made.optimizer.lrStep();
        return loss;
      };
    };
    const optimizer: Build = (model) => new SGD(model.parameters(), { lr: 0.5, lrSchedule: 'exponential' });
    const run = (step: (x: Tensor, y: Tensor) => Tensor, { optimizer }: Experiment): unknown[] => [
      train(step),
      optimizer.paramGroups[0]!.lr,
    ];
    expectSame(mlp, optimizer, run, makeStep);
  });

  it('with clipped gradients', () => {
    const makeStep =
      ({ model, optimizer }: Experiment) =>
      (x: Tensor, y: Tensor): Tensor => {
        optimizer.zeroGrad();
        const loss = crossEntropy(model(x), y);
        loss.backward();
        clipGradNorm(model.parameters(), 0.1);
        optimizer.step();
        return loss;
      };
    expectSame(mlp, sgd, train, makeStep);
  });

  it('with SAM, which assigns the parameters twice', () => {
    const makeStep =
      ({ model, optimizer }: Experiment) =>
      (x: Tensor, y: Tensor): Tensor => {
        optimizer.zeroGrad();
        const loss = crossEntropy(model(x), y);
        loss.backward();
        const moves = noGrad(() =>
          model.parameters().map((w) => {
            const move = w.grad!.mul(0.05);
            w.assign(w.add(move));
            return move;
          }),
        );
        optimizer.zeroGrad();
        crossEntropy(model(x), y).backward();
        noGrad(() => {
          for (const [i, w] of model.parameters().entries()) w.assign(w.sub(moves[i]!));
        });
        optimizer.step();
        return loss;
      };
    expectSame(mlp, sgd, train, makeStep);
  });

  it('with a skip of steps that are not finite', () => {
    const makeStep =
      ({ model, optimizer }: Experiment) =>
      (x: Tensor, y: Tensor): Tensor => {
        const before = model.parameters().map((w) => w.detach().clone());
        optimizer.zeroGrad();
        const loss = crossEntropy(model(x), y);
        loss.backward();
        optimizer.step();
        const ok = loss.detach().isFinite();
        for (const [i, w] of model.parameters().entries()) w.assign(where(ok, w.detach(), before[i]!));
        return loss;
      };
    const run = (step: (x: Tensor, y: Tensor) => Tensor): unknown[] => {
      const [x, y] = data[0]!;
      const broken = step(x.mul(Infinity), y).item();
      return [Number.isFinite(broken), train(step)];
    };
    expectSame(mlp, sgd, run, makeStep);
  });

  it('with micro-steps that accumulate, as programs over the same state', () => {
    const makeStep =
      ({ model }: Experiment) =>
      (x: Tensor, y: Tensor): Tensor => {
        const loss = crossEntropy(model(x), y).div(3);
        loss.backward();
        return loss;
      };
    const run = (step: (x: Tensor, y: Tensor) => Tensor, { optimizer }: Experiment): unknown[] =>
      data.flatMap(([x, y], i) => {
        const loss = step(x, y).item();
        if (i % 3 === 2) {
          optimizer.step();
          optimizer.zeroGrad();
        }
        return loss;
      });
    // One that finds the slots empty, one that adds to them.
    expectSame(mlp, sgd, run, makeStep, 2);
  });

  it('with a frozen layer between calls', () => {
    const run = (step: (x: Tensor, y: Tensor) => Tensor, { model }: Experiment): unknown[] => {
      const first = train(step);
      const frozen = model.parameters()[0]!;
      const { history } = frozen;
      frozen.history = null;
      const second = train(step);
      frozen.history = history;
      return [first, second, train(step)];
    };
    expectSame(mlp, sgd, run, trainingStep, 2);
  });

  it('with shapes that change', () => {
    const run = (step: (x: Tensor, y: Tensor) => Tensor): unknown[] =>
      [8, 5, 8, 5, 3, 8].map((size, i) => {
        const [x, y] = data[i]!;
        return step(x.split([size, 8 - size])[0]!, y.split([size, 8 - size])[0]!).item();
      });
    expectSame(mlp, (model) => new Adam(model.parameters()), run, trainingStep, 3);
  });
});

describe('accumulation in one function', () => {
  it('is two programs chosen by an argument, and one step of both', () => {
    const results = [true, false].map((isCompiled) => {
      const made = experiment(mlp, (model) => new Adam(model.parameters(), { lr: 0.01 }));
      const body = (x: Tensor, y: Tensor, isFirst: boolean, isLast: boolean): Tensor => {
        if (isFirst) made.optimizer.zeroGrad();
        const loss = crossEntropy(made.model(x), y).div(2);
        loss.backward();
        if (isLast) made.optimizer.step();
        return loss;
      };
      const step = compile(body, { executor: eagerExecutor });
      const run = isCompiled ? step : body;
      const losses = [...data, ...data].map(([x, y], i) => run(x, y, i % 2 === 0, i % 2 === 1).item());
      if (isCompiled) expect(step.traces).toBe(2);
      return bits(losses, made);
    });
    expect(results[0]).toBe(results[1]);
  });

  it('adds to gradients that eager left, and eager adds to its', () => {
    const w = parameter([1, 2]);
    const add = (x: Tensor): void => w.mul(x).sum().backward();
    const step = compile(add);
    add(tensor([1, 1]));
    step(tensor([10, 20]));
    add(tensor([100, 200]));
    expect(w.grad!.toArray()).toEqual([111, 221]);
    const held = w.grad!;
    step(tensor([1, 1]));
    step(tensor([1, 1]));
    expect(w.grad!.toArray()).toEqual([113, 223]);
    expect(held.toArray()).toEqual([111, 221]);
    expect(step.traces).toBe(1);
    w.grad = null;
    step(tensor([5, 6]));
    expect(w.grad!.toArray()).toEqual([5, 6]);
    expect(step.traces).toBe(2);
  });

  it('changes a gradient from before in place where the step assigns to it', () => {
    const w = parameter([3, 4]);
    const clip = compile(() => {
      const gradient = w.grad!;
      const norm = gradient.norm();
      gradient.assign(gradient.div(norm));
      return norm;
    });
    for (const scale of [1, 2, 3]) {
      w.grad = null;
      w.mul(tensor([3 * scale, 4 * scale]))
        .sum()
        .backward();
      const held = w.grad!;
      expect(clip().item()).toBe(5 * scale);
      expect(w.grad).toBe(held);
      expect(held.norm().item()).toBeCloseTo(1, 5);
    }
    expect(clip.traces).toBe(1);
  });
});

describe('gradients of a compiled step', () => {
  const make = (options: { keepGrads?: boolean } = {}) => {
    const w = parameter([1, 2]);
    const optimizer = new SGD([w], { lr: 0.1 });
    const step = compile((x: Tensor) => {
      optimizer.zeroGrad();
      const loss = w.mul(x).square().sum();
      loss.backward();
      optimizer.step();
      return loss;
    }, options);
    return { w, optimizer, step };
  };

  it('are values of the program: reading one afterwards is an error that names the option', () => {
    const { w, optimizer, step } = make();
    step(tensor([1, 1]));
    expect(() => w.grad).toThrow('Pass { keepGrads: true } to compile()');
    expect(() => w.sum().backward()).toThrow('keepGrads');
    optimizer.zeroGrad();
    expect(w.grad).toBeNull();
    w.sum().backward();
    expect(w.grad!.toArray()).toEqual([1, 1]);
  });

  it('stay with keepGrads, as eager leaves them', () => {
    const { w, step } = make({ keepGrads: true });
    for (let i = 0; i < 3; i++) {
      const expected = noGrad(() => w.detach().mul(2)).toArray();
      step(tensor([1, 1]));
      expect(w.grad!.toArray()).toEqual(expected);
    }
    expect(step.traces).toBe(1);
  });

  it('can be returned', () => {
    const w = parameter([1, 2]);
    const step = compile((x: Tensor) => {
      w.grad = null;
      w.mul(x).sum().backward();
      return { w: gradientOf(w) };
    });
    for (const x of [1, 2, 3]) expect(step(tensor([x, 1])).w.toArray()).toEqual([x, 1]);
    expect(() => w.grad).toThrow('keepGrads');
  });

  it('see the hooks of the parameter, and hooks that come later', () => {
    const w = parameter([1, 2]);
    const step = compile(() => {
      w.grad = null;
      w.sum().backward();
      return gradientOf(w);
    });
    expect(step().toArray()).toEqual([1, 1]);
    const remove = w.registerHook((gradient) => gradient.mul(3));
    expect(step().toArray()).toEqual([3, 3]);
    remove();
    expect(step().toArray()).toEqual([1, 1]);
    expect(() => compile(() => w.registerHook(() => {}))()).toThrow('Register it before');
  });

  it('do not pass to the graph of a tensor from outside', () => {
    const w = parameter([1, 2]);
    const outside = w.mul(2);
    expect(() => compile(() => outside.sum().backward())()).toThrow(
      'Compute it inside, or use detach() of it',
    );
    outside.sum().backward();
    expect(w.grad!.toArray()).toEqual([2, 2]);
    expect(() => compile((x: Tensor) => x.sum())(w.mul(2))).toThrow('pass detach() of it');
  });
});
