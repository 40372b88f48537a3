import { ValueError } from '@nadir/tensor';

/** Throws a ValueError that names the optimizer unless `value` is a finite number. */
export function checkFinite(optimizer: string, name: string, value: number): number {
  if (Number.isFinite(value)) return value;
  throw new ValueError(`${optimizer}(): ${name} must be a finite number, got ${String(value)}.`);
}

/** Throws a ValueError that names the optimizer unless `value` is a finite number ≥ 0. */
export function checkNonNegative(optimizer: string, name: string, value: number): number {
  if (Number.isFinite(value) && value >= 0) return value;
  throw new ValueError(
    `${optimizer}(): ${name} must be a finite number of at least 0, got ${String(value)}.`,
  );
}

/** Throws a ValueError that names the optimizer unless 0 ≤ `value` < 1. */
export function checkDecayRate(optimizer: string, name: string, value: number): number {
  if (typeof value === 'number' && value >= 0 && value < 1) return value;
  throw new ValueError(`${optimizer}(): ${name} must be in [0, 1), got ${String(value)}.`);
}

/** Throws a ValueError that names the optimizer for an option that it does not have: a misspelt one must not be ignored. */
export function checkOptionNames(optimizer: string, options: object, known: object): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name)) continue;
    throw new ValueError(`${optimizer}(): the options are ${Object.keys(known).join(', ')}, got ${name}.`);
  }
}
