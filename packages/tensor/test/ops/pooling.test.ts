import { describe, expect, it } from 'vitest';
import { DTypeError, ShapeError, ValueError } from '../../src/errors.ts';
import { tensor, zeros } from '../../src/ops/creation.ts';
import {
  adaptiveAvgPool2d,
  avgPool2d,
  maxPool2d,
  type AvgPool2dOptions,
  type MaxPool2dOptions,
} from '../../src/ops/pooling.ts';
import type { Size2d } from '../../src/ops/window.ts';
import {
  casesOf,
  expectClose,
  expectEqual,
  recorded,
  strided,
  torchVersion,
} from '../fixtures/contractions.ts';

describe(`maxPool2d, against torch ${torchVersion}`, () => {
  it.each(casesOf('maxPool2d'))('$name', ({ inputs, args, results }) => {
    expectEqual(maxPool2d(inputs[0]!, args[0] as MaxPool2dOptions), results[0]!);
    expectEqual(maxPool2d(strided(inputs[0]!), args[0] as MaxPool2dOptions), results[0]!);
  });

  it('takes integers, and finds −∞ and the least integer', () => {
    const x = tensor([[[-(2 ** 31), -(2 ** 31)]]], { dtype: 'int32' });
    expect(maxPool2d(x, { kernelSize: [1, 2] }).item()).toBe(-(2 ** 31));
    expect(maxPool2d(tensor([[[-Infinity, -Infinity]]]), { kernelSize: [1, 2] }).item()).toBe(-Infinity);
  });

  it('says what does not fit', () => {
    expect(() => maxPool2d(zeros([4, 4]), { kernelSize: 2 })).toThrow(ShapeError);
    expect(() => maxPool2d(zeros([1, 4, 4]), { kernelSize: 5 })).toThrow(
      /^maxPool2d\(\): the window must fit/,
    );
    expect(() => maxPool2d(zeros([1, 4, 4]), { kernelSize: 2, padding: 2 })).toThrow(ValueError);
    expect(() => maxPool2d(zeros([1, 4, 4]), { kernelSize: 0 })).toThrow(ValueError);
    expect(() => maxPool2d(zeros([1, 4, 4], { dtype: 'bool' }), { kernelSize: 2 })).toThrow(DTypeError);
  });
});

describe(`avgPool2d, against torch ${torchVersion}`, () => {
  it.each(casesOf('avgPool2d'))('$name', ({ inputs, args, results }) => {
    expectClose(avgPool2d(inputs[0]!, args[0] as AvgPool2dOptions), results[0]!);
    expectClose(
      recorded(inputs, (x) => avgPool2d(x, args[0] as AvgPool2dOptions)),
      results[0]!,
    );
  });

  it('says what does not fit', () => {
    expect(() => avgPool2d(zeros([1, 4, 4]), { kernelSize: [2, 5] })).toThrow(
      /^avgPool2d\(\): .* got width 5/,
    );
    expect(() => avgPool2d(zeros([1, 4, 4]), { kernelSize: 2, padding: 2 })).toThrow(ValueError);
  });
});

describe(`adaptiveAvgPool2d, against torch ${torchVersion}`, () => {
  it.each(casesOf('adaptiveAvgPool2d'))('$name', ({ inputs, args, results }) => {
    expectClose(adaptiveAvgPool2d(inputs[0]!, args[0] as Size2d), results[0]!);
    expectClose(
      recorded(inputs, (x) => adaptiveAvgPool2d(x, args[0] as Size2d)),
      results[0]!,
    );
  });

  it('says what does not fit', () => {
    expect(() => adaptiveAvgPool2d(zeros([1, 0, 4]), 2)).toThrow(ShapeError);
    expect(() => adaptiveAvgPool2d(zeros([1, 4, 4]), [2, 0])).toThrow(ValueError);
  });
});
