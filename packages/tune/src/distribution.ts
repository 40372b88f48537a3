import { countSteps, stepValue } from './decimal.ts';
import { DistributionError, show } from './errors.ts';
import { warnOnConsole } from './warning.ts';
import type { Warn } from './warning.ts';

/** What a categorical parameter may choose from. Numbers are finite. */
export type CategoricalChoice = null | boolean | number | string;

/** The value of any parameter. */
export type ParamValue = CategoricalChoice;

/** A real number in `[low, high]`, uniform, uniform in its logarithm, or on the grid `low + k · step`. */
export interface FloatDistribution {
  readonly type: 'float';
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  readonly step: number | null;
}

/** A whole number in `[low, high]`, on the grid `low + k · step`, or log-uniform. */
export interface IntDistribution {
  readonly type: 'int';
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  readonly step: number;
}

/** One of a list of values, without an order among them. */
export interface CategoricalDistribution<T extends CategoricalChoice = CategoricalChoice> {
  readonly type: 'categorical';
  readonly choices: readonly T[];
}

/** The distribution of one parameter: plain data, as storages keep it. */
export type Distribution = FloatDistribution | IntDistribution | CategoricalDistribution;

/** Options of {@link float}. */
export interface FloatOptions {
  /** Uniform in the logarithm. Default false. */
  readonly log?: boolean | undefined;
  /** Width of the grid that starts at `low`. Default none; not with `log`. */
  readonly step?: number | undefined;
}

/** Options of {@link int}. */
export interface IntOptions {
  /** Uniform in the logarithm. Default false. */
  readonly log?: boolean | undefined;
  /** Width of the grid that starts at `low`. Default 1; not with `log`. */
  readonly step?: number | undefined;
}

/**
 * Declares a float parameter in `[low, high]`.
 * A grid of `step` includes `high` when the range is a multiple of it; otherwise `high` is lowered to the last
 * grid point and a warning says so. Throws {@link DistributionError}. Semantics of Optuna's FloatDistribution.
 *
 * @example
 * ```ts
 * import { float } from '@nadir/tune';
 *
 * float(1e-4, 1, { log: true }).low; // => 0.0001
 * ```
 */
export function float(low: number, high: number, options: FloatOptions = {}): FloatDistribution {
  return makeFloat('float()', low, high, options, warnOnConsole);
}

/**
 * Declares a whole-number parameter in `[low, high]`, both included.
 * Throws {@link DistributionError}. Semantics of Optuna's IntDistribution.
 *
 * @example
 * ```ts
 * import { int } from '@nadir/tune';
 *
 * int(16, 128, { step: 16 }).high; // => 128
 * ```
 */
export function int(low: number, high: number, options: IntOptions = {}): IntDistribution {
  return makeInt('int()', low, high, options, warnOnConsole);
}

/**
 * Declares a parameter that takes one of `choices`: different strings, finite numbers, booleans or null.
 * Throws {@link DistributionError}.
 *
 * @example
 * ```ts
 * import { categorical } from '@nadir/tune';
 *
 * categorical(['sgd', 'adam']).choices.length; // => 2
 * ```
 */
export function categorical<const T extends readonly CategoricalChoice[]>(
  choices: T,
): CategoricalDistribution<T[number]> {
  return makeCategorical('categorical()', choices);
}

export function makeFloat(
  caller: string,
  low: number,
  high: number,
  { log = false, step }: FloatOptions,
  warn: Warn,
): FloatDistribution {
  requireRange(caller, low, high, Number.isFinite, 'finite numbers');
  if (!Number.isFinite(high - low)) {
    throw new DistributionError(`${caller}: a range of finite width, got low ${low} and high ${high}.`);
  }
  if (log && low <= 0) {
    throw new DistributionError(
      `${caller}: low > 0 when log is set, got low ${low} and high ${high}. Use a small positive low.`,
    );
  }
  if (step === undefined) return { type: 'float', low, high, log, step: null };
  requireStep(caller, step, log, Number.isFinite(step) && step > 0, 'a positive number');
  return { type: 'float', low, high: lastGridPoint(caller, low, high, step, warn), log, step };
}

