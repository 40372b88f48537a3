import { StudyError, show } from './errors.ts';

/** What attributes may hold. Non-finite numbers are allowed, and survive storage. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

const SPECIAL_NUMBERS: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity', '-0']);

/** One line of JSON; the numbers that JSON lacks are written as `{"$number": "NaN"}`. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'number' && (!Number.isFinite(item) || Object.is(item, -0))
      ? { $number: Object.is(item, -0) ? '-0' : String(item) }
      : item,
  );
}

/** Reads what {@link encodeJson} wrote. Throws a SyntaxError on text that is not JSON. */
export function decodeJson(text: string): unknown {
  return JSON.parse(text, (_key, item: unknown) => {
    if (typeof item !== 'object' || item === null || !('$number' in item)) return item;
    const special = item.$number;
    return typeof special === 'string' && SPECIAL_NUMBERS.has(special) ? Number(special) : item;
  });
}

/**
 * A deep copy of a JSON value, so that a later change by the caller reaches no record.
 * Throws a {@link StudyError} that names the path of anything JSON cannot hold.
 */
export function copyJson(caller: string, value: unknown, path: string, ancestors: unknown[] = []): JsonValue {
  if (
    value === null ||
    typeof value === 'boolean' ||
    typeof value === 'number' ||
    typeof value === 'string'
  ) {
    return value;
  }
  if (typeof value !== 'object' || !(Array.isArray(value) || isPlainObject(value))) {
    throw new StudyError(
      `${caller}: attributes hold JSON values (null, booleans, numbers, strings, arrays, plain objects), got ${show(value)} at ${path}.`,
    );
  }
  if (ancestors.includes(value)) {
    throw new StudyError(`${caller}: attributes hold trees, got a cycle at ${path}.`);
  }
  const chain = [...ancestors, value];
  if (Array.isArray(value)) {
    return value.map((item, index) => copyJson(caller, item, `${path}[${index}]`, chain));
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, copyJson(caller, item, `${path}.${key}`, chain)]),
  );
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
