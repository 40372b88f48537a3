import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  decodeCheckpoint,
  encodeCheckpoint,
  type Checkpoint,
  type DecodeCheckpointOptions,
} from '../checkpoint.ts';
import type { TrainerState } from '../trainer.ts';

/**
 * Writes a training run to `path`, folders included. The file appears whole or not at all: it is written beside its place
 * and then renamed.
 */
export async function saveCheckpoint(
  path: string,
  state: TrainerState,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(draft, encodeCheckpoint(state, metadata));
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/**
 * Reads what `saveCheckpoint()` wrote. `executor` is the name of the one that will go on (`trainer.executor`), for the
 * warnings. Throws a NadirError for a file of another kind, and what `fs` throws.
 */
export async function loadCheckpoint(
  path: string,
  { executor }: Pick<DecodeCheckpointOptions, 'executor'> = {},
): Promise<Checkpoint> {
  return decodeCheckpoint(await readFile(path), {
    source: path,
    ...(executor === undefined ? {} : { executor }),
  });
}
