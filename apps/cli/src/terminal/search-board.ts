import ansis from 'ansis';
import type { Objective } from '../experiment.ts';
import type { TrialRecord } from '../report/study-record.ts';
import type { RunPurpose, SearchEvent } from '../search.ts';
import type { SearchPlan } from '../search-plan.ts';
import { ChoiceColumns } from './choice-columns.ts';
import { choicesText, duration, metricText, plural } from './format.ts';
import { progressBar } from './progress-bar.ts';
import type { Screen } from './screen.ts';
import { sparkline } from './sparkline.ts';
import { cut, pad } from './table.ts';

interface RunningRun {
  readonly purpose: RunPurpose;
  readonly label: string;
  share: number;
  loss: number;
  metric: number | null;
  readonly losses: number[];
}

/** What a board has to know from the start. */
export interface BoardOptions {
  readonly plan: SearchPlan;
  readonly objective: Objective;
  readonly workers: number;
  readonly trainSize: number;
  /** Trials of earlier sessions. */
  readonly trials: readonly TrialRecord[];
}

const keyOf = (purpose: RunPurpose): string =>
  purpose.kind === 'finalist'
    ? `finalist ${purpose.trial} ${purpose.seed}`
    : `${purpose.kind} ${purpose.trial}`;

/** Shows a search as it goes: a line for every run that has ended, and below them the running ones and the whole. */
export class SearchBoard {
  readonly #screen: Screen;
  readonly #options: BoardOptions;
  readonly #running = new Map<string, RunningRun>();
  #columns: ChoiceColumns | undefined;
  #best: TrialRecord | undefined;
  #trialsDone: number;
  /** Trials of this session: how long they took, pruned ones included. */
  readonly #trialSeconds: number[] = [];
  readonly #startedAt = new Map<string, number>();
  #phase: 'trials' | 'finalists' | 'winner' = 'trials';
  #phaseRuns = 0;
  #phaseDone = 0;
  readonly #began: number = performance.now();
  /** Seconds of a run of full length, by the slowest measured rate of items. */
  readonly #fullSeconds: number[] = [];

  constructor(screen: Screen, options: BoardOptions) {
    this.#screen = screen;
    this.#options = options;
    this.#trialsDone = options.trials.length;
    for (const trial of options.trials) this.#takeBest(trial);
    screen.draw(() => this.#frame());
  }

  take(event: SearchEvent): void {
    if (event.type === 'phase') this.#beginPhase(event.phase, event.runs);
    else if (event.type === 'start') this.#begin(event);
    else if (event.type === 'progress') {
      const run = this.#running.get(keyOf(event.purpose));
      if (run === undefined) return;
      run.share = event.progress.items / event.progress.totalItems;
      run.loss = event.progress.loss;
      run.losses.push(event.progress.loss);
    } else if (event.type === 'evaluation') {
      const run = this.#running.get(keyOf(event.purpose));
      if (run === undefined) return;
      run.metric = event.point.metric;
      if (event.purpose.kind === 'winner') this.#printWinnerEpoch(event.point.metric, event.point.seconds);
    } else if (event.type === 'trial') this.#endTrial(event.trial);
    else if (event.type === 'finalist') {
      const { trial, run } = event;
      this.#end(`finalist ${trial} ${run.seed}`);
      this.#phaseDone++;
      this.#fullSeconds.push(run.seconds);
      this.#screen.print(
        `  trial ${pad(String(trial), -3)}  seed ${pad(String(run.seed), -4)} ${pad(this.#metric(run.metric), -9)} ${ansis.dim(pad(duration(run.seconds), -7))}`,
      );
    } else this.#end(`winner ${event.winner.trial}`);
  }

  done(): void {
    this.#screen.done();
  }

  #metric(value: number | null): string {
    return metricText(this.#options.objective.metric, value);
  }

