import type { EvaluationRecord, StepRecord } from '../history.ts';

/** Ends training: each method returns the reason to stop, or null to go on. What it remembers is part of a checkpoint. */
export interface StopCondition {
  /** A name that is unique among the conditions of a run. */
  readonly name: string;
  /** Asked after every step. */
  afterStep?(record: StepRecord): string | null;
  /** Asked after every evaluation. */
  afterEvaluation?(record: EvaluationRecord): string | null;
  /** Needs the norm of the gradients, which costs a pass over them. */
  readonly needsGradientNorm?: boolean;
  /** Where the parameters of the best evaluation are to be kept and put back at the end. */
  readonly restoresBest?: boolean;
  /** True when the last evaluation was the best so far. */
  readonly isBest?: boolean;
  /** JSON of what it remembers. */
  getState?(): unknown;
  setState?(state: never): void;
}
