import { inspect } from 'node:util';
import { parameter } from '@nadir/autograd';
import { eagerExecutor, ones, record, ShapeError, tensor, zeros, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import {
  BatchNorm1d,
  Dropout,
  Linear,
  Module,
  ReLU,
  Sequential,
  StateDictError,
  type StateDict,
} from '../src/index.ts';

class Block extends Module {
  readonly inProjection: Linear = new Linear(2, 3);
  readonly act = new ReLU();
  readonly layers: readonly Linear[] = [new Linear(3, 3), new Linear(3, 2, { bias: false })];
  readonly scale: Tensor = this.parameter(ones([2]));
  readonly offsets: readonly Tensor[] = [parameter([1]), parameter([2])];
  readonly callCount: Tensor = this.buffer('callCount', zeros([], { dtype: 'int32' }));
  readonly label = 'not part of the state';
  readonly absent: Tensor | null = null;
  #secret = parameter([3]);

  override forward(x: Tensor): Tensor {
    const hidden = this.act(this.inProjection(x));
    const y = this.layers.reduce((value, layer) => layer(value), hidden);
    return y.mul(this.scale).mul(this.#secret);
  }
}

const blockNames = [
  'scale',
  'offsets.0',
  'offsets.1',
  'call_count',
  'in_projection.weight',
  'in_projection.bias',
  'layers.0.weight',
  'layers.0.bias',
  'layers.1.weight',
];

describe('a module', () => {
  it('is a function that calls forward', () => {
    const block = new Block();
    expect(typeof block).toBe('function');
    expect(block).toBeInstanceOf(Module);
    expect(block).toBeInstanceOf(Block);
    const x = tensor([[1, -1]]);
    expect(block(x).toArray()).toEqual(block.forward(x).toArray());
    expect([x].map(block as unknown as (x: Tensor) => Tensor)[0]!.shape).toEqual([1, 2]);
  });

  it('takes and returns what its forward does', () => {
    class Pair extends Module<[a: Tensor, b: Tensor, swap?: boolean], readonly [Tensor, Tensor]> {
      override forward(a: Tensor, b: Tensor, swap = false): readonly [Tensor, Tensor] {
        return swap ? [b, a] : [a, b];
      }
    }
    const [a, b] = [tensor([1]), tensor([2])];
    expect(new Pair()(a, b, true)).toEqual([b, a]);
  });

  it('keeps private fields, accessors and methods of derived classes', () => {
    class Counter extends Module {
      #calls = 0;
      get calls(): number {
        return this.#calls;
      }
      override forward(x: Tensor): Tensor {
        this.#calls++;
        return x;
      }
    }
    class Named extends Counter {
      override readonly name = 'mine';
    }
    const counter = new Named();
    counter(tensor([1]));
    counter(tensor([1]));
    expect([counter.calls, counter.name]).toEqual([2, 'mine']);
  });
});

describe('parameters and buffers', () => {
  it('are found in order, own ones first, by names in snake case', () => {
    const block = new Block();
    expect(Object.keys(block.stateDict())).toEqual(blockNames);
    expect(Array.from(block.namedParameters(), ([name]) => name)).toEqual(
      blockNames.filter((name) => name !== 'call_count'),
    );
    expect(Array.from(block.namedBuffers(), ([name]) => name)).toEqual(['call_count']);
    expect(block.parameters().every(({ requiresGrad }) => requiresGrad)).toBe(true);
    expect(block.buffers().some(({ requiresGrad }) => requiresGrad)).toBe(false);
  });

  it('lists modules depth first, each once', () => {
    const shared = new ReLU();
    const model = new Sequential(new Block(), shared, shared);
    expect(Array.from(model.namedModules(), ([name]) => name)).toEqual([
      '',
      '0',
      '0.in_projection',
      '0.act',
      '0.layers.0',
      '0.layers.1',
      '1',
    ]);
  });

  it('are trained once and saved under every name where they are tied', () => {
    class Tied extends Module {
      readonly encoder = new Linear(2, 2);
      readonly decoder = this.encoder;
      readonly copy: Tensor = this.encoder.weight;
      override forward(x: Tensor): Tensor {
        return this.decoder(this.encoder(x));
      }
    }
    const tied = new Tied();
    expect(Array.from(tied.namedParameters(), ([name]) => name)).toEqual(['copy', 'encoder.bias']);
    expect(Object.keys(tied.stateDict())).toEqual([
      'copy',
      'encoder.weight',
      'encoder.bias',
      'decoder.weight',
      'decoder.bias',
    ]);
    new Tied().loadStateDict(tied.stateDict());
  });

  it('end where a module holds itself', () => {
    class Loop extends Module {
      readonly weight: Tensor = this.parameter(ones([1]));
      self: Module | null = null;
      override forward(x: Tensor): Tensor {
        return x;
      }
    }
    const loop = new Loop();
    loop.self = loop;
    expect(Object.keys(loop.stateDict())).toEqual(['weight']);
    expect([...loop.namedModules()].length).toBe(1);
  });

  it('must not have one name', () => {
    class Twice extends Module {
      readonly runningMean: Tensor = this.parameter(ones([1]));
      readonly running_mean: Tensor = this.parameter(ones([1]));
      override forward(x: Tensor): Tensor {
        return x;
      }
    }
    expect(() => new Twice().stateDict()).toThrow(StateDictError);
    expect(() => new Twice().stateDict()).toThrow(
      'stateDict(): two properties are named running_mean in snake case. Rename one.',
    );
  });

  it('forget gradients, freeze and thaw', () => {
    const block = new Block();
    block(tensor([[1, 1]]))
      .sum()
      .backward();
    expect(block.scale.grad).not.toBe(null);
    block.zeroGrad();
    expect(block.scale.grad).toBe(null);
    expect(block.requiresGrad(false)).toBe(block);
    expect(block.parameters().some(({ requiresGrad }) => requiresGrad)).toBe(false);
    expect(Array.from(block.namedParameters(), ([name]) => name)).toContain('layers.1.weight');
    block.zeroGrad();
    block.requiresGrad();
    expect(block.parameters().every(({ requiresGrad }) => requiresGrad)).toBe(true);
  });
});

describe('train and eval', () => {
  it('reach every module below, and give the module back', () => {
    const model = new Sequential(new Block(), new Dropout());
    expect(model.training).toBe(true);
    expect(model.eval()).toBe(model);
    expect(Array.from(model.namedModules(), ([, module]) => module.training)).toEqual(
      Array.from(model.namedModules(), () => false),
    );
    expect(model.train().training).toBe(true);
    expect(model.train(false).training).toBe(false);
  });

  it('are modes of a recorded program', () => {
    const model = new Sequential(new Dropout(0.5));
    const { guards } = record([{ shape: [4], dtype: 'float32' }], (x) => [model(x!)]);
    const training = guards.filter(({ name }) => name.startsWith('training'));
    expect(training.map(({ value }) => value)).toEqual([true]);
  });
});

describe('stateDict and loadStateDict', () => {
  it('share and copy', () => {
    const [source, target] = [new Block(), new Block()];
    const state = source.stateDict();
    expect(state['scale']!.storage).toBe(source.scale.storage);
    expect(state['scale']!.requiresGrad).toBe(false);
    const { storage } = target.scale;
    expect(target.loadStateDict(state)).toEqual({ missing: [], unexpected: [] });
    const x = tensor([[0.5, -2]]);
    expect(target(x).toArray()).toEqual(source(x).toArray());
    expect(target.scale.storage).toBe(storage);
    expect(target.scale.requiresGrad).toBe(true);
    source.scale.assign(7);
    expect(target.scale.toArray()).toEqual([1, 1]);
  });

  it('cast to the dtype of the module', () => {
    const layer = new Linear(1, 1);
    layer.loadStateDict({
      weight: tensor([[0.1]], { dtype: 'float64' }),
      bias: tensor([2], { dtype: 'int32' }),
    });
    expect([layer.weight.dtype, layer.weight.item(), layer.bias!.item()]).toEqual([
      'float32',
      Math.fround(0.1),
      2,
    ]);
  });

  const wrong: readonly (readonly [string, (state: StateDict) => StateDict, new () => Error, string])[] = [
    [
      'a missing name',
      ({ weight }) => ({ weight: weight! }),
      StateDictError,
      'names must agree, missing [bias], unexpected []. Nothing was loaded. Pass { strict: false } to load what fits.',
    ],
    [
      'an unexpected name',
      (state) => ({ ...state, extra: ones([1]) }),
      StateDictError,
      'names must agree, missing [], unexpected [extra].',
    ],
    [
      'a name of the language',
      ({ bias }) => ({ bias: bias!, toString: ones([1]) as never }),
      StateDictError,
      'missing [weight], unexpected [toString]',
    ],
    [
      'another shape',
      ({ weight }) => ({ weight: weight!, bias: ones([2]) }),
      ShapeError,
      'loadStateDict(): bias must have shape [1], got [2]. Nothing was loaded.',
    ],
  ];
  for (const [what, change, type, message] of wrong) {
    it(`refuse ${what}, and load nothing`, () => {
      const layer = new Linear(1, 1);
      const before = layer.weight.item();
      const state = change({ weight: tensor([[9]]), bias: tensor([9]) });
      expect(() => layer.loadStateDict(state)).toThrow(type);
      expect(() => layer.loadStateDict(state)).toThrow(message);
      expect(layer.weight.item()).toBe(before);
    });
  }

  it('load what fits where they need not be strict', () => {
    const layer = new Linear(1, 1);
    const report = layer.loadStateDict({ weight: tensor([[9]]), extra: ones([3]) }, { strict: false });
    expect(report).toEqual({ missing: ['bias'], unexpected: ['extra'] });
    expect(layer.weight.item()).toBe(9);
    expect(() => layer.loadStateDict({ weight: ones([3]) }, { strict: false })).toThrow(ShapeError);
  });

  it('name only some of many', () => {
    const model = new Sequential(...Array.from({ length: 10 }, () => new Linear(1, 1)));
    expect(() => model.loadStateDict({})).toThrow(
      'missing [0.weight, 0.bias, 1.weight, 1.bias, 2.weight, 2.bias, 3.weight, 3.bias and 12 more], unexpected []',
    );
  });
});

describe('toString', () => {
  it('prints the tree', () => {
    const model = new Sequential(new Block(), new Dropout(0.2), (x) => x.relu());
    const tree = [
      'Sequential(',
      '  (0): Block(',
      '    (in_projection): Linear(2, 3)',
      '    (act): ReLU()',
      '    (layers.0): Linear(3, 3)',
      '    (layers.1): Linear(3, 2, bias: false)',
      '  )',
      '  (1): Dropout(p: 0.2)',
      ')',
    ].join('\n');
    expect(String(model)).toBe(tree);
    expect(inspect(model)).toBe(tree);
  });
});

describe('Sequential', () => {
  it('refuses what is no step', () => {
    expect(() => new Sequential(new ReLU(), 3 as never)).toThrow(
      'Sequential(): needs modules or functions, got number at position 1.',
    );
  });

  it('of nothing passes its input on', () => {
    const x = tensor([1]);
    expect(new Sequential()(x)).toBe(x);
    expect([new Sequential().size, new Sequential(new ReLU(), (y) => y).size]).toEqual([0, 2]);
  });

  it('is the same recorded, buffers and all', () => {
    const make = (): Sequential =>
      new Sequential(new Linear(2, 3), new BatchNorm1d(3, { momentum: null }), new ReLU());
    const [recorded, eager] = [make(), make()];
    recorded.loadStateDict(eager.stateDict());
    const { program, state } = record([{ shape: [4, 2], dtype: 'float32' }], (x) => [recorded(x!)]);
    const loaded = eagerExecutor.load(program);
    for (let i = 0; i < 3; i++) {
      const x = tensor([
        [i, 1],
        [2, -i],
        [3, 3],
        [-1, 0.5],
      ]);
      const [y] = loaded.run([x], state);
      expect(y!.toArray()).toEqual(eager(x).toArray());
    }
    const texts = (model: Module): string[] => Object.values(model.stateDict()).map(String);
    expect(texts(recorded)).toEqual(texts(eager));
    expect(recorded.stateDict()['1.num_batches_tracked']!.item()).toBe(3);
  });
});
