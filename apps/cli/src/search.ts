import {
  createStudy,
  isFinished,
  TrialPruned,
  type FrozenTrial,
  type Study,
  type StudyStorage,
  type Trial,
} from '@nadir/tune';
import { CliError } from './cli-error.ts';
import { objectiveOf, type Experiment, type Objective } from './experiment.ts';
import { laggedPruner, TrialGate } from './lagged-pruner.ts';
import type { RunHooks, RunJob, RunProgress, RunResult } from './measured-run.ts';
import type {
  Choices,
  FinalistRecord,
  TrialRecord,
  ValidationPoint,
  WinnerRecord,
} from './report/study-record.ts';
import { prunerOf, samplerOf, type SearchPlan } from './search-plan.ts';
import { inParallel } from './in-parallel.ts';
import { bestOf, median } from './statistics.ts';
import type { Runner } from './worker-pool.ts';

/** How far behind a trial the others lie that it is judged by; and so the most that may run at a time. */
export const trialLag = 4;

/** What a run of a search is for. */
export type RunPurpose =
  | { readonly kind: 'trial'; readonly trial: number }
  | { readonly kind: 'finalist'; readonly trial: number; readonly seed: number }
  | { readonly kind: 'winner'; readonly trial: number };

/** What happens in a search, as it happens. */
export type SearchEvent =
  | { readonly type: 'phase'; readonly phase: 'trials' | 'finalists' | 'winner'; readonly runs: number }
  | { readonly type: 'start'; readonly purpose: RunPurpose; readonly choices: Choices }
  | { readonly type: 'progress'; readonly purpose: RunPurpose; readonly progress: RunProgress }
  | { readonly type: 'evaluation'; readonly purpose: RunPurpose; readonly point: ValidationPoint }
  | { readonly type: 'trial'; readonly trial: TrialRecord }
  | { readonly type: 'finalist'; readonly trial: number; readonly run: FinalistRun }
  | { readonly type: 'winner'; readonly winner: WinnerRecord };

export type FinalistRun = FinalistRecord['runs'][number];

/** What a search works with. */
export interface SearchOptions {
  readonly experiment: Experiment;
  readonly plan: SearchPlan;
  readonly storage: StudyStorage;
  readonly runner: Runner;
  /** How many runs at a time, at most {@link trialLag}. */
  readonly workers: number;
  /** Go on with the study that the storage holds. */
  readonly resume: boolean;
  readonly trainSize: number;
  /** Where the winner's parameters are saved. */
  readonly modelPath: string;
  readonly signal: AbortSignal;
  onEvent(event: SearchEvent): void;
}

/** What a search has found so far. */
export interface SearchState {
  readonly trials: readonly TrialRecord[];
  readonly finalists: readonly FinalistRecord[];
  readonly winner: WinnerRecord | null;
  /** Seconds of the search, all its sessions together. */
  readonly seconds: number;
}

/** A search: trials, then the best combinations with fresh seeds, then the winner. All it finds is in its storage. */
export class Search {
  readonly #options: SearchOptions;
  readonly #study: Study;
  readonly #objective: Objective;
  readonly #began: number = performance.now();
  readonly #secondsBefore: number;

  private constructor(options: SearchOptions, study: Study) {
    this.#options = options;
    this.#study = study;
    this.#objective = objectiveOf(options.experiment);
    this.#secondsBefore = (study.userAttributes['seconds'] as number | undefined) ?? 0;
  }

  /** Creates or resumes the study. */
  static async open(options: SearchOptions): Promise<Search> {
    const { experiment, plan, storage, resume } = options;
    const study = await createStudy({
      name: experiment.name,
      storage,
      resume,
      seed: plan.seed,
      direction: objectiveOf(experiment).direction,
      space: experiment.space,
      sampler: samplerOf(plan, experiment.space),
      pruner: laggedPruner(prunerOf(plan), trialLag),
    });
    return new Search(options, study as Study);
  }

  get state(): SearchState {
    const winner = this.#study.userAttributes['winner'] as unknown as WinnerRecord | undefined;
    return {
      trials: this.#study.trials.filter(isFinished).map((trial) => this.#record(trial)),
      finalists: this.#finalists(),
      winner: winner ?? null,
      seconds: this.#secondsBefore + (performance.now() - this.#began) / 1000,
    };
  }

