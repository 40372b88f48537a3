import { spawn } from 'node:child_process';
import { mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createStudy, loadStudy, StorageError } from '@nadir/tune';
import { jsonLinesStorage } from '@nadir/tune/node';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

let folder: string;
let files = 0;
const newPath = (): string => join(folder, `${(files += 1)}.jsonl`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nadir-jsonl-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

afterEach(() => {
  vi.restoreAllMocks();
});

async function runStudy(path: string, trials: number): Promise<readonly (number | null)[]> {
  const storage = jsonLinesStorage(path);
  const study = await createStudy({ storage, seed: 1, resume: true });
  await study.optimize((trial) => trial.suggestFloat('x', 0, 1), { trials });
  await storage.close();
  return study.trials.map((trial) => trial.value);
}

describe('a torn journal', () => {
  it('is read up to its last whole line, wherever it was cut', async () => {
    const path = newPath();
    const values = await runStudy(path, 3);
    const bytes = await readFile(path);
    const torn = newPath();
    for (let length = 0; length <= bytes.length; length++) {
      const nearLineEnd = bytes.subarray(Math.max(length - 2, 0), length + 2).includes(0x0a);
      if (!nearLineEnd && length % 11 !== 0) continue;
      await writeFile(torn, bytes.subarray(0, length));
      const onWarning = vi.fn<(message: string) => void>();
      const storage = jsonLinesStorage(torn, { onWarning, fsync: 'never' });
      const study = await createStudy({ storage, seed: 1, resume: true });
      const done = study.trials.filter((trial) => trial.state === 'complete').length;
      await study.optimize((trial) => trial.suggestFloat('x', 0, 1), { trials: 3 - done });
      await storage.close();
      expect([length, study.trials.map((trial) => trial.value)]).toEqual([length, values]);
      // Only a cut at the end of a line, or just before its newline, leaves nothing to report.
      const whole =
        length === 0 || bytes[length - 1] === 0x0a || bytes[length] === 0x0a || length === bytes.length;
      expect([length, onWarning.mock.calls.length]).toEqual([length, whole ? 0 : 1]);
    }
  });

  it('is reported with its place', async () => {
    const path = newPath();
    await runStudy(path, 1);
    await writeFile(path, '{"event":"fin', { flag: 'a' });
    const onWarning = vi.fn<(message: string) => void>();
    const storage = jsonLinesStorage(path, { onWarning });
    await storage.listStudies();
    await storage.close();
    expect(onWarning.mock.calls).toEqual([
      [`jsonLinesStorage(): the last line of ${path} (line 6, 13 bytes) is torn and was left out.`],
    ]);
  });

  it('is an error anywhere else, and stays as it is', async () => {
    const path = newPath();
    await runStudy(path, 1);
    const lines = (await readFile(path, 'utf8')).split('\n');
    const damage = async (line: number, text: string): Promise<Error> => {
      await writeFile(path, lines.with(line, text).join('\n'));
      const before = await readFile(path, 'utf8');
      const error = await runStudy(path, 1).catch((reason: Error) => reason);
      expect(await readFile(path, 'utf8')).toBe(before);
      return error as Error;
    };
    expect((await damage(2, '{"event":')).message).toContain(`got "{\\"event\\":" on line 3 of ${path}`);
    expect((await damage(2, '{"event":"dance"}')).message).toContain('a known event, got "dance"');
    expect((await damage(2, '')).message).toContain('line 3');
    expect((await damage(0, '{"format":"other"}')).message).toContain('a file that begins with {"format"');
    expect((await damage(3, lines[2] as string)).message).toContain(
      'number 1 is next in study "study", got 0',
    );
  });
});

describe('the lock', () => {
  it('keeps a second writer out until the first has closed', async () => {
    const path = newPath();
    const first = jsonLinesStorage(path);
    await createStudy({ storage: first });
    const second = jsonLinesStorage(path);
    await expect(second.listStudies()).rejects.toThrow(`got ${path}, open in this process`);
    await first.close();
    expect((await second.listStudies()).length).toBe(1);
    await second.close();
    expect((await readdir(folder)).filter((file) => file.includes('.lock'))).toEqual([]);
  });

  it('lets readers in, who cannot write', async () => {
    const path = newPath();
    const writer = jsonLinesStorage(path);
    await createStudy({ storage: writer, name: 'a' });
    const reader = jsonLinesStorage(path, { readOnly: true });
    const study = await loadStudy({ storage: reader, name: 'a' });
    await expect(study.enqueue({ x: 1 })).rejects.toThrow('opened with readOnly');
    await reader.close();
    await writer.close();
    await expect(jsonLinesStorage(newPath(), { readOnly: true }).listStudies()).rejects.toThrow(StorageError);
  });

  it('is taken over from a process that is gone, not from one that may be there', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => {
      child.on('exit', resolve);
    });
    const lockOf = (pid: number | undefined, host: string): string =>
      JSON.stringify({ pid, host, token: 'x' });
    const tryWith = async (lock: string): Promise<string> => {
      const path = newPath();
      await writeFile(`${path}.lock`, lock);
      return runStudy(path, 0).then(
        () => 'taken',
        (error: Error) => error.message,
      );
    };
    expect(await tryWith(lockOf(child.pid, hostname()))).toBe('taken');
    // The id of this process, from before it was started: as after a restart of a container.
    expect(await tryWith(lockOf(process.pid, hostname()))).toBe('taken');
    expect(await tryWith(lockOf(process.ppid, hostname()))).toContain(`open in process ${process.ppid}`);
    expect(await tryWith(lockOf(1, 'elsewhere'))).toContain('open in process 1 on elsewhere');
    expect(await tryWith('')).toContain('open in an unknown process');
  });

  it('goes to one of many who want it', async () => {
    const path = newPath();
    await writeFile(`${path}.lock`, JSON.stringify({ pid: process.pid, host: hostname(), token: 'old' }));
    const storages = Array.from({ length: 8 }, () => jsonLinesStorage(path));
    const results = await Promise.allSettled(storages.map((storage) => storage.listStudies()));
    expect(results.filter((result) => result.status === 'fulfilled').length).toBe(1);
    await Promise.all(storages.map((storage) => storage.close()));
    expect((await readdir(folder)).filter((file) => file.includes('.lock'))).toEqual(
      (await readdir(folder)).filter((file) => file.endsWith('.lock') && !file.startsWith(`${files}.`)),
    );
  });
});

