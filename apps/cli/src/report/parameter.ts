import { formatScientific, formatShort } from './number-format.ts';
import { shorten } from './markup.ts';
import type { Choices, TrialRecord } from './study-record.ts';

/** What a parameter means, where its name tells. */
export type ParameterRole =
  | 'learningRate'
  | 'schedule'
  | 'batchSize'
  | 'optimizer'
  | 'weightDecay'
  | 'warmup';

type Value = Choices[string];

/** A searched parameter, with the values that trials tried. */
export interface Parameter {
  readonly name: string;
  /** In words. */
  readonly label: string;
  readonly role: ParameterRole | null;
  /** Numbers, or a few names. */
  readonly isNumeric: boolean;
  /** Its values differ by factors rather than by amounts. */
  readonly isLogarithmic: boolean;
  /** Distinct, in order. */
  readonly values: readonly Value[];
  format(value: Value): string;
}

/** Some trials that share a value, or a range of values, of a parameter. */
export interface ValueGroup<Trial> {
  readonly label: string;
  readonly trials: readonly Trial[];
}

const roleNames: { readonly [R in ParameterRole]: readonly string[] } = {
  learningRate: ['lr', 'learningrate'],
  schedule: ['schedule', 'scheduler', 'lrschedule', 'lrscheduler'],
  batchSize: ['batchsize', 'batch'],
  optimizer: ['optimizer', 'optimiser', 'optim'],
  weightDecay: ['weightdecay', 'wd', 'decay'],
  warmup: ['warmup', 'warmupfraction', 'warmupshare'],
};

const roleLabels: { readonly [R in ParameterRole]: string } = {
  learningRate: 'learning rate',
  schedule: 'schedule',
  batchSize: 'batch size',
  optimizer: 'optimizer',
  weightDecay: 'weight decay',
  warmup: 'warm-up',
};

/** The role that a parameter's name gives it. */
function roleOf(name: string): ParameterRole | null {
  const plain = name.toLowerCase().replace(/[^a-z]/g, '');
  const roles = Object.keys(roleNames) as ParameterRole[];
  return roles.find((role) => roleNames[role].includes(plain)) ?? null;
}

/** A parameter's name in words: `labelSmoothing` reads "label smoothing". */
function labelOf(name: string): string {
  const role = roleOf(name);
  if (role !== null) return roleLabels[role];
  const words = name.replace(
    /([a-z\d])([A-Z])/g,
    (_, before: string, after: string) => `${before} ${after.toLowerCase()}`,
  );
  return shorten(words.replaceAll('_', ' '), 40);
}

/** A value as a reader would write it. */
function formatChoice(name: string, value: Value | undefined): string {
  if (value === undefined) return '–';
  if (typeof value !== 'number') return shorten(String(value), 60);
  const role = roleOf(name);
  if (role === 'learningRate' || (role === 'weightDecay' && value < 0.01)) return formatScientific(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value).replace('-', '−');
  return formatShort(value);
}

/** Every parameter that trials chose, in the order in which they name them. */
export function parametersOf(trials: readonly Pick<TrialRecord, 'choices'>[]): readonly Parameter[] {
  const names = [...new Set(trials.flatMap(({ choices }) => Object.keys(choices)))];
  return names.map((name) => {
    const values = [...new Set(trials.map(({ choices }) => choices[name]))].filter(
      (value) => value !== undefined,
    );
    const isNumeric = values.every((value) => typeof value === 'number' && Number.isFinite(value));
    const numbers = values.filter((value) => typeof value === 'number');
    const positive = numbers.filter((value) => value > 0);
    const role = roleOf(name);
    const ratio = Math.max(...positive) / Math.min(...positive);
    return {
      name,
      label: labelOf(name),
      role,
      isNumeric,
      isLogarithmic:
        isNumeric &&
        positive.length === numbers.length &&
        (ratio >= 20 || role === 'learningRate' || role === 'batchSize'),
      values: isNumeric
        ? numbers.toSorted((a, b) => a - b)
        : values.toSorted((a, b) => String(a).localeCompare(String(b), 'en', { numeric: true })),
      format: (value) => formatChoice(name, value),
    };
  });
}

/** Trials by the value of a parameter; many different numbers fall into some `bins` neat ranges. */
export function groupByValue<Trial extends Pick<TrialRecord, 'choices'>>(
  parameter: Parameter,
  trials: readonly Trial[],
  bins: number = 4,
): readonly ValueGroup<Trial>[] {
  const { name, values, isNumeric, format } = parameter;
  if (!isNumeric || values.length <= 6) {
    return values
      .map((value) => ({
        label: shorten(format(value), 32),
        trials: trials.filter(({ choices }) => choices[name] === value),
      }))
      .filter((group) => group.trials.length > 0);
  }
  const edges = binEdges(parameter, bins);
  return edges
    .slice(1)
    .map((high, index) => {
      const low = edges[index]!;
      const isLast = index === edges.length - 2;
      const inside = trials.filter(({ choices }) => {
        const value = choices[name] as number | undefined;
        return value !== undefined && value >= low && (value < high || (isLast && value <= high));
      });
      return { label: `${format(low)} to ${format(high)}`, trials: inside };
    })
    .filter((group) => group.trials.length > 0);
}

/** Neat ranges on the parameter's scale that hold all its values. */
function binEdges({ values, isLogarithmic }: Parameter, bins: number): readonly number[] {
  const numbers = values as readonly number[];
  const low = numbers[0]!;
  const high = numbers.at(-1)!;
  if (!isLogarithmic) return stepEdges(low, high, bins, (value) => Number(value.toPrecision(12)));
  if (high / low > 20)
    return stepEdges(
      Math.log10(low),
      Math.log10(high),
      bins,
      (power) => Number((10 ** power).toPrecision(1)),
      1,
    );
  return stepEdges(Math.log2(low), Math.log2(high), bins, (power) => Number((2 ** power).toPrecision(2)));
}

/** Multiples of a neat step around a range, with as few more than `bins` ranges as the least step allows. */
function stepEdges(
  low: number,
  high: number,
  bins: number,
  toValue: (position: number) => number,
  least: number = 0,
): readonly number[] {
  const rough = Math.max((high - low) / bins, least);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough * 0.999)!;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => toValue((first + index) * step));
}
