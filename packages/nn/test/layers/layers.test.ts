import { parameter } from '@nadir/autograd';
import {
  Generator,
  manualSeed,
  ones,
  ShapeError,
  tensor,
  ValueError,
  zeros,
  type Tensor,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import {
  AvgPool2d,
  BatchNorm1d,
  BatchNorm2d,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  Dropout,
  ELU,
  Embedding,
  GELU,
  LayerNorm,
  LeakyReLU,
  Linear,
  MaxPool2d,
  RMSNorm,
  Softmax,
  type Module,
} from '../../src/index.ts';

describe('Dropout', () => {
  it('zeroes about p of the elements and scales the others', () => {
    const layer = new Dropout(0.2, { generator: new Generator(1) });
    const { data } = layer(ones([100, 100]));
    const zeroed = data.filter((value) => value === 0).length;
    expect(Math.abs(zeroed / data.length - 0.2)).toBeLessThan(0.02);
    expect([...new Set(data)].sort()).toEqual([0, 1.25]);
  });

  it('draws the same masks from the same seed, and another at each call', () => {
    const masks = (): unknown[] => {
      manualSeed(7);
      const layer = new Dropout();
      return [layer(ones([16])).toArray(), layer(ones([16])).toArray()];
    };
    const [first, second] = masks();
    expect(first).not.toEqual(second);
    expect(masks()).toEqual([first, second]);
  });

  it('lets through the gradients of what it kept', () => {
    const x = parameter(ones([64]));
    const y = new Dropout(0.5)(x);
    y.sum().backward();
    expect(x.grad!.toArray()).toEqual(y.toArray());
  });

  it('passes its input on in evaluation, and at its ends', () => {
    const x = tensor([1, 2]);
    expect(new Dropout(0.9).eval()(x)).toBe(x);
    expect(new Dropout(0)(x).toArray()).toEqual([1, 2]);
    expect(new Dropout(1)(x).toArray()).toEqual([0, 0]);
    expect(() => new Dropout(1.5)).toThrow(ValueError);
    expect(() => new Dropout(1.5)).toThrow('Dropout(): p must be in [0, 1], got 1.5.');
  });
});

/** Greatest size of an element, as a share of the bound that it must not reach. */
function reach(weight: Tensor, bound: number): number {
  return weight.abs().max().item() / bound;
}

describe('first values', () => {
  it.each([
    ['Linear', () => new Linear(256, 64), 1 / 16],
    ['Conv1d', () => new Conv1d(16, 32, 4, { groups: 2 }), 1 / Math.sqrt(32)],
    ['Conv2d', () => new Conv2d(16, 32, [4, 2]), 1 / Math.sqrt(128)],
    ['ConvTranspose2d', () => new ConvTranspose2d(32, 16, 4), 1 / 16],
  ] as const)('of %s are uniform in torch’s range', (_name, make, bound) => {
    manualSeed(0);
    const layer = make();
    expect(reach(layer.weight, bound)).toBeLessThanOrEqual(1);
    expect(reach(layer.weight, bound)).toBeGreaterThan(0.98);
    expect(layer.weight.std().item() / (bound / Math.sqrt(3))).toBeCloseTo(1, 1);
    expect(Math.abs(layer.weight.mean().item() / bound)).toBeLessThan(0.05);
    expect(reach(layer.bias!, bound)).toBeLessThanOrEqual(1);
    expect(reach(layer.bias!, bound)).toBeGreaterThan(0.7);
  });

  it('of Embedding are standard normal', () => {
    manualSeed(0);
    const { weight } = new Embedding(200, 50);
    expect(weight.mean().item()).toBeCloseTo(0, 1);
    expect(weight.std().item()).toBeCloseTo(1, 1);
  });

  it('of normalizations are one and zero', () => {
    for (const layer of [new LayerNorm(2), new BatchNorm1d(2), new BatchNorm2d(2)]) {
      expect([layer.weight!.toArray(), layer.bias!.toArray()]).toEqual([
        [1, 1],
        [0, 0],
      ]);
    }
  });

  it('come from the seed, or from a generator of one’s own', () => {
    const seeded = (): unknown => {
      manualSeed(3);
      return new Linear(2, 2).weight.toArray();
    };
    expect(seeded()).toEqual(seeded());
    const own = (): unknown => {
      const generator = new Generator(5);
      return [new Linear(2, 2, { generator }), new Conv2d(1, 1, 2, { generator })].map((layer) =>
        layer.weight.toArray(),
      );
    };
    manualSeed(3);
    const before = own();
    manualSeed(4);
    expect(own()).toEqual(before);
  });

  it('have the dtype that was asked for', () => {
    const dtype = 'float64';
    const layers: Module[] = [
      new Linear(2, 2, { dtype }),
      new Conv1d(1, 1, 2, { dtype }),
      new Conv2d(1, 1, 2, { dtype }),
      new ConvTranspose2d(1, 1, 2, { dtype }),
      new Embedding(2, 2, { dtype }),
      new LayerNorm(2, { dtype }),
      new RMSNorm(2, { dtype }),
      new BatchNorm1d(2, { dtype }),
    ];
    for (const layer of layers) {
      for (const value of layer.parameters()) expect(value.dtype).toBe('float64');
    }
  });
});

describe('wrong arguments', () => {
  const cases: readonly (readonly [string, () => unknown, new () => Error, string])[] = [
    [
      'features',
      () => new Linear(784, 10)(zeros([2, 28, 28])),
      ShapeError,
      'Linear(): the last axis must have 784 features, got shape [2, 28, 28]. flatten() images first',
    ],
    [
      'groups',
      () => new Conv2d(3, 8, 3, { groups: 2 }),
      ValueError,
      'Conv2d(): groups must divide the channels on both sides, got 2 for 3 and 8.',
    ],
    ['groups', () => new Conv1d(4, 6, 3, { groups: 4 }), ValueError, 'Conv1d(): groups must divide'],
    [
      'groups',
      () => new ConvTranspose2d(4, 6, 3, { groups: 0 }),
      ValueError,
      'ConvTranspose2d(): groups must divide',
    ],
    ['channels', () => new Conv2d(3, 8, 3)(zeros([1, 4, 8, 8])), ShapeError, 'conv2d(): '],
    [
      'axes of batch norm',
      () => new BatchNorm2d(3)(zeros([2, 3])),
      ShapeError,
      'BatchNorm2d(): needs 4 axes with 3 channels on axis 1, got shape [2, 3].',
    ],
    [
      'channels of batch norm',
      () => new BatchNorm1d(3)(zeros([2, 4])),
      ShapeError,
      'BatchNorm1d(): needs 2 or 3 axes with 3 channels on axis 1, got shape [2, 4].',
    ],
    [
      'one value per channel',
      () => new BatchNorm1d(3)(zeros([1, 3])),
      ShapeError,
      'more than one value per channel',
    ],
    [
      'shape of layer norm',
      () => new LayerNorm([2, 3])(zeros([3, 2])),
      ShapeError,
      'layerNorm(): the last axes',
    ],
    [
      'a token outside the table',
      () => new Embedding(3, 2)(tensor([3], { dtype: 'int32' })),
      Error,
      'take(): ',
    ],
  ];
  for (const [what, attempt, type, message] of cases) {
    it(`are named: ${what}, ${message}`, () => {
      expect(attempt).toThrow(type);
      expect(attempt).toThrow(message);
    });
  }

  it('leave the statistics of batch norm alone', () => {
    const layer = new BatchNorm1d(3);
    expect(() => layer(zeros([1, 3]))).toThrow(ShapeError);
    expect(layer.numBatchesTracked.item()).toBe(0);
  });
});

describe('descriptions', () => {
  it.each([
    [new Linear(3, 2), 'Linear(3, 2)'],
    [new Conv1d(2, 4, 3), 'Conv1d(2, 4, kernelSize: 3)'],
    [
      new Conv2d(2, 4, [3, 1], { groups: 2, padding: 'same', bias: false }),
      'Conv2d(2, 4, kernelSize: [3, 1], groups: 2, padding: same, bias: false)',
    ],
    [
      new ConvTranspose2d(2, 4, 3, { groups: 2, stride: [2, 1], dtype: 'float64', bias: true }),
      'ConvTranspose2d(2, 4, kernelSize: [3, 3], groups: 2, stride: [2, 1])',
    ],
    [new BatchNorm2d(3), 'BatchNorm2d(3, eps: 0.00001, momentum: 0.1)'],
    [new LayerNorm([2, 3]), 'LayerNorm([2, 3], eps: 0.00001)'],
    [new RMSNorm(4), 'RMSNorm([4])'],
    [new Embedding(5, 3), 'Embedding(5, 3)'],
    [new MaxPool2d([2, 1], { stride: 1 }), 'MaxPool2d(kernelSize: [2, 1], stride: 1)'],
    [new AvgPool2d(3), 'AvgPool2d(kernelSize: 3)'],
    [new GELU(), 'GELU()'],
    [new GELU({ approximate: 'tanh' }), 'GELU(approximate: tanh)'],
    [new LeakyReLU(), 'LeakyReLU(slope: 0.01)'],
    [new ELU(), 'ELU(alpha: 1)'],
    [new Softmax(), 'Softmax(axis: -1)'],
  ] as const)('%s', (layer, text) => {
    expect(String(layer)).toBe(text);
  });
});
