import { parameter } from '@nadir/autograd';
import { compile, wasmExecutor } from '@nadir/compiler';
import {
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
} from '@nadir/nn';
import { Adam, AdamW, SGD } from '@nadir/optimizers';
import { arange, gelu, manualSeed, rand, randint, randn, softmax, type Tensor } from '@nadir/tensor';

// Workloads A to E of the readme: each step reads its loss back. Eager and compiled runs take turns, so that
// a busy machine slows both. Prints one JSON object a line.
//   node --conditions=@nadir/source packages/compiler/bench/training-step.ts [workload …]

type Step = (x: Tensor, y: Tensor) => Tensor;

interface Workload {
  readonly name: string;
  /** Steps of one run; the figure is milliseconds for `per` of them. */
  readonly steps: number;
  readonly per: number;
  make(): { readonly step: Step; readonly batches: readonly (readonly [Tensor, Tensor])[] };
}

interface AnyOptimizer {
  zeroGrad(): void;
  step(): void;
}

function trained(optimizer: AnyOptimizer, lossOf: (x: Tensor, y: Tensor) => Tensor): Step {
  return (x, y) => {
    optimizer.zeroGrad();
    const loss = lossOf(x, y);
    loss.backward();
    optimizer.step();
    return loss.detach();
  };
}

function line(): (readonly [Tensor, Tensor])[] {
  const x = rand([100, 1]);
  return [[x, x.mul(3).add(randn([100, 1]).mul(0.1))]];
}

function perceptron(
  name: string,
  rows: number,
  steps: number,
  make: (params: readonly Tensor[]) => AnyOptimizer,
): Workload {
  return {
    name,
    steps,
    per: 1,
    make: () => {
      manualSeed(0);
      const model = new Sequential(
        new Linear(784, 256),
        new ReLU(),
        new Linear(256, 128),
        new ReLU(),
        new Linear(128, 10),
      );
      const batches = Array.from({ length: 8 }, () => [rand([rows, 784]), randint(0, 10, [rows])] as const);
      const step = trained(make([...model.parameters()]), (x, y) => crossEntropy(model(x), y));
      return { step, batches };
    },
  };
}

const workloads: readonly Workload[] = [
  {
    name: 'A',
    steps: 1000,
    per: 1000,
    make: () => {
      manualSeed(0);
      const theta = parameter([0.5]);
      const step = trained(new SGD([theta], { lr: 0.01 }), (x, y) => mseLoss(theta.mul(x), y));
      return { step, batches: line() };
    },
  },
  {
    name: 'B',
    steps: 1000,
    per: 1000,
    make: () => {
      manualSeed(0);
      const model = new Linear(1, 1);
      const step = trained(new SGD([...model.parameters()], { lr: 0.01 }), (x, y) => mseLoss(model(x), y));
      return { step, batches: line() };
    },
  },
  perceptron('C64-sgdm', 64, 100, (params) => new SGD(params, { lr: 0.01, momentum: 0.9 })),
  perceptron('C64-adam', 64, 100, (params) => new Adam(params, { lr: 1e-3 })),
  perceptron('C512-sgdm', 512, 20, (params) => new SGD(params, { lr: 0.01, momentum: 0.9 })),
  perceptron('C512-adam', 512, 20, (params) => new Adam(params, { lr: 1e-3 })),
];

