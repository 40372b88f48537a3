// The entry of a worker process: does one run at a time for the process that started it, and ends with it.
import { setThreads } from '@nadir/compiler';
import type { Experiment, ExperimentData } from './experiment.ts';
import { loadExperiment } from './load-experiment.ts';
import { measureRun, type RunResult } from './measured-run.ts';
import { saveModel } from './model-file.ts';
import type { FromWorker, Opening, ToWorker } from './worker-protocol.ts';

/** Milliseconds between two notes of progress. */
const progressInterval = 80;

const send = (message: FromWorker): void => {
  if (process.connected) process.send!(message);
};

let opened: Promise<{ readonly experiment: Experiment; readonly data: ExperimentData<unknown> }> | undefined;
let abort = new AbortController();
let answer: ((prune: boolean) => void) | undefined;

async function open({ reference, dataSeed }: Opening): Promise<{
  readonly experiment: Experiment;
  readonly data: ExperimentData<unknown>;
}> {
  const { experiment } = await loadExperiment(reference);
  return { experiment, data: await experiment.data({ seed: dataSeed }) };
}

async function run({
  opening,
  job,
  threads,
}: Extract<ToWorker, { readonly type: 'run' }>): Promise<RunResult> {
  setThreads(threads);
  opened ??= open(opening);
  const { experiment, data } = await opened;
  let shown = 0;
  return measureRun(experiment, data, job, {
    executor: opening.executor,
    signal: abort.signal,
    saveModel,
    onProgress(progress) {
      const now = performance.now();
      if (now - shown < progressInterval) return;
      shown = now;
      send({ type: 'progress', progress });
    },
    onEvaluation(point, index) {
      return new Promise((resolve) => {
        answer = resolve;
        send({ type: 'evaluation', point, index });
      });
    },
  });
}

process.on('message', (message: ToWorker) => {
  if (message.type === 'abort') abort.abort();
  else if (message.type === 'answer') answer?.(message.prune);
  else {
    abort = new AbortController();
    run(message).then(
      (result) => send({ type: 'result', result }),
      (error: unknown) => {
        const { name, message: text, stack } = error instanceof Error ? error : new Error(String(error));
        send({ type: 'error', name, message: text, ...(stack === undefined ? {} : { stack }) });
      },
    );
  }
});
// Ctrl-C reaches the whole foreground group: the parent decides what becomes of the run.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));
