import { Generator, manualSeed, ShapeError, type Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import {
  fansOf,
  gainOf,
  kaimingNormal,
  kaimingUniform,
  normal,
  uniform,
  xavierNormal,
  xavierUniform,
} from '../src/index.ts';

const shape = [64, 32, 5, 5];

/** torch.nn.init.calculate_gain. */
describe('gainOf', () => {
  it.each([
    ['linear', undefined, 1],
    ['sigmoid', undefined, 1],
    ['tanh', undefined, 5 / 3],
    ['relu', undefined, Math.SQRT2],
    ['leakyRelu', undefined, Math.sqrt(2 / 1.0001)],
    ['leakyRelu', 0, Math.SQRT2],
    ['leakyRelu', Math.sqrt(5), Math.sqrt(1 / 3)],
  ] as const)('of %s, slope %s', (name, slope, gain) => {
    expect(gainOf(name, slope)).toBeCloseTo(gain, 15);
  });
});

describe('fansOf', () => {
  it('counts the inputs and outputs of a unit', () => {
    expect(fansOf([64, 32])).toEqual({ fanIn: 32, fanOut: 64 });
    expect(fansOf(shape)).toEqual({ fanIn: 800, fanOut: 1600 });
    expect(() => fansOf([3])).toThrow(ShapeError);
    expect(() => fansOf([3])).toThrow('fansOf(): needs a weight of at least two axes, got shape [3].');
  });
});

describe('initializers', () => {
  const uniforms: readonly (readonly [string, () => Tensor, number])[] = [
    ['uniform', () => uniform(shape, -0.3, 0.3), 0.3],
    ['kaimingUniform', () => kaimingUniform(shape), Math.sqrt(6 / 800)],
    ['kaimingUniform by its outputs', () => kaimingUniform(shape, { mode: 'fanOut' }), Math.sqrt(6 / 1600)],
    ['kaimingUniform of a slope', () => kaimingUniform(shape, { slope: Math.sqrt(5) }), 1 / Math.sqrt(800)],
    ['xavierUniform', () => xavierUniform(shape), Math.sqrt(6 / 2400)],
    ['xavierUniform of a gain', () => xavierUniform(shape, { gain: 2 }), 2 * Math.sqrt(6 / 2400)],
  ];
  for (const [name, make, bound] of uniforms) {
    it(`${name} stays in its bounds and fills them`, () => {
      manualSeed(1);
      const x = make();
      expect(x.shape).toEqual(shape);
      expect(x.max().item() / bound).toBeLessThan(1);
      expect(x.max().item() / bound).toBeGreaterThan(0.999);
      expect(x.min().item() / bound).toBeGreaterThanOrEqual(-1.0000001);
      expect(x.min().item() / bound).toBeLessThan(-0.999);
      expect(x.std().item() / (bound / Math.sqrt(3))).toBeCloseTo(1, 1);
    });
  }

  const normals: readonly (readonly [string, () => Tensor, number, number])[] = [
    ['normal', () => normal(shape, 3, 0.5), 3, 0.5],
    ['kaimingNormal', () => kaimingNormal(shape), 0, Math.sqrt(2 / 800)],
    ['kaimingNormal by its outputs', () => kaimingNormal(shape, { mode: 'fanOut' }), 0, Math.sqrt(2 / 1600)],
    ['xavierNormal', () => xavierNormal(shape), 0, Math.sqrt(2 / 2400)],
    ['xavierNormal of a gain', () => xavierNormal(shape, { gain: 3 }), 0, 3 * Math.sqrt(2 / 2400)],
  ];
  for (const [name, make, mean, deviation] of normals) {
    it(`${name} has its mean and deviation`, () => {
      manualSeed(1);
      const x = make();
      // Five standard errors of 51,200 draws.
      const bound = 5 / Math.sqrt(x.size);
      expect(Math.abs(x.mean().item() - mean) / deviation).toBeLessThan(bound);
      expect(Math.abs(x.std().item() / deviation - 1)).toBeLessThan(bound);
      expect(x.sub(mean).abs().max().item() / deviation).toBeGreaterThan(3.5);
    });
  }

  it('take a dtype and a generator', () => {
    const draw = (): Tensor => kaimingUniform([3, 3], { dtype: 'float64', generator: new Generator(9) });
    expect(draw().dtype).toBe('float64');
    expect(draw().toArray()).toEqual(draw().toArray());
  });
});
