// Nanoseconds per 32-bit word: node --conditions=@nadir/source packages/random/bench/philox.ts
import { PhiloxGenerator, philoxFill } from '@nadir/random';

const size = 1 << 20;
const repeats = 15;
const generator = new PhiloxGenerator({ seed: 1 });
const signed = new Int32Array(size);
const unsigned = new Uint32Array(size);
const order = new Int32Array(60_000);

const runs: Record<string, readonly [elements: number, run: () => void]> = {
  'philoxFill Int32Array': [size, () => philoxFill(signed, 1, 2, 0, 0)],
  'philoxFill Uint32Array': [size, () => philoxFill(unsigned, 1, 2, 0, 0)],
  'PhiloxGenerator.bits': [
    size,
    () => {
      for (let i = 0; i < size; i++) unsigned[i] = generator.bits();
    },
  ],
  'PhiloxGenerator.shuffle': [order.length, () => generator.shuffle(order)],
};

for (const [name, [elements, run]] of Object.entries(runs)) {
  const times: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const start = performance.now();
    run();
    times.push(((performance.now() - start) * 1e6) / elements);
  }
  times.sort((a, b) => a - b);
  console.log(`${name.padEnd(24)} ${times[repeats >> 1]!.toFixed(2)} ns per element (median of ${repeats})`);
}
