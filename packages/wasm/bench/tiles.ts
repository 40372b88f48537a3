// Compares register tiles on operands pinned in WebAssembly memory: node --conditions=@nadir/source bench/tiles.ts
import { ModuleBuilder, emitGemm } from '@nadir/wasm';
import { peakGflops } from './peak.ts';

const n = Number(process.argv[2] ?? 512);
const tiles = [
  { rows: 4, vectors: 2, unroll: 1 },
  { rows: 4, vectors: 2, unroll: 2 },
  { rows: 4, vectors: 2, unroll: 4 },
  { rows: 6, vectors: 2, unroll: 1 },
  { rows: 6, vectors: 2, unroll: 2 },
  { rows: 6, vectors: 2, unroll: 4 },
  { rows: 6, vectors: 2, unroll: 8 },
  { rows: 4, vectors: 3, unroll: 1 },
  { rows: 4, vectors: 3, unroll: 4 },
  { rows: 2, vectors: 4, unroll: 1 },
  { rows: 2, vectors: 4, unroll: 4 },
];
const { features } = await import('@nadir/wasm');
console.log('node', process.version, JSON.stringify(features()));
const runs = tiles.map((tile) => {
  const module = new ModuleBuilder();
  const fused = features().relaxedSimd;
  const { scratchBytes } = emitGemm(module, {
    type: 'f32',
    name: 'gemm',
    export: true,
    kernel: { tile, fused },
  });
  module.memory({ min: Math.ceil((scratchBytes + 3 * n * n * 4) / 65536) + 1, export: 'memory' });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
  const gemm = exports.gemm as (...values: number[]) => void;
  const a = 65536 * Math.ceil(scratchBytes / 65536);
  const run = (): void => gemm(n, n, n, a, n, 1, a + n * n * 4, n, 1, a + 2 * n * n * 4, n, 0, 0);
  return { tile, run, rates: [] as number[] };
});
for (const { run } of runs) for (let warm = 0; warm < 20; warm++) run();
await new Promise((resolve) => setTimeout(resolve, 500));
const peak = peakGflops();
for (let round = 0; round < 15; round++) {
  for (const { run, rates } of runs) {
    const start = performance.now();
    run();
    rates.push((2 * n ** 3) / (performance.now() - start) / 1e6);
  }
}
for (const { tile, rates } of runs) {
  const median = rates.toSorted((a, b) => a - b)[7]!;
  console.log(JSON.stringify(tile), median.toFixed(1), `${((100 * median) / peak).toFixed(0)} %`);
}
console.log('peak', peak.toFixed(1), peakGflops().toFixed(1));
