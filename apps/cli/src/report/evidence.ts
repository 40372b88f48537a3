import { median, quantile } from '../statistics.ts';
import { formatDigits, formatPercent, formatShort, formatShortPercent, nothing } from './number-format.ts';
import { shorten } from './markup.ts';
import { parametersOf, type Parameter, type ParameterRole } from './parameter.ts';
import type {
  CurvePoint,
  FinalistRecord,
  StudyRecord,
  TrialRecord,
  ValidationPoint,
} from './study-record.ts';

/** How values of the metric are compared and written. */
export interface MetricStyle {
  readonly name: string;
  readonly isMaximized: boolean;
  /** A share of items, such as accuracy: written as a percentage. */
  readonly isPercent: boolean;
  format(value: number | null): string;
  /** Without digits that say nothing. */
  formatLevel(value: number): string;
  isBetter(a: number, b: number): boolean;
}

/** A trial with only what was measured: no NaN and no infinity. */
export interface MeasuredTrial extends TrialRecord {
  readonly examplesPerSecond: number | null;
  /** Seconds until the threshold, as the evaluations saw it; null where it was not reached. */
  readonly secondsToThreshold: number | null;
}

/** A finalist with the runs that gave a number, and the count of those that did not. */
export interface MeasuredFinalist extends FinalistRecord {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** Runs that diverged. */
  readonly lost: number;
}

/** A level of the metric that choices are compared by: how long each takes to reach it. */
export interface Threshold {
  readonly value: number;
  /** Completed trials that reached it, of how many. */
  readonly reached: number;
  readonly completed: number;
}

/** A study record in the form that the sections and plots of a report share. */
export interface Evidence {
  readonly record: StudyRecord;
  readonly metric: MetricStyle;
  readonly trials: readonly MeasuredTrial[];
  readonly parameters: readonly Parameter[];
  readonly threshold: Threshold | null;
  /** Best first. */
  readonly finalists: readonly MeasuredFinalist[];
  /** The completed trial with the best metric, or else the best of all. */
  readonly best: MeasuredTrial | null;
}

/** Reads a study record. Records that went through JSON hold null in place of NaN and infinity: those count as not measured. */
export function evidenceOf(record: StudyRecord): Evidence {
  const cleaned = record.trials.map(cleanTrial);
  const metric = metricStyle(record, cleaned);
  const threshold = thresholdOf(record, cleaned, metric);
  const trials = cleaned.map((trial) => ({
    ...trial,
    examplesPerSecond: speedOf(trial),
    secondsToThreshold: threshold === null ? null : secondsTo(trial, threshold.value, metric),
  }));
  return {
    record,
    metric,
    trials,
    parameters: parametersOf(trials),
    threshold,
    finalists: record.finalists
      .map((finalist) => measureFinalist(finalist, metric))
      .toSorted((a, b) => compare(metric, a.median, b.median)),
    best: bestTrial(trials, metric),
  };
}

/** The parameter of a role, if the study has it. */
export function parameterOf(evidence: Evidence, role: ParameterRole): Parameter | null {
  return evidence.parameters.find((parameter) => parameter.role === role) ?? null;
}

/** Sorts the better first, and what has no number last. */
export function compare(metric: MetricStyle, a: number | null, b: number | null): number {
  const lost = (value: number | null): boolean => value === null || Number.isNaN(value);
  if (lost(a) || lost(b)) return Number(lost(a)) - Number(lost(b));
  return metric.isMaximized ? b! - a! : a! - b!;
}

/** The trial with the best metric; completed ones go before others. */
export function bestTrial<Trial extends TrialRecord>(
  trials: readonly Trial[],
  metric: MetricStyle,
): Trial | null {
  const measured = trials.filter((trial) => trial.metric !== null);
  const completed = measured.filter(({ outcome }) => outcome === 'completed');
  const pool = completed.length > 0 ? completed : measured;
  return pool.toSorted((a, b) => compare(metric, a.metric, b.metric) || a.number - b.number)[0] ?? null;
}

const finite = (value: number | null | undefined): value is number =>
  typeof value === 'number' && Number.isFinite(value) && Math.abs(value) < 1e300;

function cleanTrial(trial: TrialRecord): TrialRecord {
  return {
    ...trial,
    metric: finite(trial.metric) ? trial.metric : null,
    losses: cleanLosses(trial.losses),
    validation: cleanValidation(trial.validation),
  };
}

