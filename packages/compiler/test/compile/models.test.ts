import { checkpoint, parameter } from '@nadir/autograd';
import {
  BatchNorm2d,
  Conv2d,
  crossEntropy,
  Embedding,
  Flatten,
  LayerNorm,
  Linear,
  MaxPool2d,
  mseLoss,
  ReLU,
  Sequential,
  type Module,
} from '@nadir/nn';
import { Adam, SGD } from '@nadir/optimizers';
import { eagerExecutor, manualSeed, rand, randint, randn, tensor, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.ts';

type Step = (x: Tensor, y: Tensor) => Tensor;

/** What a model is after training, all bits of it. */
function after(model: readonly Module[], losses: readonly Tensor[]): unknown {
  const state = model.flatMap((part) => Object.values(part.stateDict()));
  return [...losses, ...state].map((x) => [x.shape, Array.from(x.data)]);
}

describe('compiled training equals eager bit for bit', () => {
  it.each<[string, (wrap: (step: Step) => Step) => unknown]>([
    [
      'of a line, over captured data',
      (wrap) => {
        const x = rand([16, 1]);
        const model = new Linear(1, 1);
        const optimizer = new SGD(model.parameters(), { lr: 0.5 });
        const step = wrap(() => {
          optimizer.zeroGrad();
          const loss = mseLoss(model(x), x.mul(3));
          loss.backward();
          optimizer.step();
          return loss;
        });
        return after(
          [model],
          Array.from({ length: 5 }, () => step(x, x)),
        );
      },
    ],
    [
      'of a convolutional network',
      (wrap) => {
        const model = new Sequential(
          new Conv2d(1, 4, 3, { padding: 1 }),
          new BatchNorm2d(4),
          new ReLU(),
          new MaxPool2d(2),
          new Flatten(),
          new Linear(64, 3),
        );
        const optimizer = new Adam(model.parameters());
        const step = wrap((x, y) => {
          optimizer.zeroGrad();
          const loss = crossEntropy(model(x), y);
          loss.backward();
          optimizer.step();
          return loss;
        });
        const losses = Array.from({ length: 4 }, () => step(randn([4, 1, 8, 8]), randint(0, 3, [4])));
        return after([model], losses);
      },
    ],
    [
      'of attention, with a checkpoint',
      (wrap) => {
        const parts = [new Embedding(11, 8), new LayerNorm(8), new Linear(8, 24), new Linear(8, 11)] as const;
        const [embed, norm, split, head] = parts;
        const optimizer = new Adam(parts.flatMap((part) => part.parameters()));
        const mask = tensor([0, 1, 2, 3, 4])
          .unsqueeze(1)
          .ge(tensor([0, 1, 2, 3, 4]));
        const attend = (x: Tensor): Tensor => {
          const [q, k, v] = split(norm(x)).chunk(3, -1) as [Tensor, Tensor, Tensor];
          const scores = q.matmul(k.transpose(-2, -1)).div(Math.sqrt(8));
          return x.add(scores.maskedFill(mask.logicalNot(), -Infinity).softmax(-1).matmul(v));
        };
        const step = wrap((x, y) => {
          optimizer.zeroGrad();
          const loss = crossEntropy(head(checkpoint(attend, embed(x))).reshape([-1, 11]), y.reshape([-1]));
          loss.backward();
          optimizer.step();
          return loss;
        });
        const losses = Array.from({ length: 4 }, () => step(randint(0, 11, [3, 5]), randint(0, 11, [3, 5])));
        return after(parts as unknown as readonly Module[], losses);
      },
    ],
    [
      'with a parameter that the loss does not depend on',
      (wrap) => {
        const [w, idle] = [parameter([1, 2]), parameter([3])];
        const optimizer = new Adam([w, idle], { lr: 0.1 });
        const step = wrap((x) => {
          optimizer.zeroGrad();
          const loss = w.mul(x).square().sum();
          loss.backward();
          optimizer.step();
          return loss;
        });
        const losses = Array.from({ length: 3 }, () => step(tensor([1, 2]), w).toArray());
        return [losses, w.toArray(), idle.toArray(), idle.grad];
      },
    ],
  ])('%s', (_, run) => {
    manualSeed(4);
    const eager = run((step) => step);
    manualSeed(4);
    let traces = 0;
    const compiled = run((step) => {
      const made = compile(step, { executor: eagerExecutor });
      return (x, y) => {
        const result = made(x, y);
        traces = made.traces;
        return result;
      };
    });
    expect(compiled).toEqual(eager);
    expect(traces).toBe(1);
  });
});
