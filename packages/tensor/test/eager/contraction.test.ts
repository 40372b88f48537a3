import { describe, expect, it } from 'vitest';
import { apply } from '../../src/dispatch.ts';
import { fresh } from '../../src/eager/layout.ts';
import { none, type ConvolutionAttributes, type ImagePadding, type Pair } from '../../src/primitives.ts';
import type { Tensor } from '../../src/tensor.ts';
import { casesOf, expectEqual, pattern, strided, torchVersion } from '../fixtures/contractions.ts';

/** Batches of matrices by the definition. */
function naiveMatmul(a: Tensor, b: Tensor): number[] {
  const [batch, m, k] = a.shape as readonly [number, number, number];
  const n = b.shape[2]!;
  const x = a.data;
  const y = b.data;
  const out: number[] = [];
  for (let t = 0; t < batch; t++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) sum += x[(t * m + i) * k + l]! * y[(t * k + l) * n + j]!;
        out.push(sum);
      }
  return out;
}

describe('matmul', () => {
  const sizes = [
    [1, 1, 1, 1],
    [1, 5, 7, 3],
    [3, 4, 5, 6],
    [2, 17, 33, 9],
    [1, 70, 129, 65],
    [2, 1, 40, 30],
    [2, 30, 1, 40],
    [1, 1, 300, 1],
  ] as const;

  it.each(sizes)('[%d, %d, %d] by %d columns, in every layout and dtype', (batch, m, k, n) => {
    for (const dtype of ['float32', 'float64', 'int32'] as const) {
      const a = pattern([batch, m, k], 1, dtype);
      const b = pattern([batch, k, n], 2, dtype);
      const expected = naiveMatmul(a, b);
      const lefts = [a, strided(a), pattern([batch, k, m], 3, dtype).permute([0, 2, 1]), a.flip()];
      const rights = [b, strided(b), pattern([batch, n, k], 4, dtype).permute([0, 2, 1]), b.flip()];
      expect([...apply('matmul', [a, b], none).data]).toEqual(expected);
      lefts.forEach((left, i) => {
        const right = rights[i]!;
        expect([...apply('matmul', [left, right], none).data]).toEqual(naiveMatmul(left, right));
        expect([...apply('matmul', [left, b], none).data]).toEqual(naiveMatmul(left, b));
      });
    }
  });

  it('repeats a matrix that the batch expands, on either side', () => {
    const a = pattern([6, 3, 4]);
    const b = pattern([6, 4, 5], 2);
    const oneA = pattern([1, 3, 4]).expand([6, 3, 4]);
    const oneB = pattern([1, 4, 5], 2).expand([6, 4, 5]);
    expect([...apply('matmul', [a, oneB], none).data]).toEqual(naiveMatmul(a, oneB));
    expect([...apply('matmul', [oneA, b], none).data]).toEqual(naiveMatmul(oneA, b));
    expect([...apply('matmul', [oneA, oneB], none).data]).toEqual(naiveMatmul(oneA, oneB));
    // A batch of single rows: the batch's stride becomes the rows' stride.
    const rows = pattern([6, 2, 4]).at(
      '...',
      { kind: 'slice', start: 1, stop: 2, step: 1 },
      { kind: 'slice', start: null, stop: null, step: 1 },
    );
    expect([...apply('matmul', [rows, oneB], none).data]).toEqual(naiveMatmul(rows, oneB));
  });

  it('walks several leading axes that do not merge', () => {
    const a = pattern([2, 3, 4, 5]).permute([1, 0, 2, 3]);
    const b = pattern([1, 2, 5, 2], 2).expand([3, 2, 5, 2]);
    const actual = apply('matmul', [a, b], none);
    expect(actual.shape).toEqual([3, 2, 4, 2]);
    const flat = (x: Tensor): Tensor => x.contiguous().reshape([6, x.shape[2]!, x.shape[3]!]);
    expect([...actual.data]).toEqual(naiveMatmul(flat(a), flat(b)));
  });

  it('of nothing to add is zeros', () => {
    const out = apply('matmul', [pattern([2, 3, 0]), pattern([2, 0, 4])], none);
    expect([...out.data]).toEqual(new Array(24).fill(0));
    expect(apply('matmul', [pattern([0, 3, 2]), pattern([0, 2, 4])], none).shape).toEqual([0, 3, 4]);
  });

  it('carries NaN and infinities', () => {
    const a = fresh(Float32Array.of(0, NaN, 0, 1), [2, 2], 'float32');
    const b = fresh(Float32Array.of(Infinity, 1, 2, 3), [2, 2], 'float32');
    expect([...apply('matmul', [a, b], none).data]).toEqual([NaN, NaN, NaN, 3]);
  });
});

function pair(value: unknown, other: number): Pair {
  return Array.isArray(value)
    ? (value as unknown as Pair)
    : [(value as number) ?? other, (value as number) ?? other];
}

function attributesOf(options: Readonly<Record<string, unknown>>, kernel: Pair): ConvolutionAttributes {
  const dilation = pair(options.dilation, 1);
  let padding: ImagePadding;
  if (options.padding === 'same') {
    const around = (i: 0 | 1): Pair => {
      const total = dilation[i] * (kernel[i] - 1);
      return [Math.floor(total / 2), Math.ceil(total / 2)];
    };
    padding = [around(0), around(1)];
  } else {
    const [height, width] = pair(options.padding, 0);
    padding = [
      [height, height],
      [width, width],
    ];
  }
  return { stride: pair(options.stride, 1), padding, dilation, groups: (options.groups as number) ?? 1 };
}

