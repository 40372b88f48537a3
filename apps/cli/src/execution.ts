import { getThreads } from '@nadir/compiler';
import { chooseExecutor, type ChosenExecutor } from '@nadir/train';
import { UsageError } from './cli-error.ts';

/** The executors that `--executor` knows; the first is the default. */
export const executorNames = ['wasm', 'eager'] as const;

/** What takes the steps of a run. */
export type ExecutorName = (typeof executorNames)[number];

/** The flags that say what a run is computed with. */
export interface ExecutionFlags {
  readonly executor?: ExecutorName;
  readonly threads?: number;
}

/** The executor of a run, and a sentence for people where the engine lacks the usual one. */
export interface RunExecutor {
  readonly name: ExecutorName;
  readonly notice: string | null;
}

/** What `--executor`, or its absence, comes to here. Throws a UsageError for one that this engine cannot run. */
export function executorOf(asked: ExecutorName | undefined): RunExecutor {
  let chosen: ChosenExecutor;
  try {
    chosen = chooseExecutor(asked);
  } catch (error) {
    throw new UsageError(
      '--executor wasm needs WebAssembly with SIMD, which this Node or processor lacks. Use --executor eager.',
      { cause: error },
    );
  }
  return { name: chosen.name as ExecutorName, notice: chosen.notice };
}

/** Threads of each of several runs that go on at a time: as asked for, or the processors shared out. */
export function threadsOf({ threads }: ExecutionFlags, runs: number): number {
  return threads ?? Math.max(1, Math.floor(getThreads() / runs));
}
