import { describe, expect, it } from 'vitest';
import { contest, planRuns, type Entrant } from '../../src/bench/contest.ts';
import type { Answer, Request } from '../../src/bench/subject.ts';
import type { SystemName } from '../../src/bench/system.ts';
import type { Workload } from '../../src/bench/workload.ts';

const workload: Workload = {
  name: 'tiny',
  title: 'tiny',
  per: 10,
  checkSteps: 20,
  flops: null,
  make: () => {
    throw new Error('not needed');
  },
};

/** An entrant whose steps take the given times, without a clock. */
function entrant(system: SystemName, stepMs: (step: number) => number, log: string[] = []): Entrant {
  let done = 0;
  const ask = (request: Request): Promise<Answer> => {
    if (request.do === 'value') return Promise.resolve({ value: 1 / done });
    if (request.do !== 'run') return Promise.resolve({});
    log.push(`${system} ${request.steps}`);
    let ms = 0;
    for (let i = 0; i < request.steps; i++) ms += stepMs(done++);
    return Promise.resolve({ ms });
  };
  return { system, threads: 1, process: { ask: async (request) => ask(request) } };
}

describe('planRuns()', () => {
  it('makes runs of some 100 ms, of whole figures', () => {
    expect(planRuns(1, 1, 7)).toEqual({ steps: 100, runs: 7 });
    expect(planRuns(0.001, 1000, 7)).toEqual({ steps: 100_000, runs: 7 });
    expect(planRuns(0.4, 1000, 7)).toEqual({ steps: 1000, runs: 7 });
  });

  it('gives slow systems fewer runs, but never less than two', () => {
    expect(planRuns(1000, 1, 7)).toEqual({ steps: 1, runs: 4 });
    expect(planRuns(7000, 1, 7)).toEqual({ steps: 1, runs: 2 });
    expect(planRuns(7000, 1, 1)).toEqual({ steps: 1, runs: 1 });
  });
});

describe('contest()', () => {
  const options = { runs: 3, data: '', peak: (threads: number) => Promise.resolve(60 * threads) };

  it('compares losses after the same steps, and gives figures for as many steps as the workload says', async () => {
    const slow = entrant('nadir-eager', (step) => (step === 0 ? 500 : 20));
    const fast = entrant('nadir-wasm', (step) => (step === 0 ? 900 : 2));
    const { measurements, absences } = await contest(workload, [slow, fast], options);
    expect(absences).toEqual([]);
    expect(measurements).toEqual([
      expect.objectContaining({ system: 'nadir-eager', firstMs: 500, loss: 1 / 20 }),
      expect.objectContaining({ system: 'nadir-wasm', firstMs: 900, loss: 1 / 20 }),
    ]);
    expect(measurements[0]).toEqual({
      workload: 'tiny',
      system: 'nadir-eager',
      threads: 1,
      medianMs: 200,
      minMs: 200,
      maxMs: 200,
      runs: 3,
      loss: 0.05,
      peakGflops: 60,
      firstMs: 500,
    });
    expect(measurements[1]).toMatchObject({ medianMs: 20, minMs: 20, maxMs: 20, runs: 3 });
  });

  it('takes turns, and each round begins with another', async () => {
    const log: string[] = [];
    await contest(
      workload,
      [entrant('nadir-eager', () => 10, log), entrant('nadir-wasm', () => 10, log)],
      options,
    );
    expect(log.slice(-6)).toEqual([
      'nadir-eager 10',
      'nadir-wasm 10',
      'nadir-wasm 10',
      'nadir-eager 10',
      'nadir-eager 10',
      'nadir-wasm 10',
    ]);
  });

  it('gives the median and the spread of the runs', async () => {
    // First step, the steps until the losses are compared, one to know how long a step takes, three runs.
    const runs = [5, 5, 100, 300, 100, 200];
    const ask = async ({ do: what }: Request): Promise<Answer> =>
      what === 'run' ? { ms: runs.shift()! } : { value: null };
    const { measurements } = await contest(
      { ...workload, per: 1, checkSteps: 2 },
      [{ system: 'torch', threads: 2, process: { ask } }],
      options,
    );
    expect(measurements).toEqual([
      expect.objectContaining({ medianMs: 200, minMs: 100, maxMs: 300, runs: 3, loss: NaN, peakGflops: 120 }),
    ]);
  });

  it('goes on without those that fail or do not know the workload', async () => {
    const failing = entrant('torch', (step) => {
      if (step > 0) throw new Error('out of memory');
      return 1;
    });
    const ignorant: Entrant = {
      system: 'tfjs-wasm',
      threads: 1,
      process: { ask: async () => ({ unsupported: 'no gradient of convolutions' }) },
    };
    const { measurements, absences } = await contest(
      workload,
      [failing, ignorant, entrant('nadir-wasm', () => 1)],
      options,
    );
    expect(measurements.map(({ system }) => system)).toEqual(['nadir-wasm']);
    expect(absences).toEqual([
      { workload: 'tiny', system: 'torch', threads: 1, reason: 'out of memory', failed: true },
      {
        workload: 'tiny',
        system: 'tfjs-wasm',
        threads: 1,
        reason: 'no gradient of convolutions',
        failed: false,
      },
    ]);
  });
});