export function makeInt(
  caller: string,
  low: number,
  high: number,
  { log = false, step = 1 }: IntOptions,
  warn: Warn,
): IntDistribution {
  requireRange(caller, low, high, Number.isSafeInteger, 'whole numbers');
  if (log && low < 1) {
    throw new DistributionError(`${caller}: low >= 1 when log is set, got low ${low} and high ${high}.`);
  }
  if (step !== 1)
    requireStep(caller, step, log, Number.isSafeInteger(step) && step >= 1, 'a whole number >= 1');
  return { type: 'int', low, high: lastGridPoint(caller, low, high, step, warn), log, step };
}

export function makeCategorical<const T extends readonly CategoricalChoice[]>(
  caller: string,
  choices: T,
): CategoricalDistribution<T[number]> {
  if (!Array.isArray(choices) || choices.length === 0) {
    throw new DistributionError(`${caller}: at least one choice, got ${show(choices)}.`);
  }
  for (const choice of choices as readonly unknown[]) {
    if (!isParamValue(choice)) {
      throw new DistributionError(
        `${caller}: choices are strings, finite numbers, booleans or null, got ${show(choice)}. ` +
          'Choose a name here and look the object up in the objective.',
      );
    }
  }
  if (new Set(choices).size !== choices.length) {
    throw new DistributionError(`${caller}: choices that differ, got ${show(choices)}.`);
  }
  return { type: 'categorical', choices: [...choices] };
}

function requireRange(
  caller: string,
  low: number,
  high: number,
  accepts: (value: unknown) => boolean,
  what: string,
): void {
  if (!accepts(low) || !accepts(high)) {
    throw new DistributionError(
      `${caller}: low and high are ${what}, got low ${show(low)} and high ${show(high)}.`,
    );
  }
  if (low > high) {
    throw new DistributionError(`${caller}: low <= high, got low ${low} and high ${high}.`);
  }
}

function requireStep(caller: string, step: number, log: boolean, valid: boolean, what: string): void {
  if (log) {
    throw new DistributionError(
      `${caller}: either log or step, got log true and step ${show(step)}. Drop one of them.`,
    );
  }
  if (!valid) throw new DistributionError(`${caller}: step is ${what}, got ${show(step)}.`);
}

function lastGridPoint(caller: string, low: number, high: number, step: number, warn: Warn): number {
  const { count, exact } = countSteps(low, high, step);
  if (!Number.isSafeInteger(count)) {
    throw new DistributionError(
      `${caller}: a number of steps that a double can count, got low ${low}, high ${high} and step ${step}.`,
    );
  }
  if (exact) return high;
  const last = stepValue(low, step, count);
  warn(
    `${caller}: [${low}, ${high}] is not a multiple of step ${step}, so the range becomes [${low}, ${last}]. ` +
      `Give high ${last} to say so.`,
  );
  return last;
}

export function isParamValue(value: unknown): value is ParamValue {
  return (
    value === null ||
    typeof value === 'boolean' ||
    typeof value === 'string' ||
    (typeof value === 'number' && Number.isFinite(value))
  );
}

/** Whether the distribution has one value only. */
export function isSingle(distribution: Distribution): boolean {
  return distribution.type === 'categorical'
    ? distribution.choices.length === 1
    : distribution.low === distribution.high;
}

/** Whether a value is one that the distribution could propose; grid points are met within 1e-8 of a step. */
export function contains(distribution: Distribution, value: ParamValue): boolean {
  if (distribution.type === 'categorical') return distribution.choices.includes(value);
  if (typeof value !== 'number') return false;
  const { type, low, high, step } = distribution;
  if (!(low <= value && value <= high) || (type === 'int' && !Number.isInteger(value))) return false;
  if (step === null || step === 1) return true;
  const index = (value - low) / step;
  return Math.abs(index - Math.round(index)) < 1e-8;
}

/** Whether two distributions are the same in every field. */
export function sameDistribution(a: Distribution, b: Distribution): boolean {
  if (a.type === 'categorical' || b.type === 'categorical') {
    return (
      a.type === 'categorical' &&
      b.type === 'categorical' &&
      a.choices.length === b.choices.length &&
      a.choices.every((choice, index) => choice === b.choices[index])
    );
  }
  return a.type === b.type && a.low === b.low && a.high === b.high && a.log === b.log && a.step === b.step;
}

