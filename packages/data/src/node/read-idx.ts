import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import type { Tensor } from '@nadir/tensor';
import { DataError } from '../data-error.ts';
import { parseIdx } from '../formats/idx.ts';

/** The array of an IDX file, which may be compressed with gzip. Throws a DataError that names the path. */
export async function readIdx(path: string | URL): Promise<Tensor> {
  const bytes = await readFile(path);
  try {
    return parseIdx(bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes);
  } catch (error) {
    throw new DataError(
      `readIdx(): ${String(path)}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}
