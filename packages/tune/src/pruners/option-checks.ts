import { StudyError, show } from '../errors.ts';

/** Throws unless an option is a whole number, and large enough. */
export function requireAtLeast(caller: string, option: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new StudyError(`${caller}: ${option} is a whole number >= ${least}, got ${show(value)}.`);
  }
}