  /** Runs what is left of the plan; returns early, with everything kept, when the signal is aborted. */
  async run(): Promise<void> {
    const { signal, plan } = this.#options;
    if (this.state.winner !== null) return;
    try {
      await this.#runTrials();
      if (signal.aborted) return;
      await this.#runFinalists();
      if (signal.aborted || plan.winnerEpochs === 0) return;
      await this.#runWinner();
    } finally {
      await this.#study.setUserAttribute('seconds', this.state.seconds);
    }
  }

  async #runTrials(): Promise<void> {
    const { plan, signal, workers, onEvent } = this.#options;
    const ended = this.#study.trials.filter(isFinished);
    const left = plan.trials - ended.length;
    onEvent({ type: 'phase', phase: 'trials', runs: Math.max(left, 0) });
    if (left <= 0) return;
    const gate = new TrialGate(
      trialLag,
      ended.map(({ number }) => number),
    );
    await this.#study.optimize((trial) => this.#runTrial(trial, gate), {
      trials: left,
      concurrency: Math.min(workers, trialLag),
      signal,
      ...(plan.timeout === undefined ? {} : { timeout: plan.timeout }),
      callbacks: [
        {
          onTrialEnd: (trial) => {
            gate.end(trial.number);
            if (isFinished(trial)) onEvent({ type: 'trial', trial: this.#record(trial) });
          },
        },
      ],
    });
  }

  async #runTrial(trial: Trial, gate: TrialGate): Promise<number> {
    const { plan, signal } = this.#options;
    await gate.pass(trial.number);
    const choices = choicesOf(trial.params);
    const job = { choices, seed: plan.seed, items: plan.trialItems, evaluations: plan.evaluations };
    const result = await this.#do(job, { kind: 'trial', trial: trial.number }, (point, index) => {
      // Of a run that is done again after its process was lost: it was judged then.
      if (index in trial.intermediateValues) return false;
      trial.report(point.metric, index);
      return trial.shouldPrune();
    });
    if (result.outcome === 'interrupted') signal.throwIfAborted();
    const { outcome, reason, seconds, losses, validation } = result;
    const finite = validation.filter(({ loss, metric }) => Number.isFinite(loss) && Number.isFinite(metric));
    const kept = {
      outcome,
      seconds,
      losses,
      validation: finite,
      ...(reason === undefined ? {} : { reason }),
    };
    for (const [name, value] of Object.entries(kept)) trial.setUserAttribute(name, value as never);
    if (outcome === 'pruned') throw new TrialPruned(reason);
    if (outcome !== 'completed' || result.metric === null)
      throw new CliError(reason ?? 'nothing was measured');
    return result.metric;
  }

  #record(trial: FrozenTrial): TrialRecord {
    return trialRecord(trial, this.#objective.direction);
  }

  /** The best combinations, by the validation metric of their trials; ties go to the earlier trial. */
  #candidates(): readonly TrialRecord[] {
    const sign = this.#objective.direction === 'maximize' ? -1 : 1;
    return this.state.trials
      .filter(({ outcome, metric }) => outcome === 'completed' && metric !== null)
      .toSorted((a, b) => sign * (a.metric! - b.metric!) || a.number - b.number)
      .slice(0, this.#options.plan.finalists);
  }

  #finalists(): readonly FinalistRecord[] {
    return (
      (this.#study.userAttributes['finalists'] as unknown as readonly FinalistRecord[] | undefined) ?? []
    );
  }

  async #runFinalists(): Promise<void> {
    const { plan, workers, signal, onEvent } = this.#options;
    const candidates = this.#candidates();
    if (candidates.length === 0) throw new CliError(noTrialText(this.state.trials, plan));
    const known = this.#finalists();
    const runsOf = (trial: number): readonly FinalistRun[] =>
      known.find((finalist) => finalist.trial === trial)?.runs ?? [];
    const done = new Map(candidates.map(({ number }) => [number, [...runsOf(number)]]));
    const todo = Array.from({ length: plan.seeds }, (_, index) => plan.seed + 1 + index).flatMap((seed) =>
      candidates
        .filter(({ number }) => !done.get(number)!.some((run) => run.seed === seed))
        .map((candidate) => ({ candidate, seed })),
    );
    onEvent({ type: 'phase', phase: 'finalists', runs: todo.length });
    const save = (): Promise<void> => {
      const records = candidates.map(({ number, choices }) => ({
        trial: number,
        choices,
        runs: done.get(number)!.toSorted((a, b) => a.seed - b.seed),
      }));
      return this.#study.setUserAttribute('finalists', records as never);
    };
    await inParallel(workers, todo, async ({ candidate: { number, choices }, seed }) => {
      if (signal.aborted) return;
      const job = { choices, seed, items: plan.trialItems, evaluations: plan.evaluations };
      const result = await this.#do(job, { kind: 'finalist', trial: number, seed });
      if (result.outcome === 'interrupted') return;
      // A seed that diverges counts as the worst there is.
      const worst = this.#objective.direction === 'maximize' ? 0 : Number.MAX_VALUE;
      const metric = result.outcome === 'completed' && result.metric !== null ? result.metric : worst;
      const run = { seed, metric, seconds: result.seconds };
      done.get(number)!.push(run);
      await save();
      onEvent({ type: 'finalist', trial: number, run });
    });
  }

  async #runWinner(): Promise<void> {
    const { plan, trainSize, modelPath, onEvent } = this.#options;
    const chosen = bestFinalist(this.#finalists(), this.#objective.direction);
    onEvent({ type: 'phase', phase: 'winner', runs: 1 });
    const job: RunJob = {
      choices: chosen.choices,
      seed: plan.seed,
      items: plan.winnerEpochs * trainSize,
      evaluations: Math.max(1, Math.ceil(plan.winnerEpochs)),
      final: { modelPath },
    };
    const result = await this.#do(job, { kind: 'winner', trial: chosen.trial });
    if (result.outcome === 'interrupted') return;
    if (result.outcome !== 'completed') {
      throw new CliError(`The winner's training ended early: ${result.reason}. Try another --seed.`);
    }
    const winner: WinnerRecord = {
      trial: chosen.trial,
      choices: chosen.choices,
      seed: plan.seed,
      epochs: plan.winnerEpochs,
      seconds: result.seconds,
      losses: result.losses,
      validation: result.validation,
      test: result.test!,
    };
    await this.#study.setUserAttribute('winner', winner as never);
    onEvent({ type: 'winner', winner });
  }

  async #do(
    job: RunJob,
    purpose: RunPurpose,
    judge: (point: ValidationPoint, index: number) => boolean = () => false,
  ): Promise<RunResult> {
    const { runner, signal, onEvent } = this.#options;
    onEvent({ type: 'start', purpose, choices: job.choices });
    const hooks: RunHooks = {
      signal,
      onProgress: (progress) => onEvent({ type: 'progress', purpose, progress }),
      onEvaluation: (point, index) => {
        onEvent({ type: 'evaluation', purpose, point });
        return judge(point, index);
      },
    };
    return runner.run(job, hooks);
  }
}

