import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createStudy, StaleTrialError, StorageError } from '@nadir/tune';
import type { NewTrial, StudyStorage } from '@nadir/tune';
import { pgliteStorage } from '@nadir/tune/pglite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WorkerProcess } from './worker-process.ts';

let root: string;
let folders = 0;
const newFolder = (): string => join(root, `studies-${(folders += 1)}`);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'nadir-folder-'));
  await (await withStudy(join(root, 'template'))).close();
});

afterAll(async () => {
  await rm(root, { recursive: true });
});

const fresh: NewTrial = { state: 'running', fixedParams: {}, userAttributes: {}, sampler: 'random', at: 1 };
const complete = { state: 'complete', values: [0.5], error: null, at: 2 } as const;

async function withStudy(folder: string): Promise<StudyStorage> {
  const storage = pgliteStorage(folder);
  await createStudy({ storage, name: 'faults', seed: 5 });
  return storage;
}

/** A folder with a study that has no trials: a copy, since to make one takes seconds. */
async function madeFolder(): Promise<string> {
  const folder = newFolder();
  await cp(join(root, 'template'), folder, { recursive: true });
  return folder;
}

const ownerOf = async (folder: string): Promise<number> =>
  (JSON.parse(await readFile(join(folder, 'database.lock'), 'utf8')) as { pid: number }).pid;

const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'fulfilled',
    (error: Error) => (error instanceof StorageError ? error.message : String(error)),
  );

describe('a folder that several open', () => {
  it('loses none of the rows that two of them write', async () => {
    const folder = await madeFolder();
    const [first, second] = [pgliteStorage(folder), pgliteStorage(folder)];
    const numbers = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const storage = index % 2 === 0 ? first : second;
        const { number } = await storage.createTrial('faults', fresh);
        await storage.finishTrial({ study: 'faults', number, attempt: 1 }, { ...complete, values: [number] });
        return number;
      }),
    );
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index));
    await second.close();
    await first.close();
    const storage = pgliteStorage(folder);
    const trials = await storage.loadTrials('faults', 0);
    await storage.close();
    expect(trials.map(({ value }) => value)).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  it('changes owners in the middle without an error, call by call', async () => {
    const folder = await madeFolder();
    const [first, second, third] = [pgliteStorage(folder), pgliteStorage(folder), pgliteStorage(folder)];
    for (const storage of [first, second, third]) await storage.listStudies();
    const calls = Array.from({ length: 120 }, async (_, index) => {
      await sleep(index);
      return (index % 2 === 0 ? second : third).createTrial('faults', fresh);
    });
    await sleep(30);
    await first.close();
    const numbers = (await Promise.all(calls)).map(({ number }) => number);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 120 }, (_, index) => index));
    await second.close();
    expect((await third.loadTrials('faults', 0)).length).toBe(120);
    await third.close();
  });

  it('is taken over from an owner that was killed', async () => {
    const folder = await madeFolder();
    const owner = new WorkerProcess('study-worker.ts', folder, 'join', '1000000', '2');
    await owner.hears('told');
    expect(await ownerOf(folder)).toBe(owner.pid);
    const mine = pgliteStorage(folder);
    await mine.listStudies();
    expect(await ownerOf(folder)).toBe(owner.pid);
    owner.signal('SIGKILL');
    await owner.end();
    const trials = await mine.loadTrials('faults', 0);
    expect(await ownerOf(folder)).toBe(process.pid);
    for (const { number, value } of owner.told)
      expect(trials[number]).toMatchObject({ state: 'complete', value });
    await mine.close();
  });

  it('is given back by an owner that closes, although a client does not answer', async () => {
    const folder = await madeFolder();
    const owner = new WorkerProcess('closing-process.ts', folder);
    await owner.hears('open');
    const client = new WorkerProcess('study-worker.ts', folder, 'join', '1000000', '1000');
    await client.hears('begun');
    client.signal('SIGSTOP');
    owner.signal('SIGUSR2');
    await owner.hears('closed');
    expect(await owner.end()).toBe('');
    expect(await readdir(folder)).toEqual(['database']);
    client.signal('SIGKILL');
    await client.end();
  });

  it('is left in peace by a client whose owner closes at the same moment', async () => {
    const folder = newFolder();
    await mkdir(join(folder, 'database'), { recursive: true });
    const [token, key, socket] = ['token', 'key', join(folder, 'owner.sock')];
    await writeFile(
      join(folder, 'database.lock'),
      JSON.stringify({ pid: process.pid, host: hostname(), token }),
    );
    await writeFile(join(folder, 'owner.json'), JSON.stringify({ version: 1, token, socket, key }));
    // Says goodbye only once the client has, and takes its time to hang up.
    const owner = createServer({ allowHalfOpen: true }, (client) => {
      client.on('data', (data) => {
        client.write(String(data).includes('hello') ? '{"welcome":1}\n' : '{"id":1,"result":[]}\n');
      });
      client.on('end', () => {
        client.write('{"bye":true}\n');
        setTimeout(() => client.end(), 200);
      });
    });
    await new Promise<void>((resolve) => {
      owner.listen(socket, resolve);
    });
    const client = new WorkerProcess('closing-process.ts', folder);
    await client.hears('open');
    client.signal('SIGUSR2');
    await client.hears('closed');
    expect(await client.end()).toBe('');
    owner.close();
  });

  it('refuses the zombie whose trial someone else has run again', async () => {
    const folder = await madeFolder();
    const mine = pgliteStorage(folder);
    await mine.listStudies();
    const zombie = new WorkerProcess('study-worker.ts', folder, 'join', '1000000', '1000');
    // Stopped a second before its trial writes again. Its connection stays: the owner lives.
    await zombie.hears('begun');
    zombie.signal('SIGSTOP');
    const running = await mine.loadTrials('faults', 0);
    expect(running.map(({ number, state }) => [number, state])).toEqual([[0, 'running']]);
    const study = await createStudy({ storage: mine, name: 'faults', resume: true });
    await study.optimize((trial) => trial.suggestFloat('x', 0, 1), { trials: 1 });
    const finished = await mine.loadTrials('faults', 0);
    expect(finished).toMatchObject([{ number: 0, state: 'complete', attempt: 2 }]);
    zombie.signal('SIGCONT');
    expect(await zombie.end()).toBe('');
    expect([zombie.told, zombie.errors]).toEqual([
      [],
      [
        'StaleTrialError writeTrial(): trial 0 running in attempt 1, got complete in attempt 2. ' +
          'It was finished, or given to someone else.',
      ],
    ]);
    expect(await mine.loadTrials('faults', 0)).toEqual(finished);
    await mine.close();
  });

  it('refuses an attempt that has lost its trial, through the socket too', async () => {
    const folder = await madeFolder();
    const owner = pgliteStorage(folder);
    await owner.listStudies();
    const client = pgliteStorage(folder);
    const { number } = await client.createTrial('faults', fresh);
    await owner.requeueTrial({ study: 'faults', number, attempt: 1 });
    await expect(client.finishTrial({ study: 'faults', number, attempt: 1 }, complete)).rejects.toThrow(
      StaleTrialError,
    );
    await client.close();
    await owner.close();
  });

  it('is open on no other host', async () => {
    const folder = newFolder();
    await mkdir(folder);
    await writeFile(
      join(folder, 'database.lock'),
      JSON.stringify({ pid: process.pid, host: `${hostname()}-2`, token: 'x' }),
    );
    expect(await messageOf(pgliteStorage(folder).listStudies())).toBe(
      `pgliteStorage(): a folder that no one else has open, got ${join(folder, 'database')}, open in process ${process.pid} on ${hostname()}-2. ` +
        `Close it there, or remove ${join(folder, 'database.lock')} if its owner is gone.`,
    );
  });

  it('lets nobody in who cannot read it', async () => {
    const folder = await madeFolder();
    const owner = pgliteStorage(folder);
    await owner.listStudies();
    const { socket } = JSON.parse(await readFile(join(folder, 'owner.json'), 'utf8')) as { socket: string };
    for (const text of ['{"hello":"guess"}\n', '{"id":1,"method":"listStudies","args":[]}\n', 'nonsense\n']) {
      const answer = await new Promise<string>((resolve) => {
        let heard = '';
        const stranger = connect(socket, () => stranger.write(text));
        stranger.on('data', (data) => {
          heard += String(data);
        });
        stranger.on('error', () => {});
        stranger.on('close', () => resolve(heard));
      });
      expect(answer).toBe('');
    }
    expect((await owner.listStudies()).length).toBe(1);
    await owner.close();
  });

  it('may have a path longer than that of a socket', async () => {
    const folder = join(root, 'long'.repeat(30), 'studies');
    await cp(await madeFolder(), folder, { recursive: true });
    const owner = pgliteStorage(folder);
    await owner.listStudies();
    const client = pgliteStorage(folder);
    expect((await client.createTrial('faults', fresh)).number).toBe(0);
    expect(existsSync(join(folder, 'owner.sock'))).toBe(false);
    await client.close();
    await owner.close();
  });
});

