import { describe, expect, it } from 'vitest';
import { apply } from '../../src/dispatch.ts';
import { fresh } from '../../src/eager/layout.ts';
import type { ImagePadding, Pair } from '../../src/primitives.ts';
import type { Tensor } from '../../src/tensor.ts';
import {
  casesOf,
  expectClose,
  expectEqual,
  pattern,
  strided,
  torchVersion,
} from '../fixtures/contractions.ts';

type Options = Readonly<Record<string, number | readonly [number, number] | boolean | undefined>>;

function pairOf(value: Options[string], other: Pair): Pair {
  return typeof value === 'number' ? [value, value] : ((value as Pair | undefined) ?? other);
}

function attributesOf(options: Options): {
  kernel: Pair;
  stride: Pair;
  padding: ImagePadding;
  dilation: Pair;
} {
  const kernel = pairOf(options.kernelSize, [1, 1]);
  const [height, width] = pairOf(options.padding, [0, 0]);
  return {
    kernel,
    stride: pairOf(options.stride, kernel),
    padding: [
      [height, height],
      [width, width],
    ],
    dilation: pairOf(options.dilation, [1, 1]),
  };
}

const images = (x: Tensor): Tensor => (x.rank === 4 ? x : x.reshape([1, ...x.shape]));
// Where several elements are NaN torch takes the last, Nadir the first; one NaN a window shows no difference.
const maxCases = casesOf('maxPool2d');
const averageCases = casesOf('avgPool2d');

describe(`maxPoolScatter and maxPoolGather, against torch ${torchVersion}`, () => {
  it.each(maxCases)('$name', ({ inputs, args, results }) => {
    const attributes = attributesOf(args[0] as Options);
    const [out, gradient] = results.map(images) as [Tensor, Tensor];
    const x = images(inputs[0]!);
    const upstream = images(pattern(results[0]!.shape, 9, x.dtype));
    expectEqual(apply('maxPoolScatter', [x, upstream], attributes), gradient);
    expectEqual(apply('maxPoolScatter', [strided(x), strided(upstream)], attributes), gradient);
    expectEqual(apply('maxPoolGather', [x, x], attributes), out);
    // Gathering is the adjoint of scattering.
    const values = pattern(x.shape, 6, x.dtype);
    const gathered = apply('maxPoolGather', [x, strided(values)], attributes);
    const inner = (a: Tensor, b: Tensor): number => a.mul(b).sum().item();
    expect(inner(gathered, upstream)).toBe(inner(values, gradient));
  });
});

describe('maxPool', () => {
  const padding = [
    [0, 0],
    [0, 0],
  ] as const;

  it('takes the first of equals, and the first NaN', () => {
    const attributes = { kernel: [2, 2], stride: [2, 2], padding, dilation: [1, 1] } as const;
    const places = pattern([1, 1, 2, 2]);
    places.storage.write().set([0, 1, 2, 3]);
    const place = (values: readonly number[]): number => {
      const x = fresh(Float32Array.from(values), [1, 1, 2, 2], 'float32');
      return apply('maxPoolGather', [x, places], attributes).item();
    };
    expect(place([1, 5, 5, 5])).toBe(1);
    expect(place([1, 5, NaN, NaN])).toBe(2);
    expect(place([-Infinity, -Infinity, -Infinity, -Infinity])).toBe(0);
  });

  it('gives −∞ and no gradient where a window holds padding alone', () => {
    const x = pattern([1, 1, 2, 2]);
    const around = {
      kernel: [1, 1],
      stride: [1, 1],
      padding: [
        [1, 0],
        [0, 2],
      ],
      dilation: [1, 1],
    } as const;
    const out = apply('maxPool', [x], around);
    expect(out.shape).toEqual([1, 1, 3, 4]);
    expect([...out.data].filter((value) => value === -Infinity)).toHaveLength(8);
    expectEqual(
      apply('maxPoolScatter', [x, pattern([1, 1, 3, 4], 2)], around),
      apply('slice', [pattern([1, 1, 3, 4], 2)], {
        starts: [0, 0, 1, 0],
        stops: [1, 1, 3, 2],
        steps: [1, 1, 1, 1],
      }),
    );
    expect([...apply('maxPoolGather', [x, x], around).data].slice(0, 4)).toEqual([0, 0, 0, 0]);
  });

  it('adds what overlapping windows send to one element', () => {
    const x = fresh(Float32Array.of(0, 0, 0, 0, 9, 0, 0, 0, 0), [1, 1, 3, 3], 'float32');
    const attributes = { kernel: [2, 2], stride: [1, 1], padding, dilation: [1, 1] } as const;
    const gradient = fresh(Float32Array.of(1, 2, 3, 4), [1, 1, 2, 2], 'float32');
    expect([...apply('maxPoolScatter', [x, gradient], attributes).data]).toEqual([
      0, 0, 0, 0, 10, 0, 0, 0, 0,
    ]);
  });
});

describe(`averagePoolGrad, against torch ${torchVersion}`, () => {
  it.each(averageCases)('$name', ({ inputs, args, results }) => {
    const options = args[0] as Options;
    const { kernel, stride, padding } = attributesOf(options);
    const countIncludePad = (options.countIncludePad as boolean | undefined) ?? true;
    const gradient = images(results[1]!);
    const upstream = images(pattern(results[0]!.shape, 9));
    const [height, width] = gradient.shape.slice(2) as [number, number];
    const attributes = { kernel, stride, padding, countIncludePad, size: [height, width] } as const;
    expectClose(apply('averagePoolGrad', [upstream], attributes), gradient);
    expectClose(apply('averagePoolGrad', [strided(upstream)], attributes), gradient);
    expectClose(
      apply('averagePool', [strided(images(inputs[0]!))], { kernel, stride, padding, countIncludePad }),
      images(results[0]!),
    );
  });

  it('gives 0 where a window holds padding alone', () => {
    for (const countIncludePad of [true, false]) {
      const attributes = {
        kernel: [1, 1],
        stride: [1, 1],
        padding: [
          [1, 1],
          [1, 1],
        ],
        countIncludePad,
      } as const;
      const out = apply('averagePool', [pattern([1, 1, 1, 1])], attributes);
      expect(out.data.filter((value) => value !== 0)).toHaveLength(1);
      const back = apply('averagePoolGrad', [out], { ...attributes, size: [1, 1] });
      expectEqual(back, pattern([1, 1, 1, 1]));
    }
  });
});
