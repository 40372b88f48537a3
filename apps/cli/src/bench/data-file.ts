import { join } from 'node:path';
import { saveSafetensors } from '@nadir/nn/node';
import type { Workload } from './workload.ts';

/** Writes state and batches of a workload for the other systems: `state.<name>` and `batch.<index>.<argument>`. */
export async function writeData(workload: Workload, folder: string): Promise<string> {
  const { state, batches } = workload.make();
  const path = join(folder, `${workload.name}.safetensors`);
  await saveSafetensors(path, {
    ...Object.fromEntries(Object.entries(state).map(([name, value]) => [`state.${name}`, value])),
    ...Object.fromEntries(
      batches.flatMap((batch, index) =>
        batch.map((value, argument) => [`batch.${index}.${argument}`, value] as const),
      ),
    ),
  });
  return path;
}