describe('a process that is killed while it makes the database', () => {
  it('leaves nothing that the next one stumbles over', async () => {
    const folder = newFolder();
    const worker = new WorkerProcess('study-worker.ts', folder, 'resume', '1', '2');
    const draft = async (): Promise<boolean> =>
      existsSync(folder) && (await readdir(folder)).some((name) => name.startsWith('database.new-'));
    while (worker.isRunning && !(await draft())) await sleep(5);
    await sleep(200);
    worker.signal('SIGKILL');
    await worker.end();
    expect((await readdir(folder)).map((name) => name.replace(/-.*/, '')).toSorted()).toEqual([
      'database.lock',
      'database.new',
    ]);
    const storage = await withStudy(folder);
    await storage.close();
    expect(await readdir(folder)).toEqual(['database']);
  });
});

describe('a full disk', () => {
  it.each([0, 7])(
    'loses nothing acknowledged, and the study goes on when there is room: after %i writes',
    async (writes) => {
      const folder = await madeFolder();
      const worker = new WorkerProcess('disk-full-study.ts', folder, String(writes));
      await worker.hears('done');
      expect(await worker.end()).toBe('');
      expect(worker.errors.length).toBe(2);
      expect(worker.errors[0]).toMatch(
        /^StorageError pgliteStorage\(\): a folder that can be read and written, got .*studies-\d+: .*no space left on device.*Everything acknowledged before is kept; resume/i,
      );
      const storage = pgliteStorage(folder);
      const trials = await storage.loadTrials('faults', 0);
      await storage.close();
      expect(new Set(worker.told.map(({ number }) => number)).size).toBe(worker.told.length);
      for (const { number, value } of worker.told)
        expect(trials[number]).toMatchObject({ state: 'complete', value });
    },
  );

  it('makes no half of a database', async () => {
    const folder = newFolder();
    const worker = new WorkerProcess('disk-full-study.ts', folder, '-1');
    await worker.hears('done');
    await worker.end();
    expect(worker.errors).toEqual([
      expect.stringMatching(/^StorageError pgliteStorage\(\): .*: no space left on device/),
    ]);
    expect(await readdir(folder)).toEqual(['database']);
  });
});
