import { UsageError } from '../cli-error.ts';
import type { Workload } from './workload.ts';
import { operationWorkloads } from './workloads/operations.ts';
import { trainingWorkloads } from './workloads/training.ts';

/** Everything that `nadir bench` measures, in order. */
export const workloads: readonly Workload[] = [...trainingWorkloads, ...operationWorkloads];

/** The workload of a name. */
export function workloadOf(name: string): Workload {
  const found = workloads.find((workload) => workload.name === name);
  if (found === undefined) throw new UsageError(`There is no workload '${name}'. ${known}`);
  return found;
}

const known = `There are: ${workloads.map(({ name }) => name).join(', ')}.`;

/**
 * The workloads that names select, in the order of the catalogue; all for no name. `matmul` and `C64` stand for all that
 * begin so.
 *
 * @throws UsageError for a name that selects nothing.
 */
export function selectWorkloads(names: readonly string[]): readonly Workload[] {
  if (names.length === 0) return workloads;
  const selected = names.flatMap((name) => {
    const wanted = name.toLowerCase();
    const found = workloads.filter((workload) => {
      const own = workload.name.toLowerCase();
      return own === wanted || own.startsWith(`${wanted}-`) || own.replace(/\d+-.*/, '') === wanted;
    });
    if (found.length === 0) throw new UsageError(`There is no workload '${name}'. ${known}`);
    return found;
  });
  return workloads.filter((workload) => selected.includes(workload));
}
