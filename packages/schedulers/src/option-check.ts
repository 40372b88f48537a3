import { ScheduleError } from './schedule-error.ts';

type Check = (caller: string, option: string, value: unknown) => void;

function check(requirement: string, holds: (value: number) => boolean): Check {
  return (caller, option, value) => {
    if (typeof value !== 'number' || !holds(value)) {
      throw new ScheduleError(`${caller}(): ${option} must be ${requirement}, got ${shown(value)}.`);
    }
  };
}

export const checkPositiveInteger: Check = check(
  'a positive integer',
  (value) => Number.isSafeInteger(value) && value > 0,
);
export const checkNonNegativeInteger: Check = check(
  'a non-negative integer',
  (value) => Number.isSafeInteger(value) && value >= 0,
);
export const checkPositive: Check = check(
  'a positive finite number',
  (value) => Number.isFinite(value) && value > 0,
);
export const checkNonNegative: Check = check(
  'a non-negative finite number',
  (value) => Number.isFinite(value) && value >= 0,
);
export const checkDecayRate: Check = check('in (0, 1]', (value) => value > 0 && value <= 1);
export const checkFraction: Check = check('in [0, 1]', (value) => value >= 0 && value <= 1);

export function checkOneOf(caller: string, option: string, value: unknown, choices: readonly string[]): void {
  if (!choices.some((choice) => choice === value)) {
    const list = choices.map((choice) => `'${choice}'`).join(', ');
    throw new ScheduleError(`${caller}(): ${option} must be one of ${list}, got ${shown(value)}.`);
  }
}

export function checkIncreasing(caller: string, option: string, values: readonly number[]): void {
  values.forEach((value, i) => {
    checkNonNegativeInteger(caller, `${option}[${i}]`, value);
    if (i > 0 && value <= values[i - 1]!) {
      throw new ScheduleError(`${caller}(): ${option} must increase, got [${values.join(', ')}].`);
    }
  });
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
