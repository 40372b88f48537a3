import type { Measurement } from './system.ts';

/**
 * Systems add in different orders, so that losses differ in their last digits and the difference grows with the steps; a
 * wrong step differs by far more.
 */
export const lossTolerance = 1e-3;

/** The relative difference of a loss from the reference's. */
export function lossDifference(loss: number, reference: number): number {
  if (Object.is(loss, reference)) return 0;
  return Math.abs(loss - reference) / Math.max(Math.abs(reference), Number.MIN_VALUE);
}

/** Whose loss the others are held against: torch's where it ran, else eager's, else the first one's. */
export function referenceOf(measurements: readonly Measurement[]): Measurement | undefined {
  const of = (system: Measurement['system']): Measurement | undefined =>
    measurements.find((measurement) => measurement.system === system);
  return of('torch') ?? of('nadir-eager') ?? measurements[0];
}
