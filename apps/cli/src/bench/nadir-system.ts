import { compile, setThreads, wasmExecutor } from '@nadir/compiler';
import type { Executor, Tensor } from '@nadir/tensor';
import { workloadOf } from './catalogue.ts';
import { meanSquare } from './mean-square.ts';
import type { Subject, System } from './subject.ts';
import type { Task } from './workload.ts';

/**
 * Nadir itself, without compiling or as one program a step. It makes the weights and the data of a workload from the same
 * seed as the process that exports them.
 */
export function nadirSystem(isCompiled: boolean, threads: number, version: string): System {
  if (isCompiled) setThreads(threads);
  return {
    version,
    open(workload) {
      const task = workloadOf(workload).make();
      return isCompiled ? openCompiled(task) : openEager(task);
    },
  };
}

function openEager({ step, batches, result }: Task): Subject {
  let [done, loss] = [0, NaN];
  let value: Tensor | undefined;
  return {
    run(steps) {
      for (let i = 0; i < steps; i++, done++) {
        value = step(...batches[done % batches.length]!);
        if (result === undefined) loss = value.item();
      }
    },
    value: () => (result === undefined ? loss : meanSquare(value!.data)),
    close() {},
  };
}

/** A step as one program of an executor. */
export function openCompiled({ step, batches, result }: Task, executor: Executor = wasmExecutor): Subject {
  const program = compile(
    (...batch: readonly Tensor[]) => {
      const value = step(...batch);
      if (result === undefined) return value;
      if (value !== result) result.assign(value);
      return null;
    },
    { executor },
  );
  let [done, loss] = [0, NaN];
  return {
    run(steps) {
      for (let i = 0; i < steps; i++, done++) {
        const value = program(...batches[done % batches.length]!);
        if (value !== null) loss = value.item();
      }
    },
    value: () => (result === undefined ? loss : meanSquare(result.data)),
    close: () => program.dispose(),
  };
}
