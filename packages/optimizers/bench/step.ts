// Milliseconds of one eager step over a million float32 parameters, the best and the median of many.
// Run: node --conditions=@nadir/source packages/optimizers/bench/step.ts [parameters]
import { parameter } from '@nadir/autograd';
import { randn, zeros, type Tensor } from '@nadir/tensor';
import { Adagrad, Adam, AdamW, RMSprop, SGD } from '../src/index.ts';

const size = Number(process.argv[2] ?? 1e6);
const steps = 60;

const cases: Readonly<Record<string, (params: Tensor[]) => { step(): void }>> = {
  SGD: (params) => new SGD(params, { lr: 1e-3 }),
  'SGD, momentum': (params) => new SGD(params, { lr: 1e-3, momentum: 0.9 }),
  'SGD, nesterov, weight decay': (params) =>
    new SGD(params, { lr: 1e-3, momentum: 0.9, nesterov: true, weightDecay: 1e-4 }),
  Adam: (params) => new Adam(params),
  AdamW: (params) => new AdamW(params),
  RMSprop: (params) => new RMSprop(params),
  Adagrad: (params) => new Adagrad(params),
};

console.log(`Node ${process.versions.node}, ${size} float32 parameters, ${steps} steps`);
for (const [name, make] of Object.entries(cases)) {
  const weight = parameter(randn([size]));
  const optimizer = make([weight]);
  weight.grad = zeros([size]).add(randn([size]));
  const times: number[] = [];
  for (let i = 0; i < steps; i++) {
    const start = performance.now();
    optimizer.step();
    times.push(performance.now() - start);
  }
  const sorted = times.slice(10).sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1]!;
  console.log(`${name.padEnd(30)} best ${sorted[0]!.toFixed(2)} ms, median ${median.toFixed(2)} ms`);
}
