import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensor, type Tensor } from '@nadir/tensor';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeSafetensors, SafetensorsError } from '../../src/index.ts';
import { loadSafetensors, saveSafetensors } from '../../src/node/index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nadir-nn-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('saveSafetensors and loadSafetensors', () => {
  it('write and read a file', async () => {
    const path = join(folder, 'model.safetensors');
    const tensors = { w: tensor([[1, 2]]) };
    await saveSafetensors(path, tensors, { epoch: '3' });
    expect(new Uint8Array(await readFile(path))).toEqual(encodeSafetensors(tensors, { epoch: '3' }));
    const read = await loadSafetensors(path);
    expect(read.tensors['w']!.toArray()).toEqual([[1, 2]]);
    expect(read.metadata).toEqual({ epoch: '3' });
  });

  it('replace a file and leave nothing else behind', async () => {
    const path = join(folder, 'model.safetensors');
    await writeFile(path, 'old');
    await saveSafetensors(path, { w: tensor([1]) });
    expect((await loadSafetensors(path)).tensors['w']!.item()).toBe(1);
    expect(await readdir(folder)).toEqual(['model.safetensors']);
  });

  it('keep the old file where the new one cannot be made', async () => {
    const path = join(folder, 'model.safetensors');
    await writeFile(path, 'old');
    await expect(saveSafetensors(path, { w: null as unknown as Tensor })).rejects.toThrow(SafetensorsError);
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  it('clean up where the name cannot be taken', async () => {
    const path = join(folder, 'taken');
    await mkdir(join(path, 'inside'), { recursive: true });
    await expect(saveSafetensors(path, { w: tensor([1]) })).rejects.toThrow(/directory|EPERM/);
    expect(await readdir(folder)).toEqual(['taken']);
  });

  it('name the file in errors', async () => {
    const path = join(folder, 'broken.safetensors');
    await writeFile(path, 'abc');
    await expect(loadSafetensors(path)).rejects.toThrow(`${path}: needs at least 8 bytes, got 3.`);
    await expect(loadSafetensors(join(folder, 'absent'))).rejects.toThrow('ENOENT');
  });
});
