import { readFileSync } from 'node:fs';
import {
  bernoulli,
  DTypeError,
  Generator,
  manualSeed,
  rand,
  randint,
  randLike,
  randn,
  randnLike,
  randperm,
  ShapeError,
  tensor,
  ValueError,
  zeros,
  type Tensor,
} from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { eagerExecutor } from '../../src/program/executor.ts';
import { record } from '../../src/program/recording.ts';

interface Draws {
  readonly seed: number;
  readonly position: readonly [number, number];
  readonly bits: readonly number[];
  readonly rand: readonly number[];
  readonly rand64: readonly number[];
  readonly randn: readonly number[];
  readonly randn64: readonly number[];
  readonly randint: readonly number[];
  readonly randperm: readonly number[];
  readonly bernoulli: readonly number[];
}

const { cases } = JSON.parse(readFileSync(new URL('../fixtures/draws.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly Draws[];
};

function expectNear(x: Tensor, values: readonly number[], tolerance: number): void {
  const got = [...x.data];
  expect(got.length).toBe(values.length);
  for (const [i, value] of values.entries()) {
    expect(Math.abs(got[i]! - value), `element ${i}: ${got[i]} beside ${value}`).toBeLessThanOrEqual(
      tolerance,
    );
  }
}

describe('draws laid out as Random123 gives them', () => {
  for (const draws of cases) {
    const generator = new Generator(draws.seed);
    const start = (): Generator => {
      const [low, high] = draws.position;
      const state = generator.getState();
      state.at(2).assign(low | 0);
      state.at(3).assign(high | 0);
      return generator.setState(state);
    };

    it(`seed ${draws.seed} from position [${draws.position.join(', ')}]`, () => {
      expect([...start().bits([11]).data]).toEqual(draws.bits);
      expect([...rand([11], { generator: start() }).data]).toEqual(draws.rand);
      expect([...rand([11], { generator: start(), dtype: 'float64' }).data]).toEqual(draws.rand64);
      expectNear(randn([11], { generator: start() }), draws.randn, 2e-6);
      expectNear(randn([11], { generator: start(), dtype: 'float64' }), draws.randn64, 1e-14);
      expect([...randint(0, 17, [11], { generator: start() }).data]).toEqual(draws.randint);
      expect([...randperm(11, { generator: start() }).data]).toEqual(draws.randperm);
      expect([...bernoulli([11], 0.3, { generator: start() }).data]).toEqual(draws.bernoulli);
    });

    it(`goes on where the last draw ended, from [${draws.position.join(', ')}]`, () => {
      start();
      const first = generator.bits([2, 2]);
      const second = generator.bits([3]);
      const third = generator.bits([3]);
      expect([...first.data, ...second.data]).toEqual(draws.bits.slice(0, 7));
      // A block is never shared by two draws.
      expect([...third.data]).toEqual(draws.bits.slice(8));
    });
  }
});

describe('rand', () => {
  it('fills a shape from the default generator', () => {
    manualSeed(3);
    const x = rand([2, 3]);
    expect(x.shape).toEqual([2, 3]);
    manualSeed(3);
    expect(rand([2, 3]).equal(x)).toBe(true);
    expect(rand([2, 3]).equal(x)).toBe(false);
    expect(randLike(zeros([2], { dtype: 'float64' })).dtype).toBe('float64');
    expect(randLike(zeros([2], { dtype: 'int32' })).dtype).toBe('float32');
    expect(rand([0]).shape).toEqual([0]);
    expect(rand([]).shape).toEqual([]);
  });

  it('refuses other dtypes and shapes', () => {
    expect(() => rand([2], { dtype: 'int32' as 'float32' })).toThrow(DTypeError);
    expect(() => rand([-1])).toThrow(ShapeError);
  });

  it('has the moments of the uniform distribution', () => {
    const x = rand([100_000], { generator: new Generator(1), dtype: 'float64' });
    // Four standard errors: √(1/12 / n), and √(1/180 / n) for the variance.
    expect(Math.abs(x.mean().item() - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / 1e5));
    expect(Math.abs(x.variance().item() - 1 / 12)).toBeLessThan(4 * Math.sqrt(1 / 180 / 1e5));
  });
});

describe('randn', () => {
  for (const dtype of ['float32', 'float64'] as const) {
    it(`has the moments of the normal distribution in ${dtype}`, () => {
      const n = 100_000;
      const x = randn([n], { generator: new Generator(2), dtype }).cast('float64');
      // Standard errors of the mean, variance, third and fourth moments: √(1, 2, 15, 96) / √n.
      const near = (value: number, want: number, spread: number): void =>
        expect(Math.abs(value - want)).toBeLessThan((4 * Math.sqrt(spread)) / Math.sqrt(n));
      near(x.mean().item(), 0, 1);
      near(x.square().mean().item(), 1, 2);
      near(x.pow(3).mean().item(), 0, 15);
      near(x.pow(4).mean().item(), 3, 96);
      // The two halves come from the same radii: they must not be correlated.
      const [cosines, sines] = x.split(n / 2);
      near(cosines!.mul(sines!).mean().item() / Math.SQRT2, 0, 1);
      near(x.abs().lt(1).cast('float64').mean().item(), 0.682689492137086, 0.2166);
    });
  }

  it('takes odd, empty and scalar shapes', () => {
    expect(randn([3, 3]).shape).toEqual([3, 3]);
    expect(randn([0, 2]).shape).toEqual([0, 2]);
    expect(randn([]).shape).toEqual([]);
    expect(randnLike(zeros([2], { dtype: 'float64' })).dtype).toBe('float64');
  });
});

describe('randint', () => {
  it('draws every integer about as often', () => {
    const n = 60_000;
    const dice = randint(-2, 4, [n], { generator: new Generator(3) });
    expect(dice.dtype).toBe('int32');
    for (let face = -2; face < 4; face++) {
      const count = dice.eq(face).sum().item();
      expect(Math.abs(count - n / 6)).toBeLessThan(4 * Math.sqrt(n * (1 / 6) * (5 / 6)));
    }
    expect(dice.amin().item()).toBe(-2);
    expect(dice.amax().item()).toBe(3);
  });

  it('covers all of int32', () => {
    const wide = randint(-(2 ** 31), 2 ** 31, [1000], { generator: new Generator(4) });
    expect(wide.amin().item()).toBeLessThan(-2e9);
    expect(wide.amax().item()).toBeGreaterThan(2e9);
    expect(randint(0, 2, [3], { dtype: 'uint8' }).dtype).toBe('uint8');
  });

  it('refuses bounds that are empty or not whole', () => {
    expect(() => randint(1, 1, [2])).toThrow(
      'randint(): needs whole numbers low < high within int32, got 1 and 1.',
    );
    expect(() => randint(0, 1.5, [2])).toThrow(ValueError);
    expect(() => randint(0, 2 ** 32, [2])).toThrow(ValueError);
  });
});

describe('randperm', () => {
  it('orders every number once, each order about as often', () => {
    const generator = new Generator(5);
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = randperm(3, { generator }).data.join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) {
      expect(Math.abs(count - 1000)).toBeLessThan(4 * Math.sqrt(6000 * (1 / 6) * (5 / 6)));
    }
    expect(randperm(0).shape).toEqual([0]);
    expect(() => randperm(-1)).toThrow(ValueError);
  });
});

describe('bernoulli', () => {
  it('takes one probability or one for every element', () => {
    expect(bernoulli([3], 0).toArray()).toEqual([0, 0, 0]);
    expect(bernoulli([2, 2], tensor([0, 1]), { dtype: 'bool' }).toArray()).toEqual([
      [false, true],
      [false, true],
    ]);
    expect(() => bernoulli([2], 1.5)).toThrow(ValueError);
    expect(() => bernoulli([2], NaN)).toThrow(ValueError);
    expect(() => bernoulli([2], zeros([3, 2]))).toThrow(
      'bernoulli(): the probabilities must broadcast to the shape, got [3, 2] and [2].',
    );
  });
});

describe('in a recorded program', () => {
  it('draws new numbers at every call, those that eager draws', () => {
    const generator = new Generator(6);
    const draw = (): readonly Tensor[] => [
      rand([3], { generator }),
      randn([3], { generator }),
      randint(0, 9, [2], { generator }),
      randperm(4, { generator }),
    ];
    const { program, state } = record([], draw);
    const loaded = eagerExecutor.load(program);
    const called = [...loaded.run([], state), ...loaded.run([], state)];
    generator.manualSeed(6);
    const eager = [...draw(), ...draw()];
    expect(called.map((x) => x.toArray())).toEqual(eager.map((x) => x.toArray()));
  });
});
