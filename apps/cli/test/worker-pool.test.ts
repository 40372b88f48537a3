import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { RunResult } from '../src/measured-run.ts';
import { WorkerPool } from '../src/worker-pool.ts';
import { temporaryFolder } from './command.ts';

const fixtures = join(import.meta.dirname, 'fixtures');
const choices = { optimizer: 'sgd', lr: 0.05, batchSize: 8 };
const job = { choices, seed: 1, items: 512, evaluations: 4 };

const poolOf = (experiment: string, executor: 'wasm' | 'eager' = 'wasm'): WorkerPool =>
  new WorkerPool({ reference: join(fixtures, experiment), dataSeed: 1, executor }, () => 1);

const facts = ({ outcome, metric, validation }: RunResult): unknown => [
  outcome,
  metric,
  validation.map((point) => [point.step, point.metric]),
];

afterEach(() => {
  delete process.env['NADIR_TEST_MARKER'];
});

describe('WorkerPool', () => {
  it('does a run once more when its process is lost', async () => {
    const whole = poolOf('line.experiment.ts');
    const expected = await whole.run(job);
    whole.close();
    const marker = join(temporaryFolder(), 'crashed');
    process.env['NADIR_TEST_MARKER'] = marker;
    const pool = poolOf('crash-once.experiment.ts');
    const indices: number[] = [];
    const result = await pool.run(job, {
      onEvaluation(_, index) {
        indices.push(index);
        return false;
      },
    });
    pool.close();
    expect(existsSync(marker)).toBe(true);
    expect(indices).toEqual([1, 1, 2, 3, 4]);
    expect(facts(result)).toEqual(facts(expected));
  });

  it('takes the steps with the executor that it was told', async () => {
    const [compiled, eager] = [poolOf('line.experiment.ts'), poolOf('line.experiment.ts', 'eager')];
    const [fast, plain] = await Promise.all([compiled.run(job), eager.run(job)]);
    compiled.close();
    eager.close();
    expect(fast.validation.map(({ step }) => step)).toEqual(plain.validation.map(({ step }) => step));
    for (const [index, { loss }] of fast.validation.entries()) {
      expect(loss / plain.validation[index]!.loss).toBeCloseTo(1, 5);
    }
  });

  it('passes on what an experiment throws, and goes on with the next run', async () => {
    const pool = poolOf('line.experiment.ts');
    await expect(pool.run({ ...job, choices: { optimizer: 'sdg' } })).rejects.toThrow(
      /optimizer must be one of/,
    );
    expect((await pool.run(job)).outcome).toBe('completed');
    pool.close();
  });

  it('ends a run after the current step when it is aborted', async () => {
    const pool = poolOf('line.experiment.ts');
    const controller = new AbortController();
    const result = await pool.run(
      { ...job, items: 1e9, evaluations: 1e5 },
      {
        signal: controller.signal,
        onEvaluation(_, index) {
          if (index === 2) controller.abort();
          return false;
        },
      },
    );
    expect(result.outcome).toBe('interrupted');
    await expect(pool.run(job, { signal: controller.signal })).rejects.toThrow(/aborted/);
    pool.close();
  });
});