  #takeBest(trial: TrialRecord): boolean {
    if (trial.outcome !== 'completed' || trial.metric === null) return false;
    const { direction } = this.#options.objective;
    const before = this.#best?.metric;
    const isBetter =
      before === undefined ||
      before === null ||
      (direction === 'maximize' ? trial.metric > before : trial.metric < before);
    if (isBetter) this.#best = trial;
    return isBetter;
  }

  #beginPhase(phase: 'trials' | 'finalists' | 'winner', runs: number): void {
    this.#phase = phase;
    this.#phaseRuns = runs;
    this.#phaseDone = 0;
    if (runs === 0) return;
    const { finalists, seeds, winnerEpochs } = this.#options.plan;
    if (phase === 'finalists') {
      this.#screen.print();
      this.#screen.print(
        ansis.bold(`The best ${finalists === 1 ? 'one' : finalists} again, with ${seeds} fresh seeds each`),
      );
    } else if (phase === 'winner') {
      this.#screen.print();
      this.#screen.print(ansis.bold(`The winner, for ${plural(winnerEpochs, 'epoch')}`));
    }
  }

  #begin({ purpose, choices }: Extract<SearchEvent, { readonly type: 'start' }>): void {
    if (this.#columns === undefined && purpose.kind === 'trial') {
      // Beside the choices: mark, number, metric, time and outcome, with the spaces between them.
      this.#columns = new ChoiceColumns(choices, this.#screen.width - 32);
      this.#screen.print(
        ansis.dim(
          `  ${pad('#', -3)} ${this.#columns.titles()} ${pad(cut(this.#options.objective.metric, 8), -8)} ${pad('time', -6)}`,
        ),
      );
    }
    const label =
      purpose.kind === 'trial'
        ? `${pad(String(purpose.trial), -3)} ${choicesText(choices)}`
        : purpose.kind === 'finalist'
          ? `trial ${purpose.trial}, seed ${purpose.seed}`
          : choicesText(choices);
    const key = keyOf(purpose);
    this.#startedAt.set(key, performance.now());
    this.#running.set(key, { purpose, label, share: 0, loss: NaN, metric: null, losses: [] });
  }

  #end(key: string): number {
    this.#running.delete(key);
    const started = this.#startedAt.get(key);
    this.#startedAt.delete(key);
    return started === undefined ? 0 : (performance.now() - started) / 1000;
  }

  #endTrial(trial: TrialRecord): void {
    this.#trialSeconds.push(this.#end(`trial ${trial.number}`));
    if (trial.outcome === 'completed') this.#fullSeconds.push(trial.seconds);
    this.#trialsDone++;
    this.#phaseDone++;
    const isBest = this.#takeBest(trial);
    const { outcome } = trial;
    const dimmed = outcome === 'pruned' ? ansis.dim : (text: string): string => text;
    const mark = isBest
      ? ansis.yellow('★')
      : outcome === 'completed'
        ? ansis.green('✓')
        : outcome === 'pruned'
          ? ansis.dim('–')
          : ansis.red('✗');
    const note = isBest
      ? ansis.yellow('best')
      : outcome === 'completed'
        ? ''
        : outcome === 'pruned'
          ? ansis.dim('pruned')
          : ansis.red(outcome);
    const metric = pad(this.#metric(trial.metric), -8);
    const choices = this.#columns?.values(trial.choices) ?? choicesText(trial.choices);
    this.#screen.print(
      `${mark} ${pad(String(trial.number), -3)} ${dimmed(choices)} ${isBest ? ansis.bold(metric) : dimmed(metric)} ${ansis.dim(pad(duration(trial.seconds), -6))} ${note}`.trimEnd(),
    );
    if (outcome === 'failed')
      this.#screen.print(ansis.red(`       ${cut(trial.reason ?? '', this.#screen.width - 8)}`));
  }

  #printWinnerEpoch(metric: number, seconds: number): void {
    this.#phaseDone++;
    this.#screen.print(
      `  epoch ${pad(String(this.#phaseDone), -3)}  ${this.#options.objective.metric} ${this.#metric(metric)} ${ansis.dim(pad(duration(seconds), -7))}`,
    );
  }

  /** Seconds until everything is done, by what runs have taken so far; NaN while nothing is known. */
  #secondsLeft(): number {
    const { plan, workers, trainSize } = this.#options;
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    const running = [...this.#running.values()];
    const trial = this.#trialSeconds.length > 0 ? mean(this.#trialSeconds) : mean(this.#fullSeconds);
    const full = this.#fullSeconds.length > 0 ? mean(this.#fullSeconds) : trial;
    const epochs = plan.trialItems / trainSize;
    const winner = plan.winnerEpochs === 0 ? 0 : (full * plan.winnerEpochs) / epochs;
    const underway = running.reduce((sum, { share }) => sum + share, 0);
    if (this.#phase === 'winner') return winner * (1 - underway);
    const finalists = plan.finalists * plan.seeds;
    if (this.#phase === 'finalists') {
      return ((this.#phaseRuns - this.#phaseDone - underway) * full) / workers + winner;
    }
    return ((plan.trials - this.#trialsDone - underway) * trial + finalists * full) / workers + winner;
  }

  #frame(): string {
    const { width } = this.#screen;
    const { plan } = this.#options;
    const lines = [''];
    for (const run of this.#running.values()) {
      const after = ` ${pad(`${Math.floor(run.share * 100)} %`, -5)} ${pad(sparkline(run.losses, 10), 10)} ${pad(this.#metric(run.metric), -8)}`;
      // Mark, label, bar, percent, curve and metric, with the spaces between them; the last column stays free.
      const bar = Math.max(8, Math.min(20, width - 66));
      const room = width - bar - 30;
      lines.push(
        `${ansis.cyan('▸')} ${pad(cut(run.label, room), room)} ${progressBar(run.share, bar)}${after}`,
      );
    }
    const elapsed = (performance.now() - this.#began) / 1000;
    const left = this.#secondsLeft();
    const total =
      this.#phase === 'trials'
        ? `${this.#trialsDone} of ${plan.trials} trials`
        : this.#phase === 'finalists'
          ? `${this.#phaseDone} of ${this.#phaseRuns} runs`
          : 'training the winner';
    const share = elapsed / (elapsed + left);
    const text = ` ${total} · ${duration(elapsed)}${Number.isNaN(left) ? '' : ` · about ${duration(Math.max(left, 1))} left`}`;
    lines.push(
      '',
      progressBar(Number.isNaN(share) ? 0 : share, Math.max(10, Math.min(30, width - text.length - 1))) +
        text,
    );
    if (this.#best !== undefined) {
      const best = `best so far ${this.#metric(this.#best.metric)}: ${choicesText(this.#best.choices)}`;
      lines.push(ansis.dim(cut(best, width - 1)));
    }
    return lines.join('\n');
  }
}
