import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { categorical, createStudy, float, memoryStorage, randomSampler } from '@nadir/tune';
import type { Params, Sampler, SamplerContext, Study, StudyStorage, Trial } from '@nadir/tune';
import { jsonLinesStorage } from '@nadir/tune/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const space = { x: float(-1, 1), y: float(0.01, 1, { log: true }), c: categorical(['a', 'b', 'c']) };
const TRIALS = 14;

const value = (params: Params): number => (params['x'] as number) ** 2 + Math.log(params['y'] as number);

/** A sampler that depends on all that a sampler may see: results, their order, failures, and what is running. */
const nosy: Sampler = {
  name: 'nosy',
  sampleJoint: (context) => ({ x: Math.sin(fingerprint(context) + context.random('x').normal()) }),
  sampleParameter: (context: SamplerContext, name, distribution) =>
    randomSampler().sampleParameter(
      { ...context, random: (...labels) => context.random(fingerprint(context), ...labels) },
      name,
      distribution,
    ),
};

function fingerprint(context: SamplerContext): number {
  let sum = 0;
  for (const { number, state, value, params, intermediateValues, distributions } of context.history()) {
    const sizes = [params, intermediateValues, distributions].map((record) => Object.keys(record).length);
    sum += (number + 1) * (state.length + (value ?? 0.5) + (params['x'] as number));
    sum += sizes.reduce((total, size) => total * 10 + size, 0);
  }
  return sum;
}

/** Ends trials in a given order of their numbers, whatever else is running. */
function conductor(order: readonly number[]) {
  const running = new Map<number, () => void>();
  const ended = new Set<number>();
  const pump = (): void => {
    const next = order.find((number) => !ended.has(number));
    const end = next === undefined ? undefined : running.get(next);
    if (next === undefined || end === undefined) return;
    ended.add(next);
    running.delete(next);
    end();
  };
  return {
    skip: (number: number): void => void ended.add(number),
    pump,
    objective: async (trial: Trial<Params>): Promise<number> => {
      const params = trial.suggest(space);
      trial.report(trial.number, 0);
      await new Promise<void>((resolve) => {
        running.set(trial.number, resolve);
        pump();
      });
      if (trial.number % 5 === 3) throw new Error('unlucky');
      return value(params);
    },
  };
}

/** Runs a study to its full number of trials with its completions in the given order. */
async function finish(
  storage: StudyStorage,
  order: readonly number[],
  concurrency: number,
  declared: boolean,
): Promise<Study<Params>> {
  const study: Study<Params> = await createStudy({
    storage,
    seed: 11,
    sampler: nosy,
    resume: true,
    maxAttempts: 1000,
    ...(declared ? { space } : {}),
  } as { storage: StudyStorage });
  const { objective, pump, skip } = conductor(order);
  const done = study.trials.filter(({ state }) => state === 'complete' || state === 'failed');
  for (const trial of done) skip(trial.number);
  await study.optimize(objective, {
    trials: TRIALS - done.length,
    concurrency,
    // A completion that waits for a trial not yet running is tried again when trials have started.
    callbacks: [{ onTrialEnd: () => void setTimeout(pump), onTrialStart: () => void setTimeout(pump) }],
  });
  return study;
}

const orders: readonly (readonly [string, number, readonly number[]])[] = [
  ['one at a time', 1, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]],
  ['three at a time', 3, [1, 0, 2, 4, 5, 3, 6, 8, 9, 7, 11, 12, 10, 13]],
];

describe.each(orders)('a study killed and resumed, %s', (_name, concurrency, order) => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nadir-resume-'));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it.each([
    ['a declared space', true],
    ['define-by-run', false],
  ] as const)(
    'proposes what it would have: %s',
    async (_space, declared) => {
      const path = join(folder, `whole-${declared}.jsonl`);
      const storage = jsonLinesStorage(path, { fsync: 'never' });
      const whole = await finish(storage, order, concurrency, declared);
      await storage.close();
      const proposals = whole.trials.map((trial) => trial.params);
      expect(proposals.length).toBe(TRIALS);
      expect(whole.trials.toSorted((a, b) => a.told! - b.told!).map((trial) => trial.number)).toEqual(order);

      const bytes = await readFile(path);
      const ends = [...bytes.entries()].filter(([, byte]) => byte === 0x0a).map(([index]) => index + 1);
      for (const [line, end] of ends.entries()) {
        // After every line, and within the next one.
        const cut = line % 2 === 0 ? end : Math.min(end + 25, bytes.length);
        const partial = join(folder, `${declared}-${line}.jsonl`);
        await writeFile(partial, bytes.subarray(0, cut));
        const again = jsonLinesStorage(partial, { fsync: 'never', onWarning: () => {} });
        const resumed = await finish(again, order, concurrency, declared);
        await again.close();
        expect([line, resumed.trials.map((trial) => trial.params)]).toEqual([line, proposals]);
        await rm(partial);
      }
    },
    60_000,
  );

  it('replays in another storage from the order of completion alone', async () => {
    const first = await finish(memoryStorage(), order, concurrency, true);
    const second = await finish(memoryStorage(), order, concurrency, true);
    expect(second.trials.map((trial) => trial.params)).toEqual(first.trials.map((trial) => trial.params));
  });
});

describe('a copy of a study file', () => {
  it('goes on by itself', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nadir-copy-'));
    const [a, b] = [join(folder, 'a.jsonl'), join(folder, 'b.jsonl')];
    const run = async (path: string, trials: number): Promise<readonly Params[]> => {
      const storage = jsonLinesStorage(path);
      const study = await createStudy({ storage, seed: 3, resume: true });
      await study.optimize((trial) => trial.suggest(space).x, { trials });
      await storage.close();
      return study.trials.map((trial) => trial.params);
    };
    await run(a, 3);
    await copyFile(a, b);
    expect(await run(b, 5)).toEqual(await run(a, 5));
    await rm(folder, { recursive: true });
  });
});
