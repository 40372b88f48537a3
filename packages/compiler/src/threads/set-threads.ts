import { ValueError } from '@nadir/tensor';
import { mostThreads } from '../lower/control.ts';
import { availableProcessors } from './host.ts';

let chosen: number | undefined;

/** Threads that a compiled program uses from its next call on. */
export function getThreads(): number {
  chosen ??= Math.min(mostThreads, availableProcessors());
  return chosen;
}

/**
 * Sets how many threads compiled programs use, the caller's included. Default: the processors available to the process. Results do
 * not depend on it, to the last bit. Where memory cannot be shared (a page that is not cross-origin isolated), one
 * thread does all.
 *
 * @param count from 1 to 64
 * @throws ValueError for another number
 * @example
 * ```ts
 * import { getThreads, setThreads } from '@nadir/compiler';
 * setThreads(2);
 * getThreads(); // => 2
 * ```
 */
export function setThreads(count: number): void {
  if (!Number.isInteger(count) || count < 1 || count > mostThreads) {
    throw new ValueError(
      `setThreads(): count must be a whole number from 1 to ${mostThreads}, got ${count}.`,
    );
  }
  chosen = count;
}