/** The distribution as one would declare it: `float(0.0001, 1, log)`. */
export function formatDistribution(distribution: Distribution): string {
  if (distribution.type === 'categorical') return `categorical(${show(distribution.choices)})`;
  const { type, low, high, log, step } = distribution;
  const plain = step === null || (type === 'int' && step === 1);
  return `${type}(${low}, ${high}${log ? ', log' : ''}${plain ? '' : `, step ${step}`})`;
}

/**
 * Maps `unit` in [0, 1) to a value, so that a uniform `unit` gives the distribution. Whole numbers and grids get
 * half a step of room on both sides (in the log domain: `[log(low - 0.5), log(high + 0.5)]`), are rounded and
 * clipped, so that their end points are as likely as the rest. Same map as Optuna's search-space transform.
 */
export function fromUnit(distribution: Distribution, unit: number): ParamValue {
  if (distribution.type === 'categorical') {
    const { choices } = distribution;
    return choices[Math.min(Math.floor(unit * choices.length), choices.length - 1)] as ParamValue;
  }
  if (isSingle(distribution)) return distribution.low;
  const { type, low, high, log, step } = distribution;
  const between = (from: number, to: number): number => from + unit * (to - from);
  const clip = (value: number): number => Math.min(Math.max(value, low), high);
  if (log) {
    if (type === 'float') return clip(Math.exp(between(Math.log(low), Math.log(high))));
    return clip(Math.round(Math.exp(between(Math.log(low - 0.5), Math.log(high + 0.5)))));
  }
  if (step === null) return clip(between(low, high));
  const index = Math.floor((between(low - 0.5 * step, high + 0.5 * step) - low) / step + 0.5);
  return clip(type === 'int' ? low + Math.max(index, 0) * step : stepValue(low, step, Math.max(index, 0)));
}

/**
 * The part of [0, 1] that {@link fromUnit} maps to a numeric value: a cell for whole numbers and grids, a point for
 * others. Values out of range are taken as the nearest end.
 */
export function unitCell(
  distribution: FloatDistribution | IntDistribution,
  value: number,
): { readonly from: number; readonly to: number } {
  const { low, high, log } = distribution;
  // In the log domain whole numbers alone have a step, of 1.
  const step = distribution.step ?? 0;
  const scale = (x: number): number => (log ? Math.log(x) : x);
  const start = scale(low - step / 2);
  const width = scale(high + step / 2) - start;
  if (width === 0) return { from: 0, to: 1 };
  const clipped = Math.min(Math.max(value, low), high);
  const from = (scale(clipped - step / 2) - start) / width;
  return { from, to: step === 0 ? from : (scale(clipped + step / 2) - start) / width };
}

/** The middle of {@link unitCell}: maps back to the value. */
export function toUnit(distribution: FloatDistribution | IntDistribution, value: number): number {
  const { from, to } = unitCell(distribution, value);
  return (from + to) / 2;
}

/**
 * The values of a grid over one parameter, ascending: every one of a categorical, whole-number or stepped
 * parameter, or `points` of them, evenly spaced (in the logarithm where `log` is set) from low to high.
 * Undefined for a continuous parameter without `points`.
 */
export function gridValues(distribution: Distribution, points?: number): readonly ParamValue[] | undefined {
  if (distribution.type === 'categorical') return distribution.choices;
  const { type, low, high, log, step } = distribution;
  if (isSingle(distribution)) return [low];
  const count = step === null ? Infinity : countSteps(low, high, step).count + 1;
  if (points === undefined || points >= count) {
    if (step === null) return undefined;
    return Array.from({ length: count }, (_, index) => stepValue(low, step, index));
  }
  if (points === 1) {
    return [log ? fromUnit(distribution, 0.5) : snap(distribution, (low + high) / 2)];
  }
  const values = Array.from({ length: points }, (_, index) => {
    const part = index / (points - 1);
    if (index === 0) return low;
    if (index === points - 1) return high;
    const value = log
      ? // Powers of ten, so that whole decades come out whole.
        10 ** (Math.log10(low) + part * (Math.log10(high) - Math.log10(low)))
      : low + part * (high - low);
    return type === 'float' && step === null ? value : snap(distribution, value);
  });
  return [...new Set(values)];
}

function snap({ low, high, step }: FloatDistribution | IntDistribution, value: number): number {
  if (step === null) return value;
  return Math.min(Math.max(stepValue(low, step, Math.round((value - low) / step)), low), high);
}
