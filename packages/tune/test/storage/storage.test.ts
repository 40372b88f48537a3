import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStorage } from '@nadir/tune';
import type { StudyStorage } from '@nadir/tune';
import { jsonLinesStorage } from '@nadir/tune/node';
import { pgliteStorage } from '@nadir/tune/pglite';
import { postgresStorage } from '@nadir/tune/postgres';
import { afterAll, describe } from 'vitest';
import { newSchema, postgresHint, postgresUrl } from './postgres.ts';
import { testStorage } from './storage-contract.ts';

const folder = await mkdtemp(join(tmpdir(), 'nadir-storage-'));
let files = 0;
let path = '';

afterAll(async () => {
  await rm(folder, { recursive: true });
});

testStorage(
  'memory',
  async () => memoryStorage(),
  async (storage) => storage,
);

testStorage(
  'JSON lines',
  async () => {
    path = join(folder, `deep/er/${(files += 1)}.jsonl`);
    return jsonLinesStorage(path);
  },
  async (storage) => {
    await storage.close();
    return jsonLinesStorage(path);
  },
);

const pgliteFolder = join(folder, 'pglite');

/** The one folder of these tests, emptied: to make a database takes two seconds. */
async function emptied(storage: StudyStorage): Promise<StudyStorage> {
  for (const { name } of await storage.listStudies()) await storage.deleteStudy(name);
  return storage;
}

testStorage(
  'PGlite',
  async () => emptied(pgliteStorage(pgliteFolder)),
  async (storage) => {
    await storage.close();
    return pgliteStorage(pgliteFolder);
  },
);

/** Opens the folder in this storage before the one under test comes, and closes it with that one. */
async function behindOwner(): Promise<StudyStorage> {
  const owner = pgliteStorage(pgliteFolder);
  await owner.listStudies();
  const client = pgliteStorage(pgliteFolder);
  return {
    ...client,
    close: async () => {
      await client.close();
      await owner.close();
    },
  };
}

testStorage(
  'PGlite through the socket of its owner',
  async () => emptied(await behindOwner()),
  async (storage) => {
    await storage.close();
    return behindOwner();
  },
);

describe.skipIf(postgresUrl === undefined)(`on a server${postgresHint}`, () => {
  let schema = '';
  testStorage(
    'PostgreSQL',
    async () => {
      schema = newSchema();
      return postgresStorage(postgresUrl as string, { schema });
    },
    async (storage) => {
      await storage.close();
      return postgresStorage(postgresUrl as string, { schema });
    },
  );
});