/** Pre-norm blocks of causal attention over characters: 4 layers, width 128, 4 heads, context 128, 65 characters. */
function characterModel(batch: number): { parameters: Tensor[]; lossOf: (x: Tensor, y: Tensor) => Tensor } {
  const [width, heads, context, characters] = [128, 4, 128, 65];
  const [tokens, places] = [new Embedding(characters, width), new Embedding(context, width)];
  const blocks = Array.from({ length: 4 }, () => ({
    before: new LayerNorm(width),
    qkv: new Linear(width, 3 * width),
    projection: new Linear(width, width),
    between: new LayerNorm(width),
    up: new Linear(width, 4 * width),
    down: new Linear(4 * width, width),
  }));
  const last = new LayerNorm(width);
  const head = new Linear(width, characters, { bias: false });
  const position = arange(context, { dtype: 'int32' });
  const isLater = arange(context)
    .reshape([context, 1])
    .lt(arange(context).reshape([1, context]));
  const modules = [tokens, places, ...blocks.flatMap((block) => Object.values(block)), last, head];
  const lossOf = (x: Tensor, y: Tensor): Tensor => {
    let h = tokens(x).add(places(position));
    for (const block of blocks) {
      const split = block
        .qkv(block.before(h))
        .reshape([batch, context, 3, heads, width / heads])
        .permute([2, 0, 3, 1, 4]);
      const [q, k, v] = [split.at(0), split.at(1), split.at(2)];
      const scores = q.matmul(k.transpose()).mul(1 / Math.sqrt(width / heads));
      const mixed = softmax(scores.maskedFill(isLater, -Infinity), -1).matmul(v);
      h = h.add(block.projection(mixed.permute([0, 2, 1, 3]).reshape([batch, context, width])));
      h = h.add(block.down(gelu(block.up(block.between(h)), { approximate: 'tanh' })));
    }
    return crossEntropy(head(last(h)).reshape([batch * context, characters]), y);
  };
  return { parameters: modules.flatMap((module) => [...module.parameters()]), lossOf };
}

const large: readonly Workload[] = [
  {
    name: 'D',
    steps: 5,
    per: 1,
    make: () => {
      manualSeed(0);
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
      const batches = [[rand([64, 1, 28, 28]), randint(0, 10, [64])] as const];
      const optimizer = new Adam([...model.parameters()], { lr: 1e-3 });
      return { step: trained(optimizer, (x, y) => crossEntropy(model(x), y)), batches };
    },
  },
  {
    name: 'E',
    steps: 2,
    per: 1,
    make: () => {
      manualSeed(0);
      const { parameters, lossOf } = characterModel(16);
      const batches = [[randint(0, 65, [16, 128]), randint(0, 65, [16 * 128])] as const];
      const step = trained(new AdamW(parameters, { lr: 3e-4, weightDecay: 0.01 }), lossOf);
      return { step, batches };
    },
  },
];

const runs = 7;

function measure({ name, steps, per, make }: Workload): void {
  const systems = (['nadir-eager', 'nadir-wasm'] as const).map((system) => {
    const { step, batches } = make();
    const start = performance.now();
    const run = system === 'nadir-eager' ? step : compile(step, { executor: wasmExecutor });
    run(...batches[0]!).item();
    return {
      system,
      run,
      batches,
      firstMs: performance.now() - start,
      times: [] as number[],
      loss: 0,
      done: 1,
    };
  });
  for (let turn = 0; turn <= runs; turn++) {
    for (const entry of systems) {
      const start = performance.now();
      for (let i = 0; i < steps; i++, entry.done++) {
        const [x, y] = entry.batches[entry.done % entry.batches.length]!;
        entry.loss = entry.run(x, y).item();
      }
      // The first turn warms up.
      if (turn > 0) entry.times.push(((performance.now() - start) / steps) * per);
    }
  }
  for (const { system, times, firstMs, loss } of systems) {
    times.sort((a, b) => a - b);
    const round = (ms: number): number => Number(ms.toPrecision(4));
    console.log(
      JSON.stringify({
        workload: name,
        system,
        threads: 1,
        medianMs: round(times[times.length >> 1]!),
        minMs: round(times[0]!),
        maxMs: round(times.at(-1)!),
        runs,
        firstMs: round(firstMs),
        loss,
      }),
    );
  }
}

const wanted = process.argv.slice(2);
for (const workload of [...workloads, ...large])
  if (wanted.length === 0 || wanted.includes(workload.name)) measure(workload);
