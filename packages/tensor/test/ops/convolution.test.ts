import { describe, expect, it } from 'vitest';
import { DTypeError, ShapeError, ValueError } from '../../src/errors.ts';
import {
  conv1d,
  conv2d,
  convTranspose2d,
  type Conv1dOptions,
  type Conv2dOptions,
  type ConvTranspose2dOptions,
} from '../../src/ops/convolution.ts';
import { zeros } from '../../src/ops/creation.ts';
import type { Tensor } from '../../src/tensor.ts';
import { casesOf, expectEqual, recorded, strided, torchVersion } from '../fixtures/contractions.ts';

function withBias<T>(inputs: readonly Tensor[], args: readonly unknown[]): T {
  const bias = inputs[2];
  return (bias === undefined ? args[0] : { ...(args[0] as object), bias }) as T;
}

describe(`conv1d, against torch ${torchVersion}`, () => {
  it.each(casesOf('conv1d'))('$name', ({ inputs, args, results }) => {
    expectEqual(conv1d(inputs[0]!, inputs[1]!, withBias<Conv1dOptions>(inputs, args)), results[0]!);
  });
});

describe(`conv2d, against torch ${torchVersion}`, () => {
  it.each(casesOf('conv2d'))('$name', ({ inputs, args, results }) => {
    const options = withBias<Conv2dOptions>(inputs, args);
    expectEqual(conv2d(inputs[0]!, inputs[1]!, options), results[0]!);
    expectEqual(conv2d(strided(inputs[0]!), strided(inputs[1]!), options), results[0]!);
    const program = (...symbols: Tensor[]): Tensor =>
      conv2d(symbols[0]!, symbols[1]!, withBias<Conv2dOptions>(symbols, args));
    expectEqual(recorded(inputs, program), results[0]!);
  });

  it('promotes dtypes', () => {
    const bytes = zeros([1, 1, 2, 2], { dtype: 'uint8' });
    expect(conv2d(bytes, zeros([1, 1, 1, 1])).dtype).toBe('float32');
    expect(conv2d(bytes, zeros([1, 1, 1, 1], { dtype: 'float64' })).dtype).toBe('float64');
    expect(() => conv2d(bytes, bytes)).toThrow(DTypeError);
  });

  it('says what does not fit', () => {
    const x = zeros([1, 4, 5, 5]);
    expect(() => conv2d(x, zeros([4, 3, 3, 3]))).toThrow(/^conv2d\(\): a weight of .* must fit 4 channels/);
    expect(() => conv2d(x, zeros([3, 2, 3, 3]), { groups: 2 })).toThrow(ShapeError);
    expect(() => conv2d(x, zeros([4, 4, 6, 3]))).toThrow(
      'conv2d(): the window must fit into the padded image, got height 6 in 5 for images of [1, 4, 5, 5]. Use a smaller kernel or more padding.',
    );
    expect(() => conv2d(x, zeros([4, 4, 3]))).toThrow(ShapeError);
    expect(() => conv2d(zeros([5, 5]), zeros([4, 4, 3, 3]))).toThrow(ShapeError);
    expect(() => conv2d(x, zeros([4, 4, 3, 3]), { stride: 0 })).toThrow(ValueError);
    expect(() => conv2d(x, zeros([4, 4, 3, 3]), { padding: [1, -1] })).toThrow(
      'conv2d(): padding must be a whole number of at least 0 or two of them, got [1,-1].',
    );
    expect(() => conv2d(x, zeros([4, 4, 3, 3]), { padding: 'same', stride: 2 })).toThrow(ValueError);
    expect(() => conv2d(x, zeros([4, 4, 3, 3]), { groups: 0 })).toThrow(ValueError);
    expect(() => conv2d(x, zeros([4, 4, 3, 3]), { bias: zeros([3]) })).toThrow(/bias must have shape \[4\]/);
    expect(() => conv1d(zeros([1, 2, 3]), zeros([2, 1, 3]))).toThrow(/^conv1d\(\): /);
  });
});

describe(`convTranspose2d, against torch ${torchVersion}`, () => {
  it.each(casesOf('convTranspose2d'))('$name', ({ inputs, args, results }) => {
    const options = withBias<ConvTranspose2dOptions>(inputs, args);
    expectEqual(convTranspose2d(inputs[0]!, inputs[1]!, options), results[0]!);
  });

  it('says what does not fit', () => {
    const x = zeros([1, 2, 2, 2]);
    expect(() => convTranspose2d(x, zeros([3, 1, 2, 2]))).toThrow(ShapeError);
    expect(() => convTranspose2d(x, zeros([2, 1, 2, 2]), { groups: 3 })).toThrow(ShapeError);
    expect(() => convTranspose2d(x, zeros([2, 1, 2, 2]), { padding: 2 })).toThrow(ShapeError);
    expect(() => convTranspose2d(x, zeros([2, 1, 2, 2]), { outputPadding: 1 })).toThrow(ValueError);
  });
});

it('conv1d() shows the shapes that it was given', () => {
  expect(() => conv1d(zeros([1, 2, 5]), zeros([3, 4, 2]))).toThrow('got [1, 2, 5] and [3, 4, 2]');
});
