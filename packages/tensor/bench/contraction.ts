// Run with: node --conditions=@nadir/source bench/contraction.ts
import { apply, randn, type Tensor } from '../src/index.ts';
import { conv2d } from '../src/ops/convolution.ts';
import { matmul } from '../src/ops/linear-algebra.ts';
import { fastestCall } from './fastest-call.ts';

function report(name: string, flops: number, run: () => unknown): void {
  const ms = fastestCall(run);
  console.log(
    `${name.padEnd(52)} ${ms.toFixed(4).padStart(9)} ms  ${(flops / ms / 1e6).toFixed(2).padStart(6)} GFLOP/s`,
  );
}

const f32 = (shape: number[]): Tensor => randn(shape);

for (const n of [2, 8, 32, 128, 512, 1024]) {
  const a = f32([n, n]);
  const b = f32([n, n]);
  report(`matmul ${n}`, 2 * n ** 3, () => matmul(a, b));
  if (n >= 512) report(`matmul ${n}, transposed`, 2 * n ** 3, () => matmul(a.T, b.T));
}
{
  const a = f32([512, 512]).cast('float64');
  report('matmul 512 float64', 2 * 512 ** 3, () => matmul(a, a));
  const i = f32([256, 256]).cast('int32');
  report('matmul 256 int32', 2 * 256 ** 3, () => matmul(i, i));
  const [x, w] = [f32([64, 784]), f32([128, 784])];
  report('linear 64 × 784 → 128', 2 * 64 * 784 * 128, () => matmul(x, w.T));
  const g = f32([64, 128]);
  report('  weight gradient', 2 * 64 * 784 * 128, () => matmul(g.T, x));
  report('  input gradient', 2 * 64 * 784 * 128, () => matmul(g, w));
  const [q, k] = [f32([16, 4, 128, 32]), f32([16, 4, 128, 32])];
  report('attention 16 × 4 × 128 × 32', 2 * 64 * 128 * 128 * 32, () => matmul(q, k.transpose(-2, -1)));
}
const layers = [
  { name: '64 × 1 × 28² → 32, 3 × 3', x: [64, 1, 28, 28], w: [32, 1, 3, 3], groups: 1 },
  { name: '64 × 32 × 14² → 64, 3 × 3', x: [64, 32, 14, 14], w: [64, 32, 3, 3], groups: 1 },
  { name: '8 × 64 × 56² → 64, 3 × 3', x: [8, 64, 56, 56], w: [64, 64, 3, 3], groups: 1 },
  { name: '8 × 64 × 28² → 128, 1 × 1', x: [8, 64, 28, 28], w: [128, 64, 1, 1], groups: 1 },
  { name: '16 × 256 × 7² → 256, 3 × 3', x: [16, 256, 7, 7], w: [256, 256, 3, 3], groups: 1 },
  { name: '8 × 64 × 28² depthwise 3 × 3', x: [8, 64, 28, 28], w: [64, 1, 3, 3], groups: 64 },
];
for (const { name, x: xs, w: ws, groups } of layers) {
  const x = f32(xs);
  const w = f32(ws);
  const pad = (ws[2]! - 1) / 2;
  const padding = [
    [pad, pad],
    [pad, pad],
  ] as const;
  const attributes = { stride: [1, 1], padding, dilation: [1, 1], groups } as const;
  const y = conv2d(x, w, { padding: pad, groups });
  const flops = 2 * y.size * ws[1]! * ws[2]! * ws[3]!;
  report(`conv ${name}`, flops, () => conv2d(x, w, { padding: pad, groups }));
  report('  input gradient', flops, () =>
    apply('convInputGrad', [y, w], { ...attributes, size: [xs[2]!, xs[3]!] }),
  );
  report('  weight gradient', flops, () =>
    apply('convWeightGrad', [x, y], { ...attributes, size: [ws[2]!, ws[3]!] }),
  );
}
