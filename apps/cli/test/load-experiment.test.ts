import { join } from 'node:path';
import { Tensor } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { CliError, UsageError } from '../src/cli-error.ts';
import { loadExperiment } from '../src/load-experiment.ts';

const fixtures = join(import.meta.dirname, 'fixtures');

describe('loadExperiment', () => {
  it('loads a TypeScript file on the packages of the command itself', async () => {
    const { experiment, reference } = await loadExperiment('./line.experiment.ts', fixtures);
    expect(experiment.name).toBe('line');
    expect(reference).toBe(join(fixtures, 'line.experiment.ts'));
    const { train } = await experiment.data({ seed: 1 });
    const [x] = (await train.get(0)) as readonly [Tensor];
    expect(x).toBeInstanceOf(Tensor);
  });

  it('loads the built-in experiment by name', async () => {
    const { experiment, reference } = await loadExperiment('mnist');
    expect([experiment.name, reference]).toEqual(['mnist', 'mnist']);
  });

  it('names the experiment that was probably meant', async () => {
    await expect(loadExperiment('minst')).rejects.toThrow("Did you mean 'mnist'?");
    await expect(loadExperiment('cifar')).rejects.toThrow(/Built in: mnist/);
    await expect(loadExperiment('minst')).rejects.toBeInstanceOf(UsageError);
  });

  it.each([
    ['./nowhere.ts', /There is no file/],
    ['./no-default.experiment.ts', /no default export \(it exports experiment\)/],
    ['./empty-space.experiment.ts', /the space of 'empty' is empty/],
    ['../../README.md', /TypeScript or JavaScript file/],
  ])('says what is wrong with %s', async (reference, message) => {
    await expect(loadExperiment(reference, fixtures)).rejects.toThrow(message);
  });

  it('passes on what a file throws, with its name', async () => {
    const loading = loadExperiment('./broken.experiment.ts', fixtures);
    await expect(loading).rejects.toThrow(
      /broken\.experiment\.ts could not be loaded: the data are not there/,
    );
    await expect(loading).rejects.toBeInstanceOf(CliError);
  });
});
