import { ValueError } from '@nadir/tensor';
import { directionOf, gain, valueOf, type Direction } from '../history.ts';
import type { StopCondition } from './stop-condition.ts';

/** Options of {@link earlyStopping}. */
export interface EarlyStoppingOptions {
  /** `loss` or the name of a metric of the validation data. Default `loss`. */
  readonly metric?: string;
  /** Default: `loss` is minimized, anything else maximized. */
  readonly direction?: Direction;
  /** Evaluations without improvement that are borne. Default 3. */
  readonly patience?: number;
  /** What counts as an improvement. Default 0. */
  readonly minDelta?: number;
  /** Put the parameters of the best evaluation back at the end. Default true. */
  readonly restoreBest?: boolean;
}

/** Stops when a validation metric has not improved by `minDelta` for `patience` evaluations in a row. NaN never improves. */
export function earlyStopping(options: EarlyStoppingOptions = {}): StopCondition {
  const { metric = 'loss', patience = 3, minDelta = 0, restoreBest = true } = options;
  const direction = directionOf(metric, options.direction);
  if (!Number.isInteger(patience) || patience < 1) {
    throw new ValueError(`earlyStopping(): patience must be a whole number of at least 1, got ${patience}.`);
  }
  let best: number | null = null;
  let waited = 0;
  return {
    name: 'earlyStopping',
    restoresBest: restoreBest,
    get isBest() {
      return best !== null && waited === 0;
    },
    afterEvaluation(record) {
      const value = valueOf(record, metric);
      if (!Number.isNaN(value) && (best === null || gain(value, best, direction) > minDelta)) {
        best = value;
        waited = 0;
        return null;
      }
      waited++;
      return waited >= patience
        ? `${metric} has not improved on ${best === null ? 'nothing' : best.toPrecision(5)} for ${waited} evaluations`
        : null;
    },
    getState: () => ({ best, waited }),
    setState(state: { readonly best: number | null; readonly waited: number }) {
      ({ best, waited } = state);
    },
  };
}

/** Stops when a validation metric reaches `value`. */
export function targetReached(metric: string, value: number, direction?: Direction): StopCondition {
  const way = directionOf(metric, direction);
  return {
    name: `targetReached ${metric}`,
    afterEvaluation(record) {
      const reached = valueOf(record, metric);
      return gain(reached, value, way) >= 0
        ? `${metric} ${reached.toPrecision(5)} has reached ${value}`
        : null;
    },
  };
}
