import {
  batchNorm,
  DTypeError,
  layerNorm,
  ones,
  record,
  eagerExecutor,
  rmsNorm,
  ShapeError,
  tensor,
  ValueError,
  zeros,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import * as operations from '../../src/ops/normalization.ts';
import { testAgainstTorch } from '../fixtures/mathematics.ts';

testAgainstTorch('normalization', operations, ['runningMean', 'runningVariance']);

const x = tensor([
  [1, 2, 4],
  [-3, 0, 5],
]);

describe('layerNorm and rmsNorm', () => {
  it('want the last axes to have the normalized shape', () => {
    expect(() => layerNorm(x, 2)).toThrow(
      'layerNorm(): the last axes must have the normalized shape, got [2, 3] and [2].',
    );
    expect(() => layerNorm(x, [])).toThrow(ShapeError);
    expect(() => rmsNorm(x, [3], { weight: ones([1]) })).toThrow(
      'rmsNorm(): weight must have the normalized shape',
    );
  });

  it('give mean 0 and variance 1, or mean square 1', () => {
    const wide = x.cast('float64');
    expect(layerNorm(wide, 3, { eps: 0 }).mean(1).allClose(0)).toBe(true);
    expect(layerNorm(wide, 3, { eps: 0 }).variance(1, { correction: 0 }).allClose(1)).toBe(true);
    expect(rmsNorm(wide, 3, { eps: 0 }).square().mean(1).allClose(1)).toBe(true);
  });
});

describe('batchNorm', () => {
  it('leaves the running statistics alone outside training', () => {
    const runningMean = zeros([3]);
    const runningVariance = ones([3]);
    batchNorm(x, { runningMean, runningVariance });
    expect(runningMean.toArray()).toEqual([0, 0, 0]);
    expect(runningVariance.toArray()).toEqual([1, 1, 1]);
  });

  it('keeps float32 statistics beside a float64 momentum', () => {
    const momentum = tensor(0.5, { dtype: 'float64' });
    const runningMean = zeros([3]);
    batchNorm(x, { training: true, runningMean, momentum });
    expect(runningMean.dtype).toBe('float32');
    expect(runningMean.toArray()).toEqual([-0.5, 0.5, 2.25]);
  });

  it('is recorded with its statistics as state', () => {
    const runningMean = zeros([3]);
    const runningVariance = ones([3]);
    const options = { training: true, runningMean, runningVariance };
    const { program, state } = record([{ shape: [2, 3], dtype: 'float32' }], (input) => [
      batchNorm(input!, options),
    ]);
    expect(runningMean.toArray()).toEqual([0, 0, 0]);
    const [y] = eagerExecutor.load(program).run([x], state);
    expect(runningMean.mul(100).round().toArray()).toEqual([-10, 10, 45]);
    expect(y!.equal(batchNorm(x, { training: true }))).toBe(true);
  });

  it('checks what it is given', () => {
    expect(() => batchNorm(x)).toThrow(ValueError);
    expect(() => batchNorm(x.cast('int32'), { training: true })).toThrow(DTypeError);
    expect(() => batchNorm(tensor([1, 2]), { training: true })).toThrow(ShapeError);
    expect(() => batchNorm(x, { training: true, bias: zeros([2]) })).toThrow(
      'batchNorm(): bias must have shape [3], one value per channel of [2, 3], got [2].',
    );
    expect(() => batchNorm(x.at(0).reshape([1, 3]), { training: true })).toThrow(
      'batchNorm(): training needs more than one value per channel',
    );
  });
});
