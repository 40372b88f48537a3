import type { PhiloxGenerator } from '@nadir/random';
import type { Direction, FrozenTrial } from '../frozen-trial.ts';

/** What a pruner may look at when an objective asks `trial.shouldPrune()`. */
export interface PrunerContext {
  readonly direction: Direction;
  /** The trial in question: its number, and its reports so far by step. */
  readonly trial: Pick<FrozenTrial, 'number' | 'attempt' | 'params' | 'intermediateValues'>;
  /** All trials that have ended so far, ascending by number. */
  finishedTrials(): readonly FrozenTrial[];
  /** All other trials that have started, ascending by number, running ones with the reports known by now. */
  otherTrials(): readonly FrozenTrial[];
  /** A fresh generator keyed by (study seed, trial number, labels). */
  random(...labels: readonly (string | number)[]): PhiloxGenerator;
}

/** Decides whether a running trial is worth going on with. */
export interface Pruner {
  readonly name: string;
  shouldPrune(context: PrunerContext): boolean;
}
