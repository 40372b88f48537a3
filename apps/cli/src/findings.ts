import type { Objective } from './experiment.ts';
import type { FinalistRecord, StudyRecord, TrialRecord } from './report/study-record.ts';
import { median, quantile } from './statistics.ts';

/** What one value of a choice cost. */
export interface ValueCost {
  readonly label: string;
  readonly trials: number;
  /** The best metric of its completed trials; null where none was completed. */
  readonly best: number | null;
  /** How far that is behind the best of all trials; 0 for the best value itself. */
  readonly cost: number | null;
  /** Width of the middle half of the metrics of its completed trials; null with fewer than two. */
  readonly spread: number | null;
  readonly pruned: number;
  readonly diverged: number;
  /** Median seconds of training until the target was reached, over the trials that reached it. */
  readonly secondsToTarget: number | null;
  /** Trials that reached the target. */
  readonly reached: number;
  /** Median training items per second. */
  readonly rate: number | null;
}

/** What the values of one choice cost, the best first. */
export interface ChoiceCost {
  readonly choice: string;
  readonly values: readonly ValueCost[];
}

/** How sure the result is. */
export interface Certainty {
  /** Finalists, the best median first. */
  readonly ranking: ReadonlyArray<{
    readonly finalist: FinalistRecord;
    readonly median: number;
    /** Best minus worst over the fresh seeds. */
    readonly spread: number;
  }>;
  /** Median of the first less the second's, in the direction of better; null with one finalist. */
  readonly lead: number | null;
  /** Every seed of the first is better than every seed of the second. */
  readonly separated: boolean;
}

/** What a study says. */
export interface Findings {
  /** The level that speed is measured by. */
  readonly target: number;
  readonly choices: readonly ChoiceCost[];
  readonly certainty: Certainty;
}

const isBetter = (a: number, b: number, direction: Objective['direction']): boolean =>
  direction === 'maximize' ? a > b : a < b;

/** Works out what each choice cost in the metric, in stability and in speed, and how sure that is. */
export function findingsOf(record: StudyRecord): Findings {
  const { direction, target } = record.metric;
  const level = target ?? usualLevel(record.trials);
  const names = [...new Set(record.trials.flatMap(({ choices }) => Object.keys(choices)))];
  const best = bestMetric(record.trials, direction);
  const choices = names.map((choice) => ({
    choice,
    values: groups(record.trials, choice)
      .map(([label, trials]) => costOf(label, trials, best, level, direction))
      .toSorted((a, b) => (a.cost ?? Infinity) - (b.cost ?? Infinity)),
  }));
  return {
    target: level,
    choices: choices.filter(({ values }) => values.length > 1),
    certainty: certaintyOf(record.finalists, direction),
  };
}

/** The level that half of the trials that were not cut short reach. */
function usualLevel(trials: readonly TrialRecord[]): number {
  const metrics = completed(trials).map(({ metric }) => metric);
  return median(metrics);
}

function completed(trials: readonly TrialRecord[]): ReadonlyArray<TrialRecord & { readonly metric: number }> {
  return trials.filter(
    (trial): trial is TrialRecord & { readonly metric: number } =>
      trial.outcome === 'completed' && trial.metric !== null,
  );
}

function bestMetric(trials: readonly TrialRecord[], direction: Objective['direction']): number | null {
  const metrics = completed(trials).map(({ metric }) => metric);
  if (metrics.length === 0) return null;
  return metrics.reduce((a, b) => (isBetter(a, b, direction) ? a : b));
}

/** Trials by the value of a choice; numbers of which there are many by their decade. */
function groups(
  trials: readonly TrialRecord[],
  choice: string,
): ReadonlyArray<readonly [string, TrialRecord[]]> {
  const values = trials.map(({ choices }) => choices[choice]).filter((value) => value !== undefined);
  const isContinuous = values.every((value) => typeof value === 'number') && new Set(values).size > 6;
  const byLabel = new Map<string, TrialRecord[]>();
  for (const trial of trials) {
    const value = trial.choices[choice];
    if (value === undefined) continue;
    const label = isContinuous ? decade(value as number) : String(value);
    const group = byLabel.get(label);
    if (group === undefined) byLabel.set(label, [trial]);
    else group.push(trial);
  }
  return [...byLabel];
}

/** `0.01 – 0.1`: the power of ten below a number and the next one. */
function decade(value: number): string {
  if (value === 0) return '0';
  const exponent = Math.floor(Math.log10(Math.abs(value)) + 1e-9);
  const power = (e: number): string => (e >= -3 && e <= 4 ? String(Number(`1e${e}`)) : `1e${e}`);
  return `${value < 0 ? '−' : ''}${power(exponent)} – ${power(exponent + 1)}`;
}

function costOf(
  label: string,
  trials: readonly TrialRecord[],
  bestOfAll: number | null,
  target: number,
  direction: Objective['direction'],
): ValueCost {
  const best = bestMetric(trials, direction);
  const metrics = completed(trials).map(({ metric }) => metric);
  const times = trials.map((trial) => secondsTo(trial, target, direction)).filter((time) => time !== null);
  const rates = trials.map(rateOf).filter((rate) => rate !== null);
  return {
    label,
    trials: trials.length,
    best,
    cost: best === null || bestOfAll === null ? null : Math.abs(bestOfAll - best),
    spread: metrics.length < 2 ? null : quantile(metrics, 0.75) - quantile(metrics, 0.25),
    pruned: trials.filter(({ outcome }) => outcome === 'pruned').length,
    diverged: trials.filter(({ outcome }) => outcome === 'diverged' || outcome === 'failed').length,
    secondsToTarget: times.length === 0 ? null : median(times),
    reached: times.length,
    rate: rates.length === 0 ? null : median(rates),
  };
}

/** Seconds of training until an evaluation reached the target; null where none did. */
export function secondsTo(
  { validation }: Pick<TrialRecord, 'validation'>,
  target: number,
  direction: Objective['direction'],
): number | null {
  return validation.find(({ metric }) => !isBetter(target, metric, direction))?.seconds ?? null;
}

function rateOf({ validation, losses }: TrialRecord): number | null {
  const last = validation.at(-1) ?? losses.at(-1);
  return last === undefined || last.seconds === 0 ? null : last.examples / last.seconds;
}

function certaintyOf(finalists: readonly FinalistRecord[], direction: Objective['direction']): Certainty {
  const ranking = finalists
    .filter(({ runs }) => runs.length > 0)
    .map((finalist) => {
      const metrics = finalist.runs.map(({ metric }) => metric);
      return { finalist, median: median(metrics), spread: Math.max(...metrics) - Math.min(...metrics) };
    })
    .toSorted((a, b) => (direction === 'maximize' ? b.median - a.median : a.median - b.median));
  const [first, second] = ranking;
  if (first === undefined || second === undefined) return { ranking, lead: null, separated: false };
  return {
    ranking,
    lead: direction === 'maximize' ? first.median - second.median : second.median - first.median,
    separated: first.finalist.runs.every((a) =>
      second.finalist.runs.every((b) => isBetter(a.metric, b.metric, direction)),
    ),
  };
}