describe('a failing disk', () => {
  it('loses nothing acknowledged, and says so from then on', async () => {
    const path = newPath();
    const handle = await open(newPath(), 'w+');
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const storage = jsonLinesStorage(path);
    const study = await createStudy({ storage, seed: 1 });
    await study.optimize((trial) => trial.suggestFloat('x', 0, 1), { trials: 2 });
    const before = await readFile(path, 'utf8');
    const write = prototype.write as (...args: unknown[]) => Promise<unknown>;
    let calls = 0;
    vi.spyOn(prototype, 'write').mockImplementation(async function (this: FileHandle, ...args: unknown[]) {
      calls += 1;
      if (calls > 1) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
      // A short write first, as a full disk makes it.
      const [bytes, offset, , position] = args as [Buffer, number, number, number];
      return write.call(this, bytes, offset, 5, position);
    } as never);
    await expect(study.ask()).rejects.toThrow(`a file that can be written, got ${path}: Error: ENOSPC`);
    vi.restoreAllMocks();
    expect(await readFile(path, 'utf8')).toBe(before);
    await expect(storage.listStudies()).rejects.toThrow('ENOSPC');
    await storage.close();
    expect((await runStudy(path, 1)).length).toBe(3);
  });
});

describe('a storage', () => {
  it('refuses use after close, and closes twice', async () => {
    const storage = jsonLinesStorage(newPath());
    await storage.close();
    await storage.close();
    await expect(storage.listStudies()).rejects.toThrow('an open storage');
  });

  it.each(['trial', 'always', 'never'] as const)('waits for the disk as told: %s', async (fsync) => {
    const probe = await open(newPath(), 'w+');
    const datasync = vi.spyOn(Object.getPrototypeOf(probe) as FileHandle, 'datasync');
    await probe.close();
    const storage = jsonLinesStorage(newPath(), { fsync });
    const study = await createStudy({ storage });
    const trial = await study.ask();
    trial.suggestFloat('x', 0, 1);
    await study.tell(trial, 1);
    await storage.close();
    expect(datasync.mock.calls.length).toBe({ trial: 2, always: 4, never: 0 }[fsync]);
  });

  it('keeps the order of concurrent appends', async () => {
    const path = newPath();
    const storage = jsonLinesStorage(path, { fsync: 'never' });
    const study = await createStudy({ storage, seed: 2 });
    await Promise.all(Array.from({ length: 200 }, (_, index) => study.setUserAttribute('last', index)));
    await storage.close();
    const again = jsonLinesStorage(path);
    expect((await again.loadStudy('study'))?.userAttributes).toEqual({ last: 199 });
    await again.close();
  });
});

describe('a killed process', () => {
  it('loses no trial that it has told of', async () => {
    const path = newPath();
    const script = fileURLToPath(new URL('child-study.ts', import.meta.url));
    const told = new Map<number, string>();
    for (const patience of [5, 23, 12]) {
      const child = spawn(process.execPath, ['--conditions=@nadir/source', script, path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let seen = 0;
      let text = '';
      child.stdout.on('data', (data: Buffer) => {
        text += data.toString();
        seen += data.toString().split('\n').length - 1;
        if (seen >= patience) child.kill('SIGKILL');
      });
      await new Promise((resolve) => {
        child.on('close', resolve);
      });
      for (const line of text.split('\n').slice(0, -1)) {
        const [number, value] = line.split(' ') as [string, string];
        expect([number, told.has(Number(number))]).toEqual([number, false]);
        told.set(Number(number), value);
      }
    }
    const storage = jsonLinesStorage(path, { onWarning: () => {} });
    const study = await createStudy({ storage, resume: true });
    for (const [number, value] of told) expect(String(study.trials[number]?.value)).toBe(value);
    expect(told.size).toBeGreaterThanOrEqual(40);
    const uninterrupted = await createStudy({ seed: 5 });
    await uninterrupted.optimize((trial) => trial.suggestFloat('x', 0, 1), { trials: study.trials.length });
    for (const trial of study.trials) {
      if (trial.value !== null) expect(trial.value).toBe(uninterrupted.trials[trial.number]?.value);
    }
    await storage.close();
    expect((await stat(path)).size).toBeGreaterThan(0);
  }, 30_000);
});
