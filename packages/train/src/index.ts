export type { Callbacks, StopKind, StopReason, TrainingPosition } from './callbacks.ts';
export {
  decodeCheckpoint,
  encodeCheckpoint,
  type Checkpoint,
  type DecodeCheckpointOptions,
} from './checkpoint.ts';
export { currentEnvironment, environmentChanges, type Environment } from './environment.ts';
export {
  evaluate,
  type EvaluateOptions,
  type Evaluation,
  type Forward,
  type ForwardFunction,
} from './evaluate.ts';
export { chooseExecutor, type ChosenExecutor, type ExecutorChoice } from './executor-choice.ts';
export {
  findBatchSize,
  type BatchSizePhase,
  type FindBatchSizeOptions,
  type FoundBatchSize,
} from './find/find-batch-size.ts';
export {
  findLearningRate,
  type FindLearningRateOptions,
  type FoundLearningRate,
} from './find/find-learning-rate.ts';
export {
  learningRateCurve,
  type LearningRateCurve,
  type LearningRateCurveOptions,
  type LearningRateMethod,
  type LearningRateSuggestion,
} from './find/learning-rate-curve.ts';
export type { TunableOptimizer } from './find/without-trace.ts';
export type { BatchCost, Misfit } from './find/memory-and-speed.ts';
export {
  recommendBatchSize,
  scaledLearningRate,
  type BatchBranch,
  type BatchEvidence,
  type BatchRecommendation,
  type LearningRateScaling,
} from './find/recommend-batch-size.ts';
export { noiseScale, type GradientNorms, type NoiseScale } from './find/noise-scale.ts';
export type { Direction, EvaluationRecord, History, StepRecord } from './history.ts';
export { accuracy, topKAccuracy, type LabelledBatch } from './metrics/accuracy.ts';
export type { Metric } from './metrics/metric.ts';
export { earlyStopping, targetReached, type EarlyStoppingOptions } from './stop/early-stopping.ts';
export { gradientNormBelow, maxSteps, timeLimit } from './stop/limits.ts';
export { lossChangeBelow, type LossChangeOptions } from './stop/loss-change.ts';
export type { StopCondition } from './stop/stop-condition.ts';
export {
  Trainer,
  type FitOptions,
  type FitResult,
  type TrainerOptimizer,
  type TrainerOptions,
  type TrainerState,
  type TrainingBatches,
} from './trainer.ts';
export type { TrainerModel } from './training-step.ts';
