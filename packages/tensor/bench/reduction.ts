// Run with: node --conditions=@nadir/source bench/reduction.ts
import { apply, randn, type Tensor } from '../src/index.ts';
import { fastestCall } from './fastest-call.ts';

function report(name: string, elements: number, run: () => unknown): void {
  const ms = fastestCall(run);
  console.log(
    `${name.padEnd(40)} ${ms.toFixed(4).padStart(9)} ms  ${((ms * 1e6) / elements).toFixed(2).padStart(6)} ns an element`,
  );
}

const x = randn([1024, 1024]);
const shapes: readonly (readonly [string, Tensor, readonly number[]])[] = [
  ['rows of 1024²', x, [1]],
  ['columns of 1024²', x, [0]],
  ['all of 1024²', x, [0, 1]],
  ['rows of 1024² transposed', x.T, [1]],
  ['rows of 64 × 10', randn([64, 10]), [1]],
  ['columns of 64 × 10', randn([64, 10]), [0]],
  ['columns of 512 × 256', randn([512, 256]), [0]],
  ['rows of 65536 × 16', x.reshape([65_536, 16]), [1]],
  ['axes 0, 2, 3 of 64 × 32 × 14²', randn([64, 32, 14, 14]), [0, 2, 3]],
  ['a 10 × 10 matrix', randn([10, 10]), [0, 1]],
];
for (const name of ['sum', 'max'] as const)
  for (const [what, tensor, axes] of shapes)
    report(`${name} of ${what}`, tensor.size, () => apply(name, [tensor], { axes }));
report('argMax of rows of 1024²', x.size, () => apply('argMax', [x], { axis: 1 }));
report('argMax of columns of 1024²', x.size, () => apply('argMax', [x], { axis: 0 }));
report('cumSum of rows of 1024²', x.size, () => apply('cumSum', [x], { axis: 1, reverse: false }));
report('cumSum of columns of 1024²', x.size, () => apply('cumSum', [x], { axis: 0, reverse: false }));
const long = x.reshape([1024 * 1024]);
report('argSort of 2²⁰', long.size, () =>
  apply('argSort', [long], { axis: 0, descending: false, count: 2 ** 20 }),
);
report('first 10 of 2²⁰', long.size, () =>
  apply('argSort', [long], { axis: 0, descending: true, count: 10 }),
);
report('argSort of rows of 1024²', x.size, () =>
  apply('argSort', [x], { axis: 1, descending: false, count: 1024 }),
);
const logits = randn([4096, 10]);
report('argSort of rows of 4096 × 10', logits.size, () =>
  apply('argSort', [logits], { axis: 1, descending: true, count: 10 }),
);

const images = randn([64, 32, 28, 28]);
const pool = {
  kernel: [2, 2],
  stride: [2, 2],
  padding: [
    [0, 0],
    [0, 0],
  ],
  dilation: [1, 1],
} as const;
const pooled = apply('maxPool', [images], pool);
report('maxPool 2 × 2 of 64 × 32 × 28²', images.size, () => apply('maxPool', [images], pool));
report('  gradient', images.size, () => apply('maxPoolScatter', [images, pooled], pool));
const average = { ...pool, countIncludePad: true } as const;
report('averagePool 2 × 2 of 64 × 32 × 28²', images.size, () => apply('averagePool', [images], average));
report('  gradient', images.size, () => apply('averagePoolGrad', [pooled], { ...average, size: [28, 28] }));

const table = randn([10_000, 128]);
const words = randn([16, 128]).mul(1000).abs().cast('int32');
const vectors = apply('take', [table, words], { axis: 0 });
report('take 2048 of 10000 × 128', vectors.size, () => apply('take', [table, words], { axis: 0 }));
report('  gradient', vectors.size, () => apply('scatterAdd', [words, vectors], { axis: 0, size: 10_000 }));
