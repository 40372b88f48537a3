import { apply, eagerExecutor, record, tensor, type Tensor } from '@nadir/tensor';
import { differenceOf, sampleTensor } from '@nadir/tensor/testing';
import { describe, expect, it } from 'vitest';
import { wasmExecutor } from '../../src/index.ts';

const pair = {
  kernel: [2, 2],
  stride: [2, 2],
  padding: [
    [0, 0],
    [0, 0],
  ],
  dilation: [1, 1],
} as const;
const overlapping = { ...pair, kernel: [3, 3] } as const;
const padded = [
  [1, 1],
  [0, 1],
] as const;
const bounded = { ...overlapping, padding: padded } as const;
const dense = { ...overlapping, stride: [1, 1], padding: padded } as const;
const spread = { ...overlapping, kernel: [2, 3], dilation: [2, 2], padding: padded } as const;
/** Windows at both ends of rows and columns lie in the padding. */
const outside = { ...pair, stride: [2, 1], padding: [[3, 2], [2, 3]] } as const; // prettier-ignore

/** How the results of both executors on one program differ, or null. */
function difference(inputs: readonly Tensor[], body: (...x: readonly Tensor[]) => Tensor): string | null {
  const { program, state } = record(inputs, (...x) => [body(...x)]);
  const [want] = eagerExecutor.load(program).run(inputs, state);
  const loaded = wasmExecutor.load(program);
  const [got] = loaded.run(inputs, state);
  loaded.dispose();
  return differenceOf(got!, want!);
}

function images(height: number, width: number, special: readonly number[] = []): Tensor {
  const values = sampleTensor([2, 3, height, width], 'float32').data;
  special.forEach((value, i) => (values[(i * 7) % values.length] = value));
  return tensor(values as Float32Array).reshape([2, 3, height, width]);
}

describe('max pooling', () => {
  for (const [name, attributes] of Object.entries({ pair, overlapping, bounded, dense, spread, outside })) {
    for (const [height, width] of [
      [8, 16],
      [7, 11],
      [9, 28],
      [5, 75],
      [4, 6],
      [160, 170],
    ] as const) {
      it(`${name} windows of ${height} by ${width} images, with ties, NaN and infinities`, () => {
        const special = [NaN, NaN, 2, 2, Infinity, -Infinity, NaN, 0, -0, 2];
        const x = images(height, width, special);
        const other = images(height, width);
        expect(difference([x], (y) => apply('maxPool', [y!], attributes))).toBe(null);
        expect(difference([x, other], (y, v) => apply('maxPoolGather', [y!, v!], attributes))).toBe(null);
        const pooled = apply('maxPool', [other], attributes);
        expect(difference([x, pooled], (y, g) => apply('maxPoolScatter', [y!, g!], attributes))).toBe(null);
      });
    }
  }
});

describe('average pooling', () => {
  for (const countIncludePad of [false, true]) {
    it(`cuts planes into chunks, counting the padding: ${countIncludePad}`, () => {
      const attributes = { ...overlapping, padding: padded, countIncludePad };
      const x = images(90, 80);
      expect(difference([x], (y) => apply('averagePool', [y!], attributes))).toBe(null);
      const gradient = apply('averagePool', [x], attributes);
      const adjoint = { ...attributes, size: [90, 80] } as const;
      expect(difference([gradient], (g) => apply('averagePoolGrad', [g!], adjoint))).toBe(null);
    });
  }
});
