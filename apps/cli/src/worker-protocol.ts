import type { ExecutorName } from './execution.ts';
import type { RunJob, RunProgress, RunResult } from './measured-run.ts';
import type { ValidationPoint } from './report/study-record.ts';

/** What a worker loads before its first run, and keeps. */
export interface Opening {
  /** The experiment's name or absolute path. */
  readonly reference: string;
  /** Of the split of the data. */
  readonly dataSeed: number;
  /** What takes the steps of its runs. */
  readonly executor: ExecutorName;
}

/** What a worker is told. `answer` is to its last evaluation. */
export type ToWorker =
  | { readonly type: 'run'; readonly opening: Opening; readonly job: RunJob; readonly threads: number }
  | { readonly type: 'answer'; readonly prune: boolean }
  | { readonly type: 'abort' };

/** What a worker tells. */
export type FromWorker =
  | { readonly type: 'progress'; readonly progress: RunProgress }
  | { readonly type: 'evaluation'; readonly point: ValidationPoint; readonly index: number }
  | { readonly type: 'result'; readonly result: RunResult }
  | { readonly type: 'error'; readonly name: string; readonly message: string; readonly stack?: string };
