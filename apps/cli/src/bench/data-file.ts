import { join } from 'node:path';
import { loadSafetensors, saveSafetensors } from '@nadir/nn/node';
import type { Tensor } from '@nadir/tensor';
import type { Task, Workload } from './workload.ts';

/** What another system starts from. */
export type WorkloadData = Pick<Task, 'state' | 'batches'>;

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

/** Reads what {@link writeData} wrote. */
export async function readData(path: string): Promise<WorkloadData> {
  const state: Record<string, Tensor> = {};
  const batches: Tensor[][] = [];
  for (const [name, value] of Object.entries((await loadSafetensors(path)).tensors)) {
    const [kind, ...rest] = name.split('.');
    if (kind === 'state') state[rest.join('.')] = value;
    else (batches[Number(rest[0])] ??= [])[Number(rest[1])] = value;
  }
  return { state, batches };
}