/** The finalist with the best median; ties go to the one named first, whose trial was better. */
export function bestFinalist(
  finalists: readonly FinalistRecord[],
  direction: 'minimize' | 'maximize',
): FinalistRecord {
  const sign = direction === 'maximize' ? -1 : 1;
  const middle = ({ runs }: FinalistRecord): number => sign * median(runs.map(({ metric }) => metric));
  return finalists.toSorted((a, b) => middle(a) - middle(b))[0]!;
}

function noTrialText(trials: readonly TrialRecord[], plan: SearchPlan): string {
  const last = trials.findLast(({ outcome }) => outcome === 'failed' || outcome === 'diverged');
  const why = last === undefined ? '' : ` Trial ${last.number} ${last.outcome}: ${last.reason}.`;
  return (
    `None of ${trials.length} trials was completed, so there is nothing to choose from.${why} ` +
    (plan.timeout === undefined ? 'Check the space and the experiment.' : 'Give it more time with --timeout.')
  );
}

/** What a trial left in its study, as the report shows it. */
function trialRecord(trial: FrozenTrial, direction: Objective['direction']): TrialRecord {
  const { number, params, state, error, userAttributes, startedAt, finishedAt } = trial;
  const kept = userAttributes as Partial<
    Pick<RunResult, 'outcome' | 'seconds' | 'losses' | 'validation' | 'reason'>
  >;
  const outcome = state === 'complete' ? 'completed' : state === 'pruned' ? 'pruned' : 'failed';
  const reason = kept.reason ?? error?.message;
  return {
    number,
    choices: choicesOf(params),
    outcome: kept.outcome === 'diverged' ? 'diverged' : outcome,
    metric: bestOf(Object.values(trial.intermediateValues), direction),
    seconds: kept.seconds ?? ((finishedAt ?? 0) - (startedAt ?? 0)) / 1000,
    ...(reason === undefined ? {} : { reason }),
    losses: kept.losses ?? [],
    validation: kept.validation ?? [],
  };
}

function choicesOf(params: FrozenTrial['params']): Choices {
  const entries = Object.entries(params).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(entries) as Choices;
}
