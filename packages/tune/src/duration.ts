import { StudyError, show } from './errors.ts';

/** A length of time: a number of seconds, or a number with its unit, as `'500ms'`, `'120s'`, `'2m'`, `'1.5h'`. */
export type Duration = number | string;

const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/**
 * The number of seconds of a duration. Throws {@link StudyError} on anything else.
 *
 * @example
 * ```ts
 * import { parseDuration } from '@nadir/tune';
 *
 * parseDuration('2m'); // => 120
 * ```
 */
export function parseDuration(duration: Duration): number {
  return secondsOf('parseDuration()', duration);
}

export function secondsOf(caller: string, duration: Duration): number {
  if (typeof duration === 'number' && duration >= 0) return duration;
  const match = typeof duration === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(duration.trim()) : null;
  if (match === null) {
    throw new StudyError(
      `${caller}: a duration in seconds, or with its unit as '500ms', '120s', '2m' or '1.5h', got ${show(duration)}.`,
    );
  }
  return Number(match[1]) * (SECONDS[match[2] as string] as number);
}