/** The points of a loss curve that are numbers. */
function cleanLosses(losses: readonly CurvePoint[]): readonly CurvePoint[] {
  return losses.filter(({ value, examples }) => finite(value) && finite(examples));
}

function cleanValidation(points: readonly ValidationPoint[]): readonly ValidationPoint[] {
  return points.filter(
    ({ metric, examples, seconds }) => finite(metric) && finite(examples) && finite(seconds),
  );
}

const percentNames = /acc|precision|recall|error ?rate|top-?\d/i;

function metricStyle(record: StudyRecord, trials: readonly TrialRecord[]): MetricStyle {
  const { name, direction } = record.metric;
  const values = [
    ...trials.flatMap((trial) => [trial.metric, ...trial.validation.map(({ metric }) => metric)]),
    ...record.finalists.flatMap(({ runs }) => runs.map(({ metric }) => metric)),
    record.winner?.test.metric ?? null,
  ].filter(finite);
  const isPercent = percentNames.test(name) && values.every((value) => value >= 0 && value <= 1);
  const isMaximized = direction === 'maximize';
  return {
    name: shorten(name, 40),
    isMaximized,
    isPercent,
    format: (value) => (!finite(value) ? nothing : isPercent ? formatPercent(value) : formatDigits(value, 4)),
    formatLevel: isPercent ? formatShortPercent : formatShort,
    isBetter: (a, b) => (isMaximized ? a > b : a < b),
  };
}

function speedOf({ losses, validation }: TrialRecord): number | null {
  const last = [losses.at(-1), validation.at(-1)].filter((point) => point !== undefined && point.seconds > 0);
  const furthest = last.toSorted((a, b) => b!.examples - a!.examples)[0];
  return furthest === undefined || !(furthest.examples > 0) ? null : furthest.examples / furthest.seconds;
}

function secondsTo({ validation }: TrialRecord, level: number, metric: MetricStyle): number | null {
  return validation.find((point) => !metric.isBetter(level, point.metric))?.seconds ?? null;
}

/** The given target, or the neatest level that three quarters of the completed trials reach. */
function thresholdOf(
  record: StudyRecord,
  trials: readonly TrialRecord[],
  metric: MetricStyle,
): Threshold | null {
  const completed = trials.filter(
    ({ outcome, validation }) => outcome === 'completed' && validation.length > 0,
  );
  if (completed.length === 0) return null;
  const bests = completed.map(({ validation }) =>
    validation.map((point) => point.metric).reduce((a, b) => (metric.isBetter(a, b) ? a : b)),
  );
  const reachedBy = (level: number): number => bests.filter((best) => !metric.isBetter(level, best)).length;
  const { target } = record.metric;
  const value =
    target !== undefined && reachedBy(target) > 0
      ? target
      : neatLevel(quantile(bests, metric.isMaximized ? 0.25 : 0.75), bests, metric);
  return { value, reached: reachedBy(value), completed: completed.length };
}

/** The level with the fewest digits that is no harder than `level`, and easier by at most a tenth of what trials differ by. */
function neatLevel(level: number, bests: readonly number[], metric: MetricStyle): number {
  const room = Math.max((quantile(bests, 1) - quantile(bests, 0)) / 10, Math.abs(level) * 1e-3);
  const round = metric.isMaximized ? Math.floor : Math.ceil;
  for (let step = 10 ** Math.ceil(Math.log10(Math.abs(level) || 1)); step > 1e-12; step /= 10) {
    for (const part of [1, 0.5]) {
      const unit = step * part;
      const neat = Number((round(level / unit + (metric.isMaximized ? 1e-9 : -1e-9)) * unit).toPrecision(12));
      if (Math.abs(neat - level) <= room) return neat;
    }
  }
  return level;
}

/** A diverged run counts as the worst there is: 0 of a share, or a number beyond all others. */
function measureFinalist(finalist: FinalistRecord, metric: MetricStyle): MeasuredFinalist {
  const runs = finalist.runs.filter((run) => finite(run.metric) && !(metric.isMaximized && run.metric === 0));
  const values = runs.map((run) => run.metric);
  const lost = finalist.runs.length - runs.length;
  const worst = metric.isMaximized ? -Infinity : Infinity;
  const all = [...values, ...Array.from({ length: lost }, () => worst)];
  const middle = all.length === 0 ? NaN : median(all);
  return { ...finalist, runs, lost, median: middle, low: Math.min(...values), high: Math.max(...values) };
}
