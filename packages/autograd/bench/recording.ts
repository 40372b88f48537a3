// What recording costs: 1,000 steps of gradient descent on one number, and the time of one operation with and without
// history. Run: node --conditions=@nadir/source bench/recording.ts
import { tensor, type Tensor } from '@nadir/tensor';
import { noGrad, parameter } from '../src/index.ts';

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Milliseconds of `run`: the median of 30 runs after 5 to warm up. */
function measure(run: () => void): number {
  for (let i = 0; i < 5; i++) run();
  return median(
    Array.from({ length: 30 }, () => {
      const start = performance.now();
      run();
      return performance.now() - start;
    }),
  );
}

const x = tensor([1]);
const y = tensor([2]);

function descend(): number {
  const theta = parameter([0]);
  for (let i = 0; i < 1000; i++) {
    theta.grad = null;
    theta.mul(x).sub(y).square().mean().backward();
    noGrad(() => theta.assign(theta.sub(theta.grad!.mul(0.01))));
  }
  return theta.item();
}

const operations = 20_000;

function repeatedly(a: Tensor, b: Tensor): void {
  for (let i = 0; i < operations; i++) a.mul(b);
}

const cold = performance.now();
const result = descend();
console.log(`theta after 1,000 steps: ${result}`);
console.log(`1,000 steps, first run: ${(performance.now() - cold).toFixed(1)} ms`);
console.log(`1,000 steps, median: ${measure(descend).toFixed(1)} ms`);
const [plain, recorded] = [tensor([1]), parameter([1])];
const without = measure(() => repeatedly(plain, x)) / operations;
const withHistory = measure(() => repeatedly(recorded, x)) / operations;
console.log(
  `mul of one element: ${(without * 1e6).toFixed(0)} ns, recorded ${(withHistory * 1e6).toFixed(0)} ns`,
);