describe(`gradients of conv, against torch ${torchVersion}`, () => {
  it.each(casesOf('conv2d').filter(({ inputs }) => inputs[0]!.rank === 4))(
    '$name',
    ({ inputs, args, results }) => {
      const [x, weight] = inputs as [Tensor, Tensor];
      const [height, width] = [weight.shape[2]!, weight.shape[3]!];
      const attributes = attributesOf(args[0] as Readonly<Record<string, unknown>>, [height, width]);
      const [out, inputGradient, weightGradient] = results as [Tensor, Tensor, Tensor];
      const gradient = pattern(out.shape, 9, out.dtype);
      for (const view of [(t: Tensor) => t, strided]) {
        expectEqual(
          apply('convInputGrad', [view(gradient), view(weight)], {
            ...attributes,
            size: [x.shape[2]!, x.shape[3]!],
          }),
          inputGradient,
        );
        expectEqual(
          apply('convWeightGrad', [view(x), view(gradient)], { ...attributes, size: [height, width] }),
          weightGradient,
        );
      }
    },
  );
});

describe('conv in several parts', () => {
  // Large enough that the patches of all images, or of one, exceed the working memory.
  it.each([
    [[20, 8, 20, 20], [4, 8, 3, 3], [1, 1], 1],
    [[40, 1, 28, 28], [8, 1, 3, 3], [1, 1], 1],
    [[1, 16, 60, 60], [3, 16, 3, 3], [1, 1], 1],
    [[1, 16, 60, 60], [3, 16, 3, 3], [2, 1], 1],
    [[3, 32, 40, 40], [4, 16, 3, 3], [1, 1], 2],
  ] as const)('%j by %j', (xShape, wShape, stride, groups) => {
    const x = pattern(xShape);
    const weight = pattern(wShape, 2);
    const padding = [
      [1, 1],
      [1, 1],
    ] as const;
    const attributes = { stride, padding, dilation: [1, 1], groups } as const;
    const out = apply('conv', [x, weight], attributes);
    const [images, channels, height, width] = xShape;
    const [filters, groupChannels] = wShape;
    const a = x.data;
    const w = weight.data;
    // Every 97th element by the definition.
    const [outHeight, outWidth] = [out.shape[2]!, out.shape[3]!];
    const values = out.data;
    for (let o = 0; o < values.length; o += 97) {
      const column = o % outWidth;
      const row = Math.floor(o / outWidth) % outHeight;
      const filter = Math.floor(o / (outWidth * outHeight)) % filters;
      const image = Math.floor(o / (outWidth * outHeight * filters));
      const first = Math.floor(filter / (filters / groups)) * groupChannels;
      let sum = 0;
      for (let c = 0; c < groupChannels; c++)
        for (let i = 0; i < 3; i++)
          for (let j = 0; j < 3; j++) {
            const [y, z] = [row * stride[0] + i - 1, column * stride[1] + j - 1];
            if (y < 0 || y >= height || z < 0 || z >= width) continue;
            sum +=
              a[((image * channels + first + c) * height + y) * width + z]! *
              w[((filter * groupChannels + c) * 3 + i) * 3 + j]!;
          }
      expect(values[o]).toBe(sum);
    }
    expect(images * filters * outHeight * outWidth).toBe(values.length);

    // The three are one trilinear form: ⟨g, conv(x, w)⟩ = ⟨inputGrad(g, w), x⟩ = ⟨weightGrad(x, g), w⟩, in whole numbers.
    const gradient = pattern(out.shape, 5);
    const inner = (p: Tensor, q: Tensor): number => {
      const [u, v] = [p.data, q.data];
      return Array.from(u).reduce((total, value, i) => total + value * v[i]!, 0);
    };
    const form = inner(gradient, out);
    const toInput = apply('convInputGrad', [gradient, weight], { ...attributes, size: [height, width] });
    const toWeight = apply('convWeightGrad', [x, gradient], { ...attributes, size: [3, 3] });
    expect(inner(toInput, x)).toBe(form);
    expect(inner(toWeight, weight)).toBe(form);
  });
});

describe('conv with padding on one side', () => {
  it.each([
    [
      [1, 0],
      [0, 2],
      [1, 1],
    ],
    [
      [0, 2],
      [3, 0],
      [2, 3],
    ],
    [
      [4, 4],
      [4, 4],
      [1, 1],
    ],
  ] as const)('%j and %j, stride %j', (vertical, horizontal, stride) => {
    const x = pattern([2, 4, 5, 6]);
    const weight = pattern([6, 2, 3, 2], 2);
    const attributes = { stride, padding: [vertical, horizontal], dilation: [1, 2], groups: 2 } as const;
    const low = [0, 0, vertical[0], horizontal[0]];
    const high = [0, 0, vertical[1], horizontal[1]];
    const padded = apply('pad', [x], { low, high, interior: [0, 0, 0, 0], value: 0 });
    const bare = {
      ...attributes,
      padding: [
        [0, 0],
        [0, 0],
      ],
    } as const;
    const out = apply('conv', [x, weight], attributes);
    expectEqual(out, apply('conv', [padded, weight], bare));
    const gradient = pattern(out.shape, 3);
    const whole = apply('convInputGrad', [gradient, weight], {
      ...bare,
      size: [padded.shape[2]!, padded.shape[3]!],
    });
    const inside = apply('slice', [whole], {
      starts: low,
      stops: low.map((start, axis) => start + x.shape[axis]!),
      steps: [1, 1, 1, 1],
    });
    expectEqual(apply('convInputGrad', [gradient, weight], { ...attributes, size: [5, 6] }), inside);
    expectEqual(
      apply('convWeightGrad', [x, gradient], { ...attributes, size: [3, 2] }),
      apply('convWeightGrad', [padded, gradient], { ...bare, size: [3, 2] }),
    );
  });
});
