// Resident memory of a long synchronous training loop, which never yields to the event loop.
// Run: node --conditions=@nadir/source bench/memory.ts [steps, default 100000] [rows of a batch, default 8]
import { trainingStep } from './training-step.ts';

const steps = Number(process.argv[2] ?? 100_000);
const batch = Number(process.argv[3] ?? 8);
const mebibytes = (): number => process.memoryUsage.rss() / 2 ** 20;

const step = trainingStep(batch);
const start = performance.now();
let atThousand = 0;
let most = 0;
let loss = step();
for (let i = 2; i <= steps; i++) {
  loss = step();
  if (i < 1000 || i % 100 !== 0) continue;
  const now = mebibytes();
  if (i === 1000) atThousand = now;
  most = Math.max(most, now);
  if (i === 1000 || i % 10_000 === 0) {
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    console.log(`step ${i}: ${now.toFixed(1)} MiB, loss ${loss.item().toFixed(6)}, ${seconds} s`);
  }
}
console.log(
  `at step 1,000: ${atThousand.toFixed(1)} MiB; most afterwards: ${most.toFixed(1)} MiB; ` +
    `growth: ${(most - atThousand).toFixed(1)} MiB; at the end: ${mebibytes().toFixed(1)} MiB`,
);
