import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createStudy, StorageError } from '@nadir/tune';
import type { StudyStorage } from '@nadir/tune';
import { openStorage } from '@nadir/tune/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nadir-open-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function namesIn(storage: StudyStorage): Promise<readonly string[]> {
  const studies = await storage.listStudies();
  await storage.close();
  return studies.map(({ name }) => name);
}

const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'fulfilled',
    (error: Error) => (error instanceof StorageError ? error.message : String(error)),
  );

describe('openStorage', () => {
  it('opens a file of JSON lines by its ending, as path or URL', async () => {
    const path = join(folder, 'some.jsonl');
    const storage = openStorage(path);
    await createStudy({ storage, name: 'a' });
    await storage.close();
    expect(await readFile(path, 'utf8')).toContain(
      '{"format":"nadir-studies","version":1}\n{"event":"study"',
    );
    expect(await namesIn(openStorage(pathToFileURL(path).href))).toEqual(['a']);
  });

  it('takes any other path for a folder', async () => {
    const path = join(folder, 'deep', 'nadir-studies');
    const storage = openStorage(path);
    await createStudy({ storage, name: 'b' });
    await storage.close();
    expect(await readdir(path)).toEqual(['database']);
    expect(await namesIn(openStorage(path, { create: false }))).toEqual(['b']);
  });

  it('keeps memory: for itself', async () => {
    const storage = openStorage('memory:');
    await createStudy({ storage });
    expect(await namesIn(openStorage('memory:'))).toEqual([]);
    expect(await namesIn(storage)).toEqual(['study']);
  });

  it('hands postgres:// to postgresStorage', async () => {
    // Port 1 is reserved, and refuses.
    const storage = openStorage('postgres://me:secret@127.0.0.1:1/studies?password=secret');
    const message = await messageOf(storage.listStudies());
    expect(message).toContain(
      'postgresStorage(): a server that does what it is asked, got postgres://me@127.0.0.1:1/studies: connect ECONNREFUSED 127.0.0.1:1.',
    );
    await storage.close();
  });

  it('refuses other URLs, without their passwords', () => {
    expect(() => openStorage('mysql://me:secret@host/db')).toThrow(
      'openStorage(): memory:, postgres://…, a .jsonl file or a folder, got mysql://…@host/db.',
    );
    expect(() => openStorage('postgres://[')).toThrow(
      'postgresStorage(): a URL such as postgres://user@host/database.',
    );
    expect(() => openStorage('')).toThrow(StorageError);
  });

  it('makes nothing where it shall only look', async () => {
    const before = await readdir(folder);
    for (const options of [{ create: false }, { readOnly: true }]) {
      for (const name of ['missing.jsonl', 'missing']) {
        const message = await messageOf(openStorage(join(folder, name), options).listStudies());
        expect(message).toMatch(/with studies in it, got .*missing|a readable file/);
      }
    }
    expect(await readdir(folder)).toEqual(before);
  });

  it('refuses writes with readOnly, in every kind of storage', async () => {
    for (const location of [join(folder, 'some.jsonl'), join(folder, 'deep', 'nadir-studies'), 'memory:']) {
      const storage = openStorage(location, { readOnly: true });
      expect(await messageOf(storage.deleteStudy('a'))).toBe(
        `deleteStudy(): a writable storage, got ${location} opened with readOnly.`,
      );
      await storage.listStudies();
      await storage.close();
    }
  });

  it('reads a file that someone else writes to', async () => {
    const path = join(folder, 'busy.jsonl');
    const writer = openStorage(path);
    await createStudy({ storage: writer, name: 'busy' });
    expect(await messageOf(openStorage(path).listStudies())).toContain('open in this process');
    expect(await namesIn(openStorage(path, { readOnly: true }))).toEqual(['busy']);
    await writer.close();
  });

  it('leaves folders and files alone that are not its own', async () => {
    const foreign = join(folder, 'foreign');
    await createStudy({ storage: openStorage(join(foreign, 'x.jsonl')) });
    expect(await messageOf(openStorage(foreign).listStudies())).toBe(
      `pgliteStorage(): an empty folder, or one that it made itself, got ${foreign}, which holds x.jsonl.`,
    );
    const file = join(folder, 'notes.txt');
    await writeFile(file, 'mine');
    expect(await messageOf(openStorage(file).listStudies())).toContain(
      `pgliteStorage(): a folder that can be read and written, got ${file}: EEXIST`,
    );
    expect([await readFile(file, 'utf8'), await readdir(foreign)]).toEqual([
      'mine',
      ['x.jsonl', 'x.jsonl.lock'],
    ]);
  });
});
