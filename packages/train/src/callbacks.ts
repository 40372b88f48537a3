import type { EvaluationRecord, StepRecord } from './history.ts';

/** Why training ended. */
export type StopKind = 'completed' | 'condition' | 'interrupted' | 'diverged';

/** How training ended. */
export interface StopReason {
  readonly kind: StopKind;
  /** One sentence. */
  readonly text: string;
}

/** Where training is; given to callbacks. */
export interface TrainingPosition {
  readonly step: number;
  readonly epoch: number;
  /** Steps of the whole run, as far as they are known. */
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
}

/** Called as training goes on; each may return a promise, which is awaited. */
export interface Callbacks {
  onStep?(record: StepRecord, position: TrainingPosition): void | Promise<void>;
  /** Before the validation data is run through the model. */
  onEvaluationStart?(position: TrainingPosition): void | Promise<void>;
  onEvaluation?(record: EvaluationRecord, position: TrainingPosition): void | Promise<void>;
  onEpochEnd?(position: TrainingPosition): void | Promise<void>;
  onStop?(reason: StopReason, position: TrainingPosition): void | Promise<void>;
}
