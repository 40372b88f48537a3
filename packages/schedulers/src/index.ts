export { constant } from './constant.ts';
export type { ConstantOptions } from './constant.ts';
export { cosineDecay } from './cosine-decay.ts';
export type { CosineDecayOptions } from './cosine-decay.ts';
export { cosineWithRestarts } from './cosine-with-restarts.ts';
export type { CosineWithRestartsOptions } from './cosine-with-restarts.ts';
export { exponentialDecay } from './exponential-decay.ts';
export type { ExponentialDecayOptions } from './exponential-decay.ts';
export { inverseSqrt } from './inverse-sqrt.ts';
export type { InverseSqrtOptions } from './inverse-sqrt.ts';
export { join } from './join.ts';
export { linear } from './linear.ts';
export type { LinearOptions } from './linear.ts';
export { linearWarmup } from './linear-warmup.ts';
export type { LinearWarmupOptions } from './linear-warmup.ts';
export { multiStep } from './multi-step.ts';
export type { MultiStepOptions } from './multi-step.ts';
export { oneCycle } from './one-cycle.ts';
export type { OneCycleOptions } from './one-cycle.ts';
export { polynomialDecay } from './polynomial-decay.ts';
export type { PolynomialDecayOptions } from './polynomial-decay.ts';
export { product } from './product.ts';
export { resolveSchedule, shortScheduleNames } from './resolve-schedule.ts';
export type {
  BuiltInScheduleName,
  ResolveScheduleOptions,
  ScheduleInput,
  ShortScheduleName,
} from './resolve-schedule.ts';
export { defineSchedule, isSchedule } from './schedule.ts';
export type { Schedule, ScheduleConfig, ScheduleDescription, ScheduleValue } from './schedule.ts';
export { ScheduleError } from './schedule-error.ts';
export { stepDecay } from './step-decay.ts';
export type { StepDecayOptions } from './step-decay.ts';
export { warmupStableDecay } from './warmup-stable-decay.ts';
export type { WarmupStableDecayOptions } from './warmup-stable-decay.ts';

export { ChainedScheduler } from './torch/chained-scheduler.ts';
export { ConstantLR } from './torch/constant-lr.ts';
export type { ConstantLROptions } from './torch/constant-lr.ts';
export { CosineAnnealingLR } from './torch/cosine-annealing-lr.ts';
export type { CosineAnnealingLROptions } from './torch/cosine-annealing-lr.ts';
export { CosineAnnealingWarmRestarts } from './torch/cosine-annealing-warm-restarts.ts';
export type { CosineAnnealingWarmRestartsOptions } from './torch/cosine-annealing-warm-restarts.ts';
export { CyclicLR } from './torch/cyclic-lr.ts';
export type { CyclicLROptions, CyclicMode } from './torch/cyclic-lr.ts';
export { ExponentialLR } from './torch/exponential-lr.ts';
export type { ExponentialLROptions } from './torch/exponential-lr.ts';
export { LambdaLR } from './torch/lambda-lr.ts';
export type { LambdaLROptions } from './torch/lambda-lr.ts';
export type { LearningRateScheduler } from './torch/learning-rate-scheduler.ts';
export { LinearLR } from './torch/linear-lr.ts';
export type { LinearLROptions } from './torch/linear-lr.ts';
export { LRScheduler } from './torch/lr-scheduler.ts';
export type { LearningRateRule, LRSchedulerState } from './torch/lr-scheduler.ts';
export { MultiplicativeLR } from './torch/multiplicative-lr.ts';
export { MultiStepLR } from './torch/multi-step-lr.ts';
export type { MultiStepLROptions } from './torch/multi-step-lr.ts';
export { OneCycleLR } from './torch/one-cycle-lr.ts';
export type { OneCycleLROptions } from './torch/one-cycle-lr.ts';
export { PolynomialLR } from './torch/polynomial-lr.ts';
export type { PolynomialLROptions } from './torch/polynomial-lr.ts';
export { ReduceLROnPlateau } from './torch/reduce-lr-on-plateau.ts';
export type { ReduceLROnPlateauOptions, ReduceLROnPlateauState } from './torch/reduce-lr-on-plateau.ts';
export type { MomentumGroup, ScheduledGroup, ScheduledOptimizer } from './torch/scheduled-optimizer.ts';
export { SequentialLR } from './torch/sequential-lr.ts';
export type { SequentialLROptions } from './torch/sequential-lr.ts';
export { StepLR } from './torch/step-lr.ts';
export type { StepLROptions } from './torch/step-lr.ts';
