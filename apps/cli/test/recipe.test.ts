import { parameter } from '@nadir/autograd';
import { Adam, AdamW, SGD } from '@nadir/optimizers';
import { tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../src/cli-error.ts';
import { optimizerOf, recipeOf, scheduleNames, scheduleOf } from '../src/recipe.ts';

describe('recipeOf', () => {
  it('fills in defaults that fit the optimizer', () => {
    expect(recipeOf({})).toMatchObject({
      optimizer: 'sgd',
      lr: 0.1,
      momentum: 0,
      schedule: 'constant',
      batchSize: 64,
    });
    expect(recipeOf({ optimizer: 'adam' })).toMatchObject({ lr: 0.001, momentum: 0 });
    expect(recipeOf({ optimizer: 'nesterov' })).toMatchObject({ momentum: 0.9 });
  });

  it.each([
    [{ optimizer: 'sdg' }, /optimizer must be one of sgd, .* got "sdg"/],
    [{ schedule: 'cosin' }, /schedule must be one of/],
    [{ lr: 0 }, /lr must be above 0, got 0/],
    [{ lr: '0.1' }, /lr must be above 0, got "0.1"/],
    [{ batchSize: 1.5 }, /batchSize must be a whole number/],
    [{ momentum: 1 }, /momentum must be in \[0, 1\)/],
    [{ optimizer: 'adam', momentum: 0.9 }, /momentum belongs to sgd/],
    [{ optimizer: 'nesterov', momentum: 0 }, /nesterov needs a momentum/],
    [{ gamma: 0 }, /gamma must be in \(0, 1\]/],
    [{ warmup: 1 }, /warmup must be in/],
  ])('rejects %o', (choices, message) => {
    expect(() => recipeOf(choices)).toThrow(message);
    expect(() => recipeOf(choices)).toThrow(UsageError);
  });
});

describe('scheduleOf', () => {
  it('spans the whole run', () => {
    const factor = (schedule: string, step: number, more = {}): number =>
      scheduleOf(recipeOf({ schedule, ...more }), 300)(step);
    for (const schedule of scheduleNames) expect(factor(schedule, 0)).toBe(1);
    expect(factor('constant', 299)).toBe(1);
    expect(factor('exponential', 300)).toBeCloseTo(0.05, 12);
    expect(factor('exponential', 300, { gamma: 0.5 })).toBeCloseTo(0.5, 12);
    expect([99, 100, 200].map((step) => factor('step', step))).toEqual([1, 0.2, 0.2 ** 2]);
    expect(factor('linear', 150)).toBeCloseTo(0.5, 12);
    expect(factor('cosine', 150)).toBeCloseTo(0.5, 12);
    expect(factor('cosine', 300)).toBe(0);
  });

  it('rises first where there is a warm-up', () => {
    const schedule = scheduleOf(recipeOf({ schedule: 'cosine', warmup: 0.1 }), 100);
    expect(schedule(0)).toBeCloseTo(1 / 11, 12);
    expect(schedule(10)).toBe(1);
    expect(schedule(100)).toBe(0);
    // A run too short for one has none.
    expect(scheduleOf(recipeOf({ warmup: 0.1 }), 1)(0)).toBe(1);
  });
});

describe('optimizerOf', () => {
  it('builds the optimizer that the recipe names', () => {
    const made = (optimizer: string): unknown =>
      optimizerOf(recipeOf({ optimizer }), [parameter(tensor([1]))], 10);
    expect(made('sgd')).toBeInstanceOf(SGD);
    expect(made('nesterov')).toBeInstanceOf(SGD);
    expect(made('adam')).toBeInstanceOf(Adam);
    expect(made('adamw')).toBeInstanceOf(AdamW);
  });
});
