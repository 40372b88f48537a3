// Compares register tiles on operands in WebAssembly memory: node --conditions=@nadir/source bench/tiles.ts [n]
import { createPeak, emitGemm, features, ModuleBuilder } from '@nadir/wasm';

const n = Number(process.argv[2] ?? 512);
const ROUNDS = 15;
const tiles = [2, 4, 6, 8].flatMap((rows) =>
  [1, 2, 4].flatMap((vectors) => [1, 4].map((unroll) => ({ rows, vectors, unroll }))),
);
const fused = features().relaxedSimd;
const runs = tiles
  .filter(({ rows, vectors }) => rows * vectors >= 6 && rows * vectors <= 16)
  .map((tile) => {
    const module = new ModuleBuilder();
    const { scratchBytes } = emitGemm(module, {
      type: 'f32',
      name: 'gemm',
      export: true,
      kernel: { tile, fused },
    });
    const a = Math.ceil(scratchBytes / 64) * 64;
    const bytes = n * n * 4;
    module.memory({ min: Math.ceil((a + 3 * bytes) / 65_536) });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
    const gemm = exports['gemm'] as (...values: number[]) => void;
    const run = (): void => gemm(n, n, n, a, n, 1, a + bytes, n, 1, a + 2 * bytes, n, 0, 0);
    return { tile, run, rates: [] as number[] };
  });
const peak = createPeak();
const peaks: number[] = [];
// The first rounds let the optimizing compiler finish, and do not count.
for (let round = -ROUNDS; round < ROUNDS; round++) {
  peaks.push(peak());
  for (const { run, rates } of runs) {
    const start = performance.now();
    run();
    if (round >= 0) rates.push((2 * n ** 3) / (performance.now() - start) / 1e6);
  }
}
// The fastest of each: a busy neighbour slows a run and never speeds it up.
const ceiling = Math.max(...peaks);
console.log(
  `node ${process.version}, ${fused ? 'fused' : 'multiply, then add'}, n ${n}, peak ${ceiling.toFixed(1)} GFLOP/s`,
);
for (const { tile, rates } of runs) {
  const { rows, vectors, unroll } = tile;
  const rate = Math.max(...rates);
  console.log(
    `${rows} × ${vectors} vectors, unroll ${unroll}`,
    rate.toFixed(1),
    `${((100 * rate) / ceiling).toFixed(0)} %`,
  );
}
