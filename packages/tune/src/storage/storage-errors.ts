import { StaleTrialError, StorageError } from '../errors.ts';
import type { TrialState } from '../frozen-trial.ts';

// What goes wrong in every storage, said in the same words.

export function nameTaken(caller: string, name: string): StorageError {
  return new StorageError(
    `${caller}: a name that is not taken, got "${name}". Resume that study, or choose another name.`,
  );
}

export function unknownStudy(name: string, known: readonly string[]): StorageError {
  const list = known.map((item) => `"${item}"`).join(', ');
  return new StorageError(`storage: a study that exists, got "${name}". Known: ${list || 'none'}.`);
}

export function unknownTrial(study: string, number: number, count: number): StorageError {
  return new StorageError(
    `storage: a trial that exists, got ${number} in study "${study}" of ${count} trials.`,
  );
}

export function staleTrial(
  caller: string,
  number: number,
  expected: string,
  found: { readonly state: TrialState; readonly attempt: number },
): StaleTrialError {
  return new StaleTrialError(
    `${caller}: trial ${number} ${expected}, got ${found.state} in attempt ${found.attempt}. ` +
      'It was finished, or given to someone else.',
  );
}

export function misnumberedTrial(caller: string, study: string, next: number, number: number): StorageError {
  return new StorageError(`${caller}: number ${next} is next in study "${study}", got ${number}.`);
}
