import { createStudy } from '@nadir/tune';
import type { FrozenTrial, Suggester } from '@nadir/tune';
import { describe, expect, it } from 'vitest';
import { fromUnit } from '../../src/distribution.ts';
import { learnBranches, spaceTree } from '../../src/samplers/space-tree.ts';

/** An optimizer with its own parameters, and layers with a width each. */
const space = (suggest: Suggester) => {
  const optimizer = suggest.suggestCategorical('optimizer', ['sgd', 'adam', 'lion']);
  const lr = suggest.suggestFloat('lr', 1e-5, 1, { log: true });
  const layers = suggest.suggestInt('layers', 1, 3);
  suggest.suggestInt('single', 4, 4);
  if (optimizer === 'sgd') {
    suggest.suggestFloat('momentum', 0, 0.99);
    if (suggest.suggestCategorical('nesterov', [true, false])) suggest.suggestFloat('blend', 0, 1);
  }
  if (optimizer !== 'sgd') suggest.suggestFloat('beta2', 0.9, 0.9999);
  for (let layer = 0; layer < layers; layer++) suggest.suggestInt(`width${layer}`, 8, 64);
  return { optimizer, lr, layers };
};

async function historyOf(trials: number): Promise<readonly FrozenTrial[]> {
  const study = await createStudy({ seed: 3 });
  await study.optimize((trial) => trial.suggest(space).lr, { trials });
  return study.trials;
}

describe('spaceTree', () => {
  it('learns from trials when a parameter is suggested', async () => {
    const rules = learnBranches(await historyOf(60)).map(({ name, condition }) => [
      name,
      condition?.parent,
      condition === undefined ? [] : [...condition.values].toSorted(),
    ]);
    const [roots, rest] = [rules.slice(0, 5), rules.slice(5)];
    expect(roots).toEqual(
      ['layers', 'lr', 'optimizer', 'single', 'width0'].map((name) => [name, undefined, []]),
    );
    expect(rest.toSorted()).toEqual([
      ['beta2', 'optimizer', ['adam', 'lion']],
      ['blend', 'nesterov', [true]],
      ['momentum', 'optimizer', ['sgd']],
      ['nesterov', 'optimizer', ['sgd']],
      ['width1', 'layers', [2, 3]],
      ['width2', 'layers', [3]],
    ]);
  });

  it('walks a learned tree as the declared one', async () => {
    const history = await historyOf(60);
    const learned = spaceTree({ space: undefined, history: () => history });
    const declared = spaceTree({ space, history: () => history });
    for (let unit = 0.01; unit < 1; unit += 0.07) {
      const asked: string[] = [];
      const params = learned.walk((name, distribution) => {
        asked.push(name);
        return fromUnit(distribution, unit);
      });
      expect(params).toEqual(declared.walk((_name, distribution) => fromUnit(distribution, unit)));
      expect(asked).not.toContain('single');
      expect(params['single']).toBe(4);
    }
  });

  it('leaves out a parameter that follows no rule', async () => {
    const study = await createStudy({ seed: 1 });
    await study.optimize(
      (trial) => {
        const x = trial.suggestFloat('x', 0, 1);
        return x > 0.5 ? trial.suggestFloat('y', 0, 1) : x;
      },
      { trials: 10 },
    );
    expect(learnBranches(study.trials).map(({ name }) => name)).toEqual(['x']);
  });

  it('knows nothing before the first trial has ended', () => {
    expect(spaceTree({ space: undefined, history: () => [] }).walk(() => 1)).toEqual({});
  });
});
