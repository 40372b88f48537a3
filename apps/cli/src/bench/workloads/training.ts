import { parameter } from '@nadir/autograd';
import {
  Conv2d,
  crossEntropy,
  Flatten,
  Linear,
  MaxPool2d,
  mseLoss,
  ReLU,
  Sequential,
  type Module,
} from '@nadir/nn';
import { Adam, AdamW, SGD } from '@nadir/optimizers';
import { manualSeed, rand, randint, randn, slice, type Tensor } from '@nadir/tensor';
import type { Task, Workload } from '../workload.ts';
import { CharacterModel } from './character-model.ts';

interface AnyOptimizer {
  zeroGrad(): void;
  step(): void;
}

function trained(optimizer: AnyOptimizer, lossOf: (x: Tensor, y: Tensor) => Tensor): Task['step'] {
  return (x, y) => {
    optimizer.zeroGrad();
    const loss = lossOf(x!, y!);
    loss.backward();
    optimizer.step();
    return loss.detach();
  };
}

/** Copies, since steps change the parameters themselves. */
function stateOf(module: Module): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(module.stateDict()).map(([name, value]) => [name, value.clone()]));
}

function line(): Tensor[][] {
  const x = rand([100, 1]);
  return [[x, x.mul(3).add(randn([100, 1]).mul(0.1))]];
}

/** Operations of a product of `rows × k` by `k × n`: forward, the gradient of the weight, and that of the input. */
function productFlops(rows: number, k: number, n: number, passes: 2 | 3): number {
  return 2 * rows * k * n * passes;
}

function perceptron(
  rows: 64 | 512,
  optimizer: 'sgdm' | 'adam',
  make: (params: readonly Tensor[]) => AnyOptimizer,
): Workload {
  const text = optimizer === 'sgdm' ? 'SGD with momentum' : 'Adam';
  return {
    name: `C${rows}-${optimizer}`,
    title: `MLP 784-256-128-10, batch ${rows}, ${text}`,
    per: 1,
    checkSteps: 20,
    flops: productFlops(rows, 784, 256, 2) + productFlops(rows, 256, 128, 3) + productFlops(rows, 128, 10, 3),
    make() {
      manualSeed(1);
      const model = new Sequential(
        new Linear(784, 256),
        new ReLU(),
        new Linear(256, 128),
        new ReLU(),
        new Linear(128, 10),
      );
      const state = stateOf(model);
      // The first rows of one set of batches, whatever their number.
      const batches = Array.from({ length: 8 }, () => {
        const [x, y] = [rand([512, 784]), randint(0, 10, [512])];
        return [x.at(slice(0, rows)).clone(), y.at(slice(0, rows)).clone()];
      });
      return {
        state,
        batches,
        step: trained(make(model.parameters()), (x, y) => crossEntropy(model(x), y)),
      };
    },
  };
}

const momentum = (params: readonly Tensor[]): AnyOptimizer => new SGD(params, { lr: 0.01, momentum: 0.9 });
const adam = (params: readonly Tensor[]): AnyOptimizer => new Adam(params, { lr: 1e-3 });

const [batch, context, width, heads, layers, characters] = [16, 128, 128, 4, 4, 65] as const;
const tokens = batch * context;

/** Whole training steps, each of which reads its loss. */
export const trainingWorkloads: readonly Workload[] = [
  {
    name: 'A',
    title: 'θ·x, 100 rows, MSE, SGD',
    per: 1000,
    checkSteps: 1000,
    flops: null,
    make() {
      manualSeed(1);
      const theta = parameter([0.5]);
      return {
        state: { theta: theta.detach().clone() },
        batches: line(),
        step: trained(new SGD([theta], { lr: 0.01 }), (x, y) => mseLoss(theta.mul(x), y)),
      };
    },
  },
  {
    name: 'B',
    title: 'Linear(1, 1), 100 rows, MSE, SGD',
    per: 1000,
    checkSteps: 1000,
    flops: null,
    make() {
      manualSeed(1);
      const model = new Linear(1, 1);
      return {
        state: stateOf(model),
        batches: line(),
        step: trained(new SGD(model.parameters(), { lr: 0.01 }), (x, y) => mseLoss(model(x), y)),
      };
    },
  },
  perceptron(64, 'sgdm', momentum),
  perceptron(64, 'adam', adam),
  perceptron(512, 'sgdm', momentum),
  perceptron(512, 'adam', adam),
  {
    name: 'D',
    title: 'CNN, two 3×3 convolutions, 28×28, batch 64, Adam',
    per: 1,
    checkSteps: 2,
    flops:
      productFlops(64 * 28 * 28, 9, 32, 2) +
      productFlops(64 * 14 * 14, 9 * 32, 64, 3) +
      productFlops(64, 64 * 7 * 7, 128, 3) +
      productFlops(64, 128, 10, 3),
    make() {
      manualSeed(1);
      const model = new Sequential(
        new Conv2d(1, 32, 3, { padding: 1 }),
        new ReLU(),
        new MaxPool2d(2),
        new Conv2d(32, 64, 3, { padding: 1 }),
        new ReLU(),
        new MaxPool2d(2),
        new Flatten(),
        new Linear(64 * 7 * 7, 128),
        new ReLU(),
        new Linear(128, 10),
      );
      return {
        state: stateOf(model),
        batches: [[rand([64, 1, 28, 28]), randint(0, 10, [64])]],
        step: trained(adam(model.parameters()), (x, y) => crossEntropy(model(x), y)),
      };
    },
  },
  {
    name: 'E',
    title: 'char-GPT, 4 layers, width 128, context 128, batch 16, AdamW',
    per: 1,
    checkSteps: 2,
    flops:
      layers *
        (productFlops(tokens, width, 12 * width, 3) +
          // Scores and their product with the values.
          2 * batch * heads * productFlops(context, width / heads, context, 3)) +
      productFlops(tokens, width, characters, 3),
    make() {
      manualSeed(1);
      const model = new CharacterModel({ context, width, heads, layers, characters });
      return {
        state: stateOf(model),
        batches: [[randint(0, characters, [batch, context]), randint(0, characters, [tokens])]],
        step: trained(new AdamW(model.parameters(), { lr: 3e-4, weightDecay: 0.01 }), (x, y) =>
          crossEntropy(model(x).reshape([tokens, characters]), y),
        ),
      };
    },
  },
];
