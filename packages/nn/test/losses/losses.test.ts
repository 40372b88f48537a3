import { parameter } from '@nadir/autograd';
import {
  eagerExecutor,
  IndexError,
  record,
  ShapeError,
  tensor,
  ValueError,
  type Tensor,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import {
  bceWithLogits,
  crossEntropy,
  huberLoss,
  klDivergence,
  l1Loss,
  mseLoss,
  nllLoss,
  type LossReduction,
} from '../../src/index.ts';

const classes = (...indices: number[]): Tensor => tensor(indices, { dtype: 'int32' });
const logits = tensor([
  [1, 2, 3],
  [3, 2, 1],
]);

describe('wrong arguments', () => {
  const pairs = { mseLoss, l1Loss, huberLoss, bceWithLogits, klDivergence };
  for (const [name, loss] of Object.entries(pairs)) {
    it(`of ${name} are named`, () => {
      const [a, b] = [tensor([1, 2]), tensor([[1, 2]])];
      expect(() => loss(a, b)).toThrow(ShapeError);
      expect(() => loss(a, b)).toThrow(
        /^\w+\(\): .* must have one shape, got \[2\] and \[1, 2\]\. Reshape one/,
      );
      expect(() => loss(a, b)).toThrow(`${name}():`);
      expect(() => loss(a, a, { reduction: 'average' as LossReduction })).toThrow(
        `${name}(): reduction must be mean, sum or none, got average.`,
      );
    });
  }

  const cases: readonly (readonly [string, () => unknown, new () => Error, string])[] = [
    [
      'a class that is too great',
      () => crossEntropy(logits, classes(0, 3)),
      IndexError,
      'crossEntropy(): a class index must be 0 to 2, got 3 at position 1 of the targets.',
    ],
    [
      'a negative class',
      () => nllLoss(logits, classes(-1, 0)),
      IndexError,
      'nllLoss(): a class index must be 0 to 2, got -1 at position 0 of the targets.',
    ],
    [
      'torch’s ignored class',
      () => crossEntropy(logits, classes(0, -100)),
      IndexError,
      'got -100 at position 1 of the targets. Pass { ignoreIndex: -100 } to leave such targets out.',
    ],
    [
      'a bool target',
      () => crossEntropy(logits, tensor([true, false])),
      Error,
      'crossEntropy(): class indices must be int32 or uint8, got bool.',
    ],
    [
      'a float target of nllLoss',
      () => nllLoss(logits, tensor([0, 1])),
      Error,
      'nllLoss(): class indices must be int32 or uint8, got float32.',
    ],
    [
      'targets of another number',
      () => crossEntropy(logits, classes(0)),
      ShapeError,
      'crossEntropy(): class indices for [2, 3] must be [2], got [1].',
    ],
    [
      'class indices as floats',
      () => crossEntropy(logits, tensor([0, 1])),
      ShapeError,
      'class probabilities must have the shape of the logits [2, 3], got [2]. Class indices are int32.',
    ],
    [
      'no batch axis',
      () => crossEntropy(tensor([1, 2]), classes(0)),
      ShapeError,
      'crossEntropy(): logits must be [N, C] or [N, C, …], got [2]. Add a batch axis with unsqueeze(0).',
    ],
    [
      'no batch axis of nllLoss',
      () => nllLoss(tensor([1, 2]), classes(0)),
      ShapeError,
      'nllLoss(): log-probabilities must be [N, C] or [N, C, …], got [2]. Add a batch axis with unsqueeze(0).',
    ],
    [
      'a weight of another size',
      () => crossEntropy(logits, classes(0, 1), { weight: tensor([1, 1]) }),
      ShapeError,
      'crossEntropy(): weight must be [3], one number per class of [2, 3], got [2].',
    ],
    [
      'a smoothing above 1',
      () => crossEntropy(logits, classes(0, 1), { labelSmoothing: 1.5 }),
      ValueError,
      'crossEntropy(): labelSmoothing must be in [0, 1], got 1.5.',
    ],
    [
      'an ignored class among probabilities',
      () => crossEntropy(logits, logits.softmax(1), { ignoreIndex: 0 }),
      ValueError,
      'crossEntropy(): ignoreIndex is for class indices, got class probabilities.',
    ],
    [
      'a delta of 0',
      () => huberLoss(logits, logits, { delta: 0 }),
      ValueError,
      'delta must be a finite number above 0, got 0',
    ],
    [
      'the batch mean of a scalar',
      () => klDivergence(tensor(0), tensor(1), { reduction: 'batchMean' }),
      ValueError,
      'klDivergence(): batchMean needs a batch axis, got a scalar. Use the reduction sum.',
    ],
  ];
  for (const [what, attempt, type, message] of cases) {
    it(`are named: ${what}`, () => {
      expect(attempt).toThrow(type);
      expect(attempt).toThrow(message);
    });
  }
});

describe('extremes in float32', () => {
  it('leave cross-entropy and its gradient finite and right', () => {
    const x = parameter([
      [1e4, -1e4, 0],
      [-1e4, 1e4, 1e4],
    ]);
    const losses = crossEntropy(x, classes(1, 2), { reduction: 'none' });
    expect(losses.data[0]).toBe(2e4);
    expect(losses.data[1]).toBeCloseTo(Math.LN2, 6);
    losses.sum().backward();
    expect(x.grad!.toArray()).toEqual([
      [1, -1, 0],
      [0, 0.5, -0.5],
    ]);
  });

  it('leave binary cross-entropy and its gradient finite and right', () => {
    const x = parameter([1e4, 1e4, -1e4, -1e4, 0]);
    const losses = bceWithLogits(x, tensor([1, 0, 1, 0, 1]), { reduction: 'none' });
    expect(losses.toArray()).toEqual([0, 1e4, 1e4, 0, Math.fround(Math.LN2)]);
    losses.sum().backward();
    expect(x.grad!.toArray()).toEqual([0, 1, -1, 0, -0.5]);
  });
});

describe('cross-entropy', () => {
  it('takes uint8 targets, as images have them', () => {
    const bytes = tensor(Uint8Array.of(2, 0));
    expect(crossEntropy(logits, bytes).item()).toBe(crossEntropy(logits, classes(2, 0)).item());
  });

  it('is the same recorded, with ignored targets, and checks indices there too', () => {
    const options = { ignoreIndex: -1, weight: tensor([1, 2, 3]), labelSmoothing: 0.1 };
    const types = [
      { shape: [2, 3], dtype: 'float32' },
      { shape: [2], dtype: 'int32' },
    ] as const;
    const ignoring = record(types, (x, y) => [crossEntropy(x!, y!, options)]);
    for (const target of [classes(0, 2), classes(-1, 1)]) {
      const [loss] = eagerExecutor.load(ignoring.program).run([logits, target], ignoring.state);
      expect(loss!.item()).toBe(crossEntropy(logits, target, options).item());
    }
    const plain = record(types, (x, y) => [crossEntropy(x!, y!)]);
    expect(() => eagerExecutor.load(plain.program).run([logits, classes(0, 3)], plain.state)).toThrow(
      IndexError,
    );
  });

  it('is NaN where every target is ignored, as in torch, and its sum 0', () => {
    const none = classes(-100, -100);
    expect(crossEntropy(logits, none, { ignoreIndex: -100 }).item()).toBeNaN();
    expect(crossEntropy(logits, none, { ignoreIndex: -100, reduction: 'sum' }).item()).toBe(0);
  });
});

describe('the batch mean of klDivergence', () => {
  it('is the sum over the batch size', () => {
    const [p, q] = [logits.softmax(1), logits.neg().logSoftmax(1)];
    const sum = klDivergence(q, p, { reduction: 'sum' }).item();
    expect(klDivergence(q, p, { reduction: 'batchMean' }).item()).toBeCloseTo(sum / 2, 6);
  });
});
