import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStorage } from '@nadir/tune';
import { jsonLinesStorage } from '@nadir/tune/node';
import { afterAll } from 'vitest';
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
