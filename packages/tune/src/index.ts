export { createStudy, loadStudy } from './create-study.ts';
export type { LoadStudyOptions, StudyOptions } from './create-study.ts';
export {
  categorical,
  contains,
  float,
  formatDistribution,
  fromUnit,
  gridValues,
  int,
  isSingle,
  sameDistribution,
} from './distribution.ts';
export type {
  CategoricalChoice,
  CategoricalDistribution,
  Distribution,
  FloatDistribution,
  FloatOptions,
  IntDistribution,
  IntOptions,
  ParamValue,
} from './distribution.ts';
export { parseDuration } from './duration.ts';
export type { Duration } from './duration.ts';
export {
  DistributionError,
  SearchExhaustedError,
  StaleTrialError,
  StorageError,
  StudyError,
  TrialPruned,
} from './errors.ts';
export { isFeasible, isFinished } from './frozen-trial.ts';
export type { Direction, FinalState, FrozenTrial, TrialError, TrialState } from './frozen-trial.ts';
export type { JsonValue } from './json.ts';
export type {
  ErrorClass,
  Objective,
  ObjectiveResult,
  OptimizeOptions,
  OptimizeResult,
  StopReason,
  StudyCallback,
} from './optimize.ts';
export { ashaPruner } from './pruners/asha-pruner.ts';
export type { AshaPrunerOptions } from './pruners/asha-pruner.ts';
export { hyperbandPruner } from './pruners/hyperband-pruner.ts';
export type { HyperbandPrunerOptions } from './pruners/hyperband-pruner.ts';
export { medianPruner } from './pruners/median-pruner.ts';
export { nopPruner } from './pruners/nop-pruner.ts';
export { patientPruner } from './pruners/patient-pruner.ts';
export type { PatientPrunerOptions } from './pruners/patient-pruner.ts';
export { percentilePruner } from './pruners/percentile-pruner.ts';
export type { PercentilePrunerOptions } from './pruners/percentile-pruner.ts';
export type { Pruner, PrunerContext } from './pruners/pruner.ts';
export { successiveHalvingPruner } from './pruners/successive-halving-pruner.ts';
export type { SuccessiveHalvingPrunerOptions } from './pruners/successive-halving-pruner.ts';
export { thresholdPruner } from './pruners/threshold-pruner.ts';
export type { ThresholdPrunerOptions } from './pruners/threshold-pruner.ts';
export { wilcoxonPruner } from './pruners/wilcoxon-pruner.ts';
export type { WilcoxonPrunerOptions } from './pruners/wilcoxon-pruner.ts';
export { gridSampler } from './samplers/grid-sampler.ts';
export type { GridSamplerOptions } from './samplers/grid-sampler.ts';
export { qmcSampler } from './samplers/qmc-sampler.ts';
export type { QmcSamplerOptions } from './samplers/qmc-sampler.ts';
export { randomSampler } from './samplers/random-sampler.ts';
export type { RandomSamplerOptions } from './samplers/random-sampler.ts';
export type { Sampler, SamplerContext } from './samplers/sampler.ts';
export { tpeSampler } from './samplers/tpe-sampler.ts';
export type { TpeSamplerOptions } from './samplers/tpe-sampler.ts';
export type { InferParams, Params, Space, SpaceFunction, SpaceRecord, Suggester } from './space.ts';
export { memoryStorage } from './storage/memory-storage.ts';
export { optunaTrials } from './storage/optuna-trials.ts';
export { exportStudy, importStudies } from './storage/study-lines.ts';
export type { ImportStudiesOptions } from './storage/study-lines.ts';
export type {
  ImportedTrial,
  NewStudy,
  NewTrial,
  StudyRecord,
  StudyStorage,
  TrialChange,
  TrialOutcome,
  TrialRef,
} from './storage/storage.ts';
export type { Study, ToldState } from './study.ts';
export type { Trial } from './trial.ts';
export type { Warn } from './warning.ts';
