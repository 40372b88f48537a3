import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStudy, exportStudy, importStudies, loadStudy, memoryStorage, StorageError } from '@nadir/tune';
import type { StudyStorage, Trial } from '@nadir/tune';
import { jsonLinesStorage } from '@nadir/tune/node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nadir-lines-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

const objective = (trial: Trial): number => {
  const x = trial.suggestFloat('x', -1, 1);
  trial.report(x, 0);
  trial.setUserAttribute('odd', [NaN, { x }]);
  if (trial.number === 2) throw new RangeError('unlucky');
  return x ** 2;
};

async function sample(storage: StudyStorage = memoryStorage()): Promise<StudyStorage> {
  const study = await createStudy({ storage, name: 'parabola', seed: 3 });
  await study.optimize(objective, { trials: 4 });
  await study.enqueue({ x: 0.5 });
  await study.setUserAttribute('note', 'ä\n');
  return storage;
}

describe('a study as JSON lines', () => {
  it('is the same study in another storage', async () => {
    const storage = await sample();
    const text = await exportStudy(storage, 'parabola');
    const other = memoryStorage();
    expect(await importStudies(other, text)).toEqual([await storage.loadStudy('parabola')]);
    expect(await other.loadTrials('parabola', 0)).toStrictEqual(await storage.loadTrials('parabola', 0));
    expect(await exportStudy(other, 'parabola')).toBe(text);
  });

  it('goes on as it would have', async () => {
    const storage = await sample();
    const other = memoryStorage();
    await importStudies(other, await exportStudy(storage, 'parabola'));
    const params = [];
    for (const place of [storage, other]) {
      const study = await createStudy({ storage: place, name: 'parabola', resume: true });
      await study.optimize(objective, { trials: 4 });
      params.push(study.trials.map((trial) => trial.params));
    }
    expect(params[1]).toEqual(params[0]);
    expect(params[0]!.length).toBe(8);
  });

  it('is a file that jsonLinesStorage opens', async () => {
    const storage = await sample();
    const path = join(folder, 'exported.jsonl');
    await writeFile(path, await exportStudy(storage, 'parabola'));
    const file = jsonLinesStorage(path);
    expect(await file.loadTrials('parabola', 0)).toStrictEqual(await storage.loadTrials('parabola', 0));
    await loadStudy({ storage: file, name: 'parabola' }).then((study) =>
      study.optimize(objective, { trials: 1 }),
    );
    await file.close();
    const again = jsonLinesStorage(path, { readOnly: true });
    expect((await again.loadTrials('parabola', 0)).map(({ state }) => state)).toEqual([
      'complete',
      'complete',
      'failed',
      'complete',
      'complete',
    ]);
  });

  it('may be a journal, several studies and a torn line included', async () => {
    const path = join(folder, 'journal.jsonl');
    const journal = await sample(jsonLinesStorage(path));
    await createStudy({ storage: journal, name: 'empty' });
    const trials = await journal.loadTrials('parabola', 0);
    await journal.close();
    const text = `${await readFile(path, 'utf8')}{"event":"tri`;
    const storage = memoryStorage();
    const onWarning = vi.fn<(message: string) => void>();
    const imported = await importStudies(storage, text, { source: 'journal.jsonl', onWarning });
    expect(imported.map(({ name }) => name)).toEqual(['parabola', 'empty']);
    expect(await storage.loadTrials('parabola', 0)).toStrictEqual(trials);
    expect(onWarning.mock.calls[0]![0]).toMatch(/the last line of journal\.jsonl \(line \d+\) is torn/);
    await expect(importStudies(storage, text, { name: 'one', onWarning })).rejects.toThrow(
      'one study to name "one", got 2',
    );
  });

  it('takes another name, and refuses one that is taken', async () => {
    const storage = await sample();
    const text = await exportStudy(storage, 'parabola');
    await expect(importStudies(storage, text)).rejects.toThrow('a name that is not taken, got "parabola"');
    await importStudies(storage, text, { name: 'copy' });
    expect((await storage.listStudies()).map(({ name }) => name)).toEqual(['parabola', 'copy']);
  });

  it('says what is wrong, and where', async () => {
    const storage = await sample();
    const lines = (await exportStudy(storage, 'parabola')).split('\n');
    const messageOf = (text: string): Promise<string> =>
      importStudies(memoryStorage(), text, { source: 'x.jsonl' }).then(
        () => 'imported',
        (error: Error) => (error instanceof StorageError ? error.message : String(error)),
      );
    expect(await messageOf('hello')).toContain(
      'importStudies(): JSON on every line, got "hello" on line 1 of x.jsonl',
    );
    expect(await messageOf('{}\n')).toContain('a file that begins with {"format":"nadir-studies"');
    expect(await messageOf(lines.with(2, '{').join('\n'))).toContain('on line 3 of x.jsonl');
    expect(await messageOf(lines.toSpliced(2, 1).join('\n'))).toContain(
      'number 0 is next in study "parabola", got 1',
    );
    await expect(exportStudy(storage, 'nowhere')).rejects.toThrow('got "nowhere". Known: "parabola".');
  });
});
