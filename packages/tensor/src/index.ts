export { apply, applyAssign, effect, guard, isRecording, withRecorder } from './dispatch.ts';
export type { BackwardOptions, GuardValue, History, Recorder } from './dispatch.ts';
export { byteSize, dtypes, isFloat, isInteger, promoteDTypes, resultDType } from './dtype.ts';
export type { DType, FloatDType, PromotionOperand, TypedArray } from './dtype.ts';
export {
  DTypeError,
  GradientError,
  IndexError,
  NadirError,
  ProgramError,
  ShapeError,
  ValueError,
} from './errors.ts';
export { defaultGenerator, Generator, manualSeed } from './generator.ts';
export type { Seed } from './generator.ts';
export type { Axes, IndexArgument, KeepDims, Operand, PadWidths, SliceIndex } from './operands.ts';
export type { Shape } from './shape.ts';
export { Storage } from './storage.ts';
export type { Home } from './storage.ts';
export { Tensor } from './tensor.ts';
export type { NestedArray, ViewLink } from './tensor.ts';

export {
  arange,
  eye,
  full,
  fullLike,
  linspace,
  ones,
  onesLike,
  tensor,
  zeros,
  zerosLike,
} from './ops/creation.ts';
export type { CreationOptions, TensorData, TensorOptions } from './ops/creation.ts';
export { slice } from './ops/index-arguments.ts';
export {
  at,
  indexPut,
  maskedSelect,
  nonzero,
  oneHot,
  scatterAdd,
  take,
  takeAlongAxis,
} from './ops/indexing.ts';
export type { IndexPutOptions } from './ops/indexing.ts';
export { concat, meshgrid, stack } from './ops/joining.ts';
export type { MeshgridOptions } from './ops/joining.ts';
export { argsort, sort, topk } from './ops/ordering.ts';
export type { OrderOptions, Sorted, TopkOptions } from './ops/ordering.ts';
export { bernoulli, rand, randint, randLike, randn, randnLike, randperm } from './ops/random.ts';
export type { RandomOptions } from './ops/random.ts';
export {
  broadcastTo,
  cast,
  chunk,
  clone,
  contiguous,
  expand,
  flatten,
  flip,
  moveAxis,
  pad,
  permute,
  repeat,
  reshape,
  roll,
  split,
  squeeze,
  tile,
  transpose,
  tril,
  triu,
  unsqueeze,
} from './ops/shape.ts';
