import type { Direction, FrozenTrial } from '../frozen-trial.ts';

/** A trial as far as rungs go: its reports by step. */
export type Climber = Pick<FrozenTrial, 'number' | 'intermediateValues'>;

/** The first step that reaches a resource with a report that is no NaN; undefined while none has. */
function arrivalAt(
  { intermediateValues }: Climber,
  resource: number,
): { readonly step: number; readonly value: number } | undefined {
  let first: number | undefined;
  for (const key of Object.keys(intermediateValues)) {
    const step = Number(key);
    if (step < resource || Number.isNaN(intermediateValues[step])) continue;
    if (first === undefined || step < first) first = step;
  }
  return first === undefined ? undefined : { step: first, value: intermediateValues[first]! };
}

/**
 * What a trial is judged by when it reaches a rung with its last report: that report, and those with which others
 * reached the rung. All follows from reports, so that asking twice, or on resume, gives the same answer.
 */
export interface Arrival {
  readonly value: number;
  readonly others: readonly number[];
}

/**
 * The arrival of a trial at a rung with its last report; undefined if it came earlier. A report that is NaN brings no
 * trial to a rung, but is itself judged at each that the trial has not come to.
 */
export function arrivalOf(
  trial: Climber,
  others: readonly Climber[],
  resource: number,
  lastStep: number,
): Arrival | undefined {
  const own = arrivalAt(trial, resource);
  if (own !== undefined && own.step !== lastStep) return undefined;
  const values = others.flatMap((other) => arrivalAt(other, resource)?.value ?? []);
  return { value: own?.value ?? Number.NaN, others: values };
}

/** As losses: what is to be maximized with its sign turned. */
export function asLosses({ value, others }: Arrival, direction: Direction): Arrival {
  if (direction === 'minimize') return { value, others };
  return { value: -value, others: others.map((other) => -other) };
}
