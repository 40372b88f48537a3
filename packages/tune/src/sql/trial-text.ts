import { StorageError, show } from '../errors.ts';
import type { FrozenTrial } from '../frozen-trial.ts';
import { decodeJson, encodeJson } from '../json.ts';
import type { StudyRecord, TrialChange } from '../storage/storage.ts';
import type { SqlParameter } from './sql-database.ts';

/** A number as text that SQL and {@link numberOf} read back bit for bit. */
function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** The result column of a trial. */
export function resultsOf(values: readonly number[] | null): readonly string[] | null {
  return values === null ? null : values.map(numberText);
}

/** JSON writes NaN and infinities as strings. */
function numberOf(value: number | string): number {
  return Number(value);
}

type SqlNumber = number | string;
type StoredTrial = Omit<FrozenTrial, 'value' | 'values' | 'intermediateValues' | 'constraints'> & {
  readonly values: readonly SqlNumber[] | null;
  readonly intermediateValues: Readonly<Record<number, SqlNumber>>;
  readonly constraints: Readonly<Record<string, SqlNumber>>;
};

/** Reads what the view `trial_record` writes. */
export function readTrial(text: string): FrozenTrial {
  const stored = decodeJson(text) as StoredTrial;
  const values = stored.values?.map(numberOf) ?? null;
  return {
    ...stored,
    value: values?.[0] ?? null,
    values,
    intermediateValues: readNumbers(stored.intermediateValues),
    constraints: readNumbers(stored.constraints),
  };
}

function readNumbers(record: Readonly<Record<string, SqlNumber>>): Record<string, number> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, numberOf(value)]));
}

/** Reads what the view `study_record` writes. */
export function readStudy(text: string): StudyRecord {
  return decodeJson(text) as StudyRecord;
}

/** What of a trial stands in tables of its own. */
export type TrialDetails = Pick<
  FrozenTrial,
  'params' | 'distributions' | 'intermediateValues' | 'constraints' | 'userAttributes'
>;

/** The details that some changes write; of two to the same thing the later one counts. */
export function detailsOf(changes: readonly TrialChange[]): TrialDetails {
  const details = {
    params: {},
    distributions: {},
    intermediateValues: {},
    constraints: {},
    userAttributes: {},
  };
  const {
    params,
    distributions,
    intermediateValues,
    constraints,
    userAttributes,
  }: {
    [K in keyof TrialDetails]: Record<string, unknown>;
  } = details;
  for (const change of changes) {
    if (change.type === 'param') {
      params[change.name] = change.value;
      distributions[change.name] = change.distribution;
    } else if (change.type === 'report') intermediateValues[change.step] = change.value;
    else if (change.type === 'constraint') constraints[change.name] = change.value;
    else if (change.type === 'attribute') userAttributes[change.key] = change.value;
  }
  return details;
}

/** How many parameters {@link detailsParameters} gives. */
const detailsCount = 9;

/** The composite `trial_details` of the parameters from `$first` on. */
export function detailsRow(schema: string, first: number): string {
  const lists = Array.from({ length: detailsCount }, (_, index) => `$${first + index}::text[]`);
  return `ROW(${lists.join(', ')})::${schema}.trial_details`;
}

/** The parameters of a {@link detailsRow}. */
export function detailsParameters(details: TrialDetails): readonly SqlParameter[] {
  const { params, distributions, intermediateValues, constraints, userAttributes } = details;
  const names = Object.keys(params);
  return [
    names,
    names.map((name) => encodeJson(params[name])),
    names.map((name) => (distributions[name] === undefined ? null : encodeJson(distributions[name]))),
    Object.keys(intermediateValues),
    Object.values(intermediateValues).map(numberText),
    Object.keys(constraints),
    Object.values(constraints).map(numberText),
    Object.keys(userAttributes),
    Object.values(userAttributes).map((value) => encodeJson(value)),
  ];
}

// NUL and halves of surrogate pairs. JSON texts have escaped them.
const unstorable = /[\0\ud800-\udfff]/u;

/** Throws a StorageError for a name that the database cannot hold, or would change in silence. */
export function requireStorable(caller: string, parameters: readonly SqlParameter[]): void {
  for (const parameter of parameters.flat() as readonly SqlParameter[]) {
    if (typeof parameter === 'string' && unstorable.test(parameter)) {
      throw new StorageError(`${caller}: names without NUL and lone surrogates, got ${show(parameter)}.`);
    }
  }
}
