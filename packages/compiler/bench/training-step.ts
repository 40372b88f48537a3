import { parameter } from '@nadir/autograd';
import { compile, wasmExecutor } from '@nadir/compiler';
import { crossEntropy, Linear, mseLoss, ReLU, Sequential } from '@nadir/nn';
import { Adam, SGD } from '@nadir/optimizers';
import { manualSeed, rand, randint, randn, type Tensor } from '@nadir/tensor';

// Workloads A, B, C64 and C512 of the readme: each step reads its loss back. Eager and compiled runs take turns, so that
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
for (const workload of workloads)
  if (wanted.length === 0 || wanted.includes(workload.name)) measure(workload);
