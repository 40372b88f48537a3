import { expect, it } from 'vitest';
import { trainingStep } from '../bench/training-step.ts';
import { parameter } from '../src/index.ts';

const mebibytes = (): number => process.memoryUsage.rss() / 2 ** 20;

it('5,000 steps of a synchronous training loop stay within 64 MiB of the memory after 1,000', () => {
  const step = trainingStep(4);
  for (let i = 0; i < 1000; i++) step();
  const before = mebibytes();
  let most = before;
  for (let i = 1000; i < 5000; i++) {
    step();
    if (i % 50 === 0) most = Math.max(most, mebibytes());
  }
  expect(most - before).toBeLessThan(64);
}, 120_000);

it('losses that are kept do not keep the values of their graphs', () => {
  // 2,000 graphs of 800 KB each would not fit.
  const x = parameter(new Float32Array(100_000));
  const losses = Array.from({ length: 2000 }, () => {
    const loss = x.mul(x).exp().sum();
    loss.backward();
    return loss;
  });
  expect(losses.length).toBe(2000);
  expect(mebibytes()).toBeLessThan(1024);
}, 60_000);
