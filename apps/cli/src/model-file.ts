import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { encodeSafetensors } from '@nadir/nn';
import type { TrainerModel } from '@nadir/train';

/** Writes the parameters of a model to a safetensors file, whole or not at all. */
export async function saveModel(model: TrainerModel, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeWhole(path, encodeSafetensors(model.stateDict()));
}

/** Writes a file beside its place and renames it, so that it appears whole or not at all. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(draft, content);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
