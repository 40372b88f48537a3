import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import type { Tensor } from '@nadir/tensor';
import { decodeSafetensors, type Safetensors } from '../safetensors/decode.ts';
import { encodeSafetensors } from '../safetensors/encode.ts';

/**
 * Writes a safetensors file. It is complete or not there: the bytes go to a temporary file beside it, which then takes
 * its name.
 *
 * @throws SafetensorsError for what cannot be written; the error of the file system where that fails.
 *
 * @example
 * ```ts
 * import { mkdtemp } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { Linear } from '@nadir/nn';
 * import { loadSafetensors, saveSafetensors } from '@nadir/nn/node';
 * const path = join(await mkdtemp(join(tmpdir(), 'nadir-')), 'model.safetensors');
 * const model = new Linear(2, 1);
 * await saveSafetensors(path, model.stateDict());
 * const { tensors } = await loadSafetensors(path);
 * model.loadStateDict(tensors); // => { missing: [], unexpected: [] }
 * ```
 */
export async function saveSafetensors(
  path: string,
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const bytes = encodeSafetensors(tensors, metadata);
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      // Without this a crash of the machine could leave the new name on a file without its bytes.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Reads a safetensors file, as `decodeSafetensors()` does.
 *
 * @throws SafetensorsError, naming the file, where it is not valid; the error of the file system where it cannot be read.
 */
export async function loadSafetensors(path: string): Promise<Safetensors> {
  return decodeSafetensors(await readFile(path), { source: path });
}
