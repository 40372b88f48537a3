import type { Distribution, ParamValue } from '../distribution.ts';
import { StorageError, show } from '../errors.ts';
import type { FinalState } from '../frozen-trial.ts';
import type { JsonValue } from '../json.ts';
import { readCsv } from './csv.ts';
import type { ImportedTrial } from './storage.ts';

type Cell = string | number | boolean | null | undefined;
type Row = Readonly<Record<string, Cell>>;

const STATES: Readonly<Record<string, FinalState>> = {
  COMPLETE: 'complete',
  PRUNED: 'pruned',
  FAIL: 'failed',
};

/**
 * Reads the trials of an Optuna study, as `study.trials_dataframe()` gives them, from `to_csv()`, or from `to_json()`
 * (`orient='columns'`, the default, or `'records'`), which keeps ten digits and no infinities. Trials that have not
 * ended are left out.
 *
 * A data frame does not hold the distributions, so they are the smallest that hold the values: whole numbers from
 * the least to the greatest, likewise real ones, or the texts and booleans that occur. Nor does it hold reports.
 * Times without a zone are taken for local ones. Throws `StorageError` for other text.
 *
 * @example
 * ```ts
 * import { createStudy, optunaTrials } from '@nadir/tune';
 *
 * const csv = 'number,value,params_lr,params_opt,state\n0,0.5,0.1,adam,COMPLETE\n1,,0.2,sgd,FAIL\n';
 * const study = await createStudy({ direction: 'minimize' });
 * await study.importTrials(optunaTrials(csv));
 * study.bestParams; // => { lr: 0.1, opt: 'adam' }
 * ```
 */
export function optunaTrials(text: string): readonly ImportedTrial[] {
  const rows = /^\s*[[{]/.test(text) ? jsonRows(text) : csvRows(text);
  const ended = rows.filter((row) => STATES[String(row['state'])] !== undefined);
  if (rows.length > 0 && rows.every((row) => row['state'] === undefined)) {
    throw new StorageError(
      `optunaTrials(): the column state, as trials_dataframe() gives it, got ${Object.keys(rows[0] as Row).join(', ')}.`,
    );
  }
  const columns = [...new Set(ended.flatMap((row) => Object.keys(row)))];
  const distributions = new Map<string, Distribution>();
  for (const column of columns) {
    if (!column.startsWith('params_')) continue;
    const values = ended.map((row) => row[column]).filter(isGiven);
    if (values.length > 0) distributions.set(column, smallestDistribution(values));
  }
  return ended.map((row) => trialOf(row, columns, distributions));
}

function trialOf(
  row: Row,
  columns: readonly string[],
  known: ReadonlyMap<string, Distribution>,
): ImportedTrial {
  const params: Record<string, ParamValue> = {};
  const distributions: Record<string, Distribution> = {};
  const userAttributes: Record<string, JsonValue> = {};
  for (const column of columns) {
    const value = row[column];
    if (!isGiven(value)) continue;
    const distribution = known.get(column);
    if (distribution !== undefined) {
      const name = column.slice('params_'.length);
      params[name] = distribution.type === 'categorical' ? value : Number(value);
      distributions[name] = distribution;
    } else if (column.startsWith('user_attrs_')) {
      userAttributes[column.slice('user_attrs_'.length)] = value;
    }
  }
  // Of one objective `value`, of several `values_0` and on, or `values_` and their names.
  const results = columns.filter((column) => column === 'value' || column.startsWith('values_'));
  const given = results
    .map((column) => row[column])
    .filter(isGiven)
    .map(Number);
  const values = given.length === results.length && given.length > 0 ? given : null;
  // Complete without a value: it was an infinity, which JSON does not keep.
  const told = STATES[String(row['state'])] as FinalState;
  const state = told === 'complete' && values === null ? 'failed' : told;
  return {
    state,
    values,
    params,
    distributions,
    intermediateValues: {},
    constraints: {},
    userAttributes,
    sampler: 'optuna',
    error:
      state === 'failed'
        ? { name: 'Error', message: told === 'failed' ? 'It failed in Optuna.' : 'Its value is missing.' }
        : null,
    startedAt: timeOf(row['datetime_start']),
    finishedAt: timeOf(row['datetime_complete']),
  };
}

/** Whether a cell holds a value; data frames fill with NaN, which JSON writes as null and CSV as nothing. */
function isGiven(value: Cell): value is string | number | boolean {
  return value !== undefined && value !== null && value !== '';
}

function smallestDistribution(values: ReadonlyArray<string | number | boolean>): Distribution {
  if (!values.every((value): value is number => typeof value === 'number' && Number.isFinite(value))) {
    return { type: 'categorical', choices: [...new Set(values)] };
  }
  const low = values.reduce((least, value) => Math.min(least, value));
  const high = values.reduce((greatest, value) => Math.max(greatest, value));
  return values.every(Number.isSafeInteger)
    ? { type: 'int', low, high, log: false, step: 1 }
    : { type: 'float', low, high, log: false, step: null };
}

/** Milliseconds since 1970: JSON has them, CSV a date. */
function timeOf(value: Cell): number | null {
  if (typeof value === 'number') return value;
  const time = typeof value === 'string' ? Date.parse(value.replace(' ', 'T')) : NaN;
  return Number.isNaN(time) ? null : time;
}

function csvRows(text: string): readonly Row[] {
  const [titles, ...rows] = readCsv(text);
  if (titles === undefined) return [];
  return rows.map((row) =>
    Object.fromEntries(titles.map((title, index) => [title, readCell(row[index] ?? '')])),
  );
}

function readCell(text: string): Cell {
  if (text === 'True' || text === 'False') return text === 'True';
  if (/^-?inf$/.test(text)) return text === 'inf' ? Infinity : -Infinity;
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : text;
}

/** `[{column: cell}]`, or `{column: {row: cell}}`. */
function jsonRows(text: string): readonly Row[] {
  let table: unknown;
  try {
    table = JSON.parse(text);
  } catch (cause) {
    throw new StorageError(`optunaTrials(): CSV or JSON, got ${show(text.slice(0, 60))}.`, { cause });
  }
  if (Array.isArray(table)) return table as readonly Row[];
  const columns = Object.entries(table as Readonly<Record<string, Readonly<Record<string, Cell>>>>);
  const keys = Object.keys(columns[0]?.[1] ?? {});
  return keys.map((key) => Object.fromEntries(columns.map(([column, cells]) => [column, cells[key]])));
}
