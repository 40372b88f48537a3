import { maxSteps, type Evaluation, type StopCondition, type TrainerModel } from '@nadir/train';
import type { ExecutorName } from './execution.ts';
import { objectiveOf, type Experiment, type ExperimentData } from './experiment.ts';
import type { Choices, CurvePoint, ValidationPoint, WinnerRecord } from './report/study-record.ts';
import { prepareRun } from './training-run.ts';

/** A training run of a study: plain data, so that another process can do it. */
export interface RunJob {
  readonly choices: Choices;
  readonly seed: number;
  /** Training items to see, rounded up to whole batches. */
  readonly items: number;
  /** Evaluations, evenly spaced over the items. */
  readonly evaluations: number;
  /** Measure the parameters of the best evaluation on the test data, and save them at this path. */
  readonly final?: { readonly modelPath: string };
}

/** How a run ended. */
export type RunOutcome = 'completed' | 'pruned' | 'diverged' | 'interrupted';

/** What a run measured. */
export interface RunResult {
  readonly outcome: RunOutcome;
  /** One sentence, for one that was not completed. */
  readonly reason?: string;
  /** The best validation metric; null where there was none. */
  readonly metric: number | null;
  /** Seconds of training, evaluations left out. */
  readonly seconds: number;
  readonly items: number;
  readonly losses: readonly CurvePoint[];
  readonly validation: readonly ValidationPoint[];
  readonly test?: WinnerRecord['test'];
}

/** Where a run is. */
export interface RunProgress {
  readonly items: number;
  readonly totalItems: number;
  readonly loss: number;
  readonly seconds: number;
}

/** How a run is computed, watched and steered. */
export interface RunHooks {
  /** What takes the steps. Default `wasm`. */
  readonly executor?: ExecutorName;
  onProgress?(progress: RunProgress): void;
  /** Called after each evaluation, counted from 1; true ends the run as pruned. */
  onEvaluation?(point: ValidationPoint, index: number): boolean | Promise<boolean>;
  readonly signal?: AbortSignal;
  /** Saves the parameters of the run's model; called where the job is final. */
  saveModel?(model: TrainerModel, path: string): Promise<void>;
}

type ParametersByName = ReturnType<TrainerModel['stateDict']>;

/** Points of a stored loss curve. */
const curvePoints = 200;

/**
 * Trains once and measures: the loss of every step, thinned to means over equal stretches, and validation at fixed numbers
 * of items seen, so that runs with different batch sizes are compared at equal work.
 */
export async function measureRun(
  experiment: Experiment,
  data: ExperimentData<unknown>,
  job: RunJob,
  hooks: RunHooks = {},
): Promise<RunResult> {
  const { metric, direction } = objectiveOf(experiment);
  const run = prepareRun(experiment, data, {
    choices: job.choices,
    seed: job.seed,
    dropLast: true,
    steps: (_, batchSize) => Math.max(1, Math.ceil(job.items / batchSize)),
    executor: hooks.executor ?? 'wasm',
  });
  // Many runs follow one another in a process: each gives its memory back.
  using trainer = run.trainer;
  const { steps } = run;
  const { batchSize } = run.recipe;
  const evaluations = Math.min(job.evaluations, steps);
  const due = new Map<number, number>();
  for (let index = 1; index <= evaluations; index++)
    due.set(Math.round((index * steps) / evaluations), index);

  const losses = new LossCurve(steps, batchSize);
  const validation: ValidationPoint[] = [];
  let best: number | null = null;
  let bestParameters: ParametersByName | null = null;
  let pruned = false;
  // The clock stands still during evaluations: how often one looks is no property of the choices.
  let seconds = 0;
  let resumed = performance.now();

  const look = async (step: number, index: number): Promise<void> => {
    const evaluation = await trainer.evaluate(run.validation);
    const value = valueOf(evaluation, metric);
    const point = { step, examples: step * batchSize, seconds, loss: evaluation.loss, metric: value };
    validation.push(point);
    if (!Number.isNaN(value) && (best === null || (direction === 'maximize' ? value > best : value < best))) {
      best = value;
      if (job.final !== undefined) bestParameters = cloned(run.model.stateDict());
    }
    pruned = (await hooks.onEvaluation?.(point, index)) ?? false;
    resumed = performance.now();
  };
  const pruning: StopCondition = { name: 'pruning', afterStep: () => (pruned ? 'pruned' : null) };

  const { reason } = await trainer.fit(run.loader, {
    epochs: Math.ceil(steps / run.loader.length),
    stop: [maxSteps(steps), pruning],
    ...(hooks.signal === undefined ? {} : { signal: hooks.signal }),
    async onStep({ step, loss }) {
      const now = performance.now();
      seconds += (now - resumed) / 1000;
      resumed = now;
      losses.add(step, loss, seconds);
      hooks.onProgress?.({ items: step * batchSize, totalItems: steps * batchSize, loss, seconds });
      const index = due.get(step);
      if (index !== undefined) await look(step, index);
    },
  });

  const finished = trainer.step >= steps && reason.kind !== 'diverged';
  const outcome = outcomeOf(reason.kind, pruned, finished);
  const measured = {
    outcome,
    ...(outcome === 'completed'
      ? {}
      : { reason: outcome === 'pruned' ? 'behind the median of the others' : reason.text }),
    metric: best,
    seconds,
    items: trainer.step * batchSize,
    losses: losses.points,
    validation,
  };
  if (job.final === undefined || outcome !== 'completed') return measured;
  if (bestParameters !== null) run.model.loadStateDict(bestParameters);
  await hooks.saveModel?.(run.model, job.final.modelPath);
  if (data.test === undefined) return measured;
  const test = await data.test();
  const evaluation = await run.evaluate(test);
  return {
    ...measured,
    test: { loss: evaluation.loss, metric: valueOf(evaluation, metric), items: test.size },
  };
}

function outcomeOf(kind: string, pruned: boolean, finished: boolean): RunOutcome {
  if (kind === 'diverged') return 'diverged';
  if (finished) return 'completed';
  return pruned ? 'pruned' : 'interrupted';
}

function valueOf({ loss, metrics }: Evaluation, metric: string): number {
  return metric === 'loss' ? loss : metrics[metric]!;
}

function cloned(state: ParametersByName): ParametersByName {
  return Object.fromEntries(Object.entries(state).map(([name, value]) => [name, value.clone()]));
}

/** Means of the loss over equal stretches of a run. */
class LossCurve {
  readonly points: CurvePoint[] = [];
  readonly #stretch: number;
  readonly #batchSize: number;
  #sum = 0;
  #count = 0;

  constructor(steps: number, batchSize: number) {
    this.#stretch = Math.max(1, Math.ceil(steps / curvePoints));
    this.#batchSize = batchSize;
  }

  add(step: number, loss: number, seconds: number): void {
    this.#sum += loss;
    this.#count++;
    if (step % this.#stretch !== 0) return;
    this.points.push({ step, examples: step * this.#batchSize, seconds, value: this.#sum / this.#count });
    this.#sum = 0;
    this.#count = 0;
  }
}
