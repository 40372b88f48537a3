// Matrix products beside the machine's own peak: node --conditions=@nadir/source bench/gemm.bench.ts [--json]
import { createGemm, createPeak, emitGemm, features, ModuleBuilder, type FloatArray } from '@nadir/wasm';

interface Case {
  readonly name: string;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly type?: 'f32' | 'f64';
  readonly aTransposed?: boolean;
  readonly bTransposed?: boolean;
  /** Operands in WebAssembly memory, the raw kernel alone; else host arrays, copies included. */
  readonly pinned?: boolean;
}

const squares = [128, 256, 512, 1024, 2048];
const CASES: readonly Case[] = [
  ...squares.map((n) => ({ name: `${n}³`, m: n, n, k: n })),
  ...squares.map((n) => ({ name: `${n}³ pinned`, m: n, n, k: n, pinned: true })),
  { name: '512³ float64', m: 512, n: 512, k: 512, type: 'f64' },
  { name: 'x·W        64×784 · 784×256', m: 64, n: 256, k: 784 },
  { name: 'xᵀ·dy      784×64 · 64×256', m: 784, n: 256, k: 64, aTransposed: true },
  { name: 'dy·Wᵀ      64×256 · 256×784', m: 64, n: 784, k: 256, bTransposed: true },
  { name: 'x·W       512×784 · 784×256', m: 512, n: 256, k: 784 },
  { name: 'xᵀ·dy     784×512 · 512×256', m: 784, n: 256, k: 512, aTransposed: true },
  { name: 'dy·Wᵀ     512×256 · 256×784', m: 512, n: 784, k: 256, bTransposed: true },
  { name: 'x·W        64×128 · 128×10', m: 64, n: 10, k: 128 },
  { name: 'xᵀ·dy      128×64 · 64×10', m: 128, n: 10, k: 64, aTransposed: true },
  { name: 'dy·Wᵀ      64×10 · 10×128', m: 64, n: 128, k: 10, bTransposed: true },
  { name: 'attention 128×32 · 32×128', m: 128, n: 128, k: 32, bTransposed: true },
  { name: 'row        1×784 · 784×256', m: 1, n: 256, k: 784 },
  { name: 'tiny        16×16 · 16×16', m: 16, n: 16, k: 16 },
  { name: 'tiny          4×4 · 4×4', m: 4, n: 4, k: 4 },
  { name: 'tiny        100×1 · 1×1', m: 100, n: 1, k: 1 },
  { name: 'tiny          1×1 · 1×1', m: 1, n: 1, k: 1 },
];

interface Measurement {
  readonly microseconds: number;
  readonly gflops: number;
  readonly bestGflops: number;
  readonly peakGflops: number;
  readonly bestPeakGflops: number;
}

const ROUNDS = 15;
const SECONDS_A_SAMPLE = 0.004;

function median(samples: readonly number[]): number {
  return samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)]!;
}

function strides({ m, n, k, aTransposed, bTransposed }: Case) {
  const [aRowStride, aColumnStride] = aTransposed === true ? [1, m] : [k, 1];
  const [bRowStride, bColumnStride] = bTransposed === true ? [1, k] : [n, 1];
  return { aRowStride, aColumnStride, bRowStride, bColumnStride } as const;
}

function hostRunner(shape: Case): () => void {
  const { m, n, k } = shape;
  const Float = shape.type === 'f64' ? Float64Array : Float32Array;
  const [a, b] = [new Float(m * k).fill(0.5), new Float(k * n).fill(0.25)] as FloatArray[];
  const options = {
    m,
    n,
    k,
    a: a!,
    aOffset: 0,
    b: b!,
    bOffset: 0,
    c: new Float(m * n) as FloatArray,
    cOffset: 0,
  };
  const given = { ...options, ...strides(shape) };
  const gemm = createGemm();
  return () => gemm.multiply(given);
}

function pinnedRunner(shape: Case): () => void {
  const { m, n, k } = shape;
  const type = shape.type ?? 'f32';
  const size = type === 'f32' ? 4 : 8;
  const module = new ModuleBuilder();
  const { scratchBytes } = emitGemm(module, { type, name: 'gemm', export: true });
  const a = Math.ceil(scratchBytes / 64) * 64;
  const b = a + m * k * size;
  const c = b + k * n * size;
  module.memory({ min: Math.ceil((c + m * n * size) / 65_536) });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
  const gemm = exports['gemm'] as (...values: number[]) => void;
  const { aRowStride, aColumnStride, bRowStride, bColumnStride } = strides(shape);
  return () => gemm(m, n, k, a, aRowStride, aColumnStride, b, bRowStride, bColumnStride, c, n, 0, 0);
}

function measure(shape: Case, peak: () => number): Measurement {
  const run = shape.pinned === true ? pinnedRunner(shape) : hostRunner(shape);
  // Long enough for the optimizing compiler, which works in the background.
  const deadline = performance.now() + 300;
  let calls = 0;
  while (performance.now() < deadline || calls < 3) {
    run();
    calls++;
  }
  const repeats = Math.max(1, Math.round((SECONDS_A_SAMPLE * calls) / 0.3));
  const [times, peaks]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    peaks.push(peak());
    const start = performance.now();
    for (let repeat = 0; repeat < repeats; repeat++) run();
    times.push(((performance.now() - start) / repeats) * 1000);
  }
  const flops = 2 * shape.m * shape.n * shape.k;
  const microseconds = median(times);
  return {
    microseconds,
    gflops: flops / microseconds / 1000,
    bestGflops: flops / Math.min(...times) / 1000,
    peakGflops: median(peaks),
    bestPeakGflops: Math.max(...peaks),
  };
}

const json = process.argv.includes('--json');
const firstStart = performance.now();
hostRunner({ name: '', m: 64, n: 64, k: 64 })();
const first = performance.now() - firstStart;
const peak = createPeak();
if (!json) {
  console.log(
    `node ${process.version}, ${features().relaxedSimd ? 'fused' : 'multiply, then add'}, one thread.`,
  );
  console.log(`First product of a process (assemble, compile, run): ${first.toFixed(1)} ms.`);
  console.log(
    `Medians of ${ROUNDS} runs, the peak of 128-bit multiply-adds measured between them; the fastest run beside them,`,
  );
  console.log(
    'since a busy neighbour slows a run and never speeds it up. Share: fastest run of fastest peak.\n',
  );
  console.log('product                             µs   GFLOP/s    (best)      peak    (best)   share');
}
for (const shape of CASES) {
  const row = measure(shape, peak);
  if (json) {
    console.log(JSON.stringify({ product: shape.name, ...row }));
    continue;
  }
  const digits = row.microseconds < 10 ? 3 : 1;
  const rates = [row.gflops, row.bestGflops, row.peakGflops, row.bestPeakGflops];
  const columns = [row.microseconds.toFixed(digits), ...rates.map((rate) => rate.toFixed(1))];
  // A vector holds half as many float64.
  const share = row.bestGflops / row.bestPeakGflops / (shape.type === 'f64' ? 0.5 : 1);
  const text = `${(100 * share).toFixed(0)} %`;
  console.log(shape.name.padEnd(28), ...columns.map((column) => column.padStart(9)), text.padStart(7));
}
