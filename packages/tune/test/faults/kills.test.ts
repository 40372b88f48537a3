import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createStudy } from '@nadir/tune';
import { openStorage } from '@nadir/tune/node';
import { PhiloxGenerator } from '@nadir/random';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newDatabase, postgresHint, postgresUrl } from '../storage/postgres.ts';
import { WorkerProcess } from './worker-process.ts';
import type { ToldTrial } from './worker-process.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nadir-kills-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** More seeds on demand: NADIR_FAULT_SEEDS=20. */
const seeds = Array.from({ length: Number(process.env['NADIR_FAULT_SEEDS'] ?? 1) }, (_, index) => index + 1);

const TRIALS = 60;
const ROUNDS = 4;

/** What each trial must be, whoever ran it and however often it was begun. */
const values = (async (): Promise<readonly (number | null)[]> => {
  const study = await createStudy({ seed: 5 });
  await study.optimize((trial) => trial.suggestFloat('x', 0, 1), { trials: 3 * TRIALS });
  return study.trials.map(({ value }) => value);
})();

/** Lets workers run a study and kills them one by one, at moments drawn from the seed; then lets one finish it. */
async function runWithKills(location: string, seed: number): Promise<readonly ToldTrial[]> {
  const random = new PhiloxGenerator({ seed });
  const told: ToldTrial[] = [];
  const errors: string[] = [];
  const gather = async (workers: readonly WorkerProcess[]): Promise<void> => {
    for (const worker of workers) {
      expect(await worker.end()).toBe('');
      told.push(...worker.told);
      errors.push(...worker.errors);
    }
  };
  for (let round = 0; round < ROUNDS; round++) {
    // Whoever resumes puts back what the dead were running, and may do so only while nobody else runs anything.
    const first = new WorkerProcess('study-worker.ts', location, 'resume', String(TRIALS), '2');
    await first.hears('open');
    const others = Array.from(
      { length: 2 },
      () => new WorkerProcess('study-worker.ts', location, 'join', String(TRIALS), '2'),
    );
    const workers = [first, ...others];
    // From here on, however slow the machine, a kill finds trials to interrupt.
    await Promise.all(workers.map((worker) => worker.hears('begun')));
    for (const index of random.shuffle([0, 1, 2])) {
      await sleep(20 + 180 * random.uniform());
      workers[index]!.signal('SIGKILL');
    }
    await gather(workers);
  }
  const last = new WorkerProcess('study-worker.ts', location, 'resume', String(TRIALS), '2');
  await last.hears('done');
  await gather([last]);
  // Who lost the owner in the middle of a write says so, and nothing worse.
  for (const error of errors)
    expect(error).toMatch(/^StorageError pgliteStorage\(\): .* answered, got none: the process/);
  return told;
}

async function checkStudy(location: string, told: readonly ToldTrial[]): Promise<void> {
  const storage = openStorage(location);
  const trials = await storage.loadTrials('faults', 0);
  await storage.close();
  const expected = await values;
  expect(trials.map(({ number }) => number)).toEqual(trials.map((_, index) => index));
  expect(trials.every(({ state }) => state === 'complete' || state === 'waiting')).toBe(true);
  expect(trials.filter(({ state }) => state === 'complete').length).toBeGreaterThanOrEqual(TRIALS);
  for (const trial of trials) {
    if (trial.state === 'complete')
      expect([trial.number, trial.value]).toEqual([trial.number, expected[trial.number]]);
  }
  // None is lost, and none was finished twice.
  expect(new Set(told.map(({ number }) => number)).size).toBe(told.length);
  for (const { number, attempt, value } of told) {
    expect(trials[number]).toMatchObject({ state: 'complete', attempt, value });
  }
  expect(trials.some(({ attempt }) => attempt > 1)).toBe(true);
}

describe('workers and the owner of a folder, killed at random', () => {
  it.each(seeds)('lose no trial and finish none twice: seed %i', async (seed) => {
    const location = join(folder, `studies-${seed}`);
    await checkStudy(location, await runWithKills(location, seed));
    const files = await readFile(join(location, 'database.lock')).catch(
      (error: NodeJS.ErrnoException) => error.code,
    );
    expect(files).toBe('ENOENT');
  });
});

describe.skipIf(postgresUrl === undefined)(`workers on a server, killed at random${postgresHint}`, () => {
  it.each(seeds)('lose no trial and finish none twice: seed %i', async (seed) => {
    const location = await newDatabase();
    await checkStudy(location, await runWithKills(location, seed));
  });
});
