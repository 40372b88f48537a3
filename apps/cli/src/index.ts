export {
  defineExperiment,
  type Budget,
  type Experiment,
  type ExperimentData,
  type ObjectiveOptions,
} from './experiment.ts';
export type {
  Choices,
  CurvePoint,
  FinalistRecord,
  StudyRecord,
  TrialOutcome,
  TrialRecord,
  ValidationPoint,
  WinnerRecord,
} from './report/study-record.ts';
