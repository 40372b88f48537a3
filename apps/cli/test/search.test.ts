import { join } from 'node:path';
import { memoryStorage, type StudyStorage } from '@nadir/tune';
import { describe, expect, it } from 'vitest';
import type { Experiment, ExperimentData } from '../src/experiment.ts';
import { loadExperiment } from '../src/load-experiment.ts';
import { measureRun, type RunJob } from '../src/measured-run.ts';
import { planSearch, type PlanOptions } from '../src/search-plan.ts';
import { bestFinalist, Search, type SearchEvent, type SearchState } from '../src/search.ts';
import type { Runner } from '../src/worker-pool.ts';

const { experiment: line } = await loadExperiment(join(import.meta.dirname, 'fixtures/line.experiment.ts'));

interface Setting extends Partial<PlanOptions> {
  readonly experiment?: Experiment;
  readonly storage?: StudyStorage;
  readonly workers?: number;
  readonly resume?: boolean;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: SearchEvent) => void;
  /** Called before every run. */
  readonly onRun?: (job: RunJob) => Promise<void> | void;
}

async function search({
  experiment = line,
  storage = memoryStorage(),
  workers = 1,
  resume = false,
  signal = new AbortController().signal,
  onEvent = () => {},
  onRun = () => {},
  ...options
}: Setting = {}): Promise<SearchState> {
  const data: ExperimentData<unknown> = await experiment.data({ seed: 1 });
  const runner: Runner = {
    async run(job, hooks) {
      await onRun(job);
      return measureRun(experiment, data, job, { ...hooks, saveModel: async () => {} });
    },
    close() {},
  };
  const plan = planSearch(experiment, data.train.size, { seed: 1, ...options });
  const opened = await Search.open({
    experiment,
    plan,
    storage,
    runner,
    workers,
    resume,
    trainSize: data.train.size,
    modelPath: '/nowhere',
    signal,
    onEvent,
  });
  await opened.run();
  return opened.state;
}

/** What a search found, without what clocks say. */
function facts({ trials, finalists, winner }: SearchState): unknown {
  return {
    trials: trials.map(({ number, choices, outcome, metric, validation }) => ({
      number,
      choices,
      outcome,
      metric,
      evaluations: validation.map((point) => [point.step, point.examples, point.metric]),
    })),
    finalists: finalists.map(({ trial, runs }) => ({
      trial,
      runs: runs.map(({ seed, metric }) => [seed, metric]),
    })),
    winner: winner === null ? null : { trial: winner.trial, test: winner.test },
  };
}

describe('Search', () => {
  it('tries, trains the best again with fresh seeds, and trains the winner', async () => {
    const state = await search({ winnerEpochs: 3 });
    expect(state.trials).toHaveLength(8);
    const completed = state.trials.filter(({ outcome }) => outcome === 'completed');
    expect(completed.length).toBeGreaterThanOrEqual(2);
    const best = completed.toSorted((a, b) => a.metric! - b.metric!).slice(0, 2);
    expect(state.finalists.map(({ trial }) => trial)).toEqual(best.map(({ number }) => number));
    for (const { runs } of state.finalists) expect(runs.map(({ seed }) => seed)).toEqual([2, 3]);
    expect(state.winner!.trial).toBe(bestFinalist(state.finalists, 'minimize').trial);
    expect(state.winner!.test.items).toBe(64);
    expect(state.winner!.validation).toHaveLength(3);
  });

  it('evaluates every trial at the same numbers of items', async () => {
    const { trials } = await search({ pruner: 'none', trials: 4 });
    for (const { validation } of trials) {
      expect(validation.map(({ examples }) => examples)).toEqual([64, 128, 192, 256]);
    }
  });

  it('prunes what lies behind, and finds the same whatever the number of workers', async () => {
    const alone = await search({ trials: 16, winnerEpochs: 1 });
    expect(alone.trials.some(({ outcome }) => outcome === 'pruned')).toBe(true);
    // Runs that take turns at random end in another order than alone.
    const turns = { onRun: () => new Promise<void>((resolve) => setTimeout(resolve, Math.random() * 20)) };
    const together = await search({ trials: 16, winnerEpochs: 1, workers: 3, ...turns });
    expect(facts(together)).toEqual(facts(alone));
  });

  it('goes on after an interruption as if there had been none', async () => {
    const whole = await search({ trials: 12, winnerEpochs: 1 });
    for (const stopAt of [1, 5, 11, 13]) {
      const storage = memoryStorage();
      const controller = new AbortController();
      let runs = 0;
      const interrupted = await search({
        trials: 12,
        winnerEpochs: 1,
        storage,
        workers: 2,
        signal: controller.signal,
        onEvent: (event) => {
          if (event.type === 'evaluation' && event.purpose.kind !== 'winner' && ++runs > stopAt * 3)
            controller.abort();
        },
      });
      expect(interrupted.winner).toBeNull();
      const resumed = await search({ trials: 12, winnerEpochs: 1, storage, resume: true });
      expect(facts(resumed)).toEqual(facts(whole));
    }
  });

  it('reads the test data once, also when a finished search is resumed', async () => {
    let reads = 0;
    const experiment: Experiment = {
      ...line,
      async data(context) {
        const data = await line.data(context);
        return {
          ...data,
          test: () => {
            reads++;
            return data.test!();
          },
        };
      },
    };
    const storage = memoryStorage();
    await search({ experiment, storage, trials: 3 });
    expect(reads).toBe(0);
    await search({ experiment, storage, trials: 3, winnerEpochs: 1, resume: true });
    expect(reads).toBe(1);
    await search({ experiment, storage, trials: 3, winnerEpochs: 1, resume: true });
    expect(reads).toBe(1);
  });

  it('records trials that diverge and goes on', async () => {
    const experiment: Experiment = {
      ...line,
      space: (suggest) => ({
        optimizer: suggest.suggestCategorical('optimizer', ['sgd']),
        lr: suggest.suggestFloat('lr', 0.01, 1e30, { log: true }),
      }),
    };
    const { trials, finalists } = await search({ experiment, trials: 8 });
    const diverged = trials.filter(({ outcome }) => outcome === 'diverged');
    expect(diverged.length).toBeGreaterThan(0);
    expect(diverged[0]!.reason).toMatch(/not finite/);
    expect(finalists.length).toBeGreaterThan(0);
  });

  it('says why there is nothing to choose from', async () => {
    const experiment: Experiment = {
      ...line,
      model() {
        throw new Error('no such layer');
      },
    };
    await expect(search({ experiment, trials: 2 })).rejects.toThrow(
      /None of 2 trials was completed.*Trial 1 failed: no such layer/,
    );
  });

  it('tries every point of a grid', async () => {
    const { trials } = await search({ sampler: 'grid', trials: 100, pruner: 'none' });
    expect(trials).toHaveLength(12);
    expect(new Set(trials.map(({ choices }) => JSON.stringify(choices))).size).toBe(12);
  });
});
