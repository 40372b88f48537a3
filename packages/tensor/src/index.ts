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
export { Mode, Slot } from './host-state.ts';
export { infer } from './inference.ts';
export type { ValueType } from './inference.ts';
export type { Axes, IndexArgument, KeepDims, Operand, PadWidths, SliceIndex } from './operands.ts';
export { none } from './primitives.ts';
export type {
  AveragePoolAttributes,
  AxesAttributes,
  AxisAttributes,
  BinaryName,
  ComparisonName,
  ConvolutionAttributes,
  ImagePadding,
  MovementName,
  NoAttributes,
  Pair,
  PoolAttributes,
  PrimitiveAttributes,
  PrimitiveName,
  ReductionName,
  UnaryName,
} from './primitives.ts';
export {
  broadcastShapes,
  contiguousStrides,
  formatShape,
  normalizeAxes,
  normalizeAxis,
  reducedShape,
  sameShape,
  sizeOf,
} from './shape.ts';
export type { Shape } from './shape.ts';
export { Storage } from './storage.ts';
export type { Home } from './storage.ts';
export { Tensor } from './tensor.ts';
export type { NestedArray, ViewLink } from './tensor.ts';
export { eagerExecutor } from './program/executor.ts';
export type { Executor, LoadedProgram } from './program/executor.ts';
export { formatProgram } from './program/program.ts';
export type { Program, ProgramNode, ProgramWrite, ValueId } from './program/program.ts';
export { record } from './program/recording.ts';
export type { RecordedGuard, RecordedSlot, Recording } from './program/recording.ts';
export { verifyProgram } from './program/verifier.ts';
export {
  elu,
  gelu,
  hardTanh,
  leakyRelu,
  logSigmoid,
  logSoftmax,
  mish,
  relu,
  relu6,
  selu,
  sigmoid,
  silu,
  softmax,
  softplus,
} from './ops/activation.ts';
export type { GeluOptions, SoftplusOptions } from './ops/activation.ts';
export {
  abs,
  add,
  ceil,
  clamp,
  div,
  floor,
  floorDivide,
  lerp,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  reciprocal,
  remainder,
  round,
  rsqrt,
  sign,
  sqrt,
  square,
  sub,
  trunc,
} from './ops/arithmetic.ts';
export { bitwiseAnd, bitwiseNot, bitwiseOr, bitwiseXor, shiftLeft, shiftRight } from './ops/bitwise.ts';
export {
  allClose,
  eq,
  equal,
  ge,
  gt,
  isClose,
  isFinite,
  isInf,
  isNaN,
  le,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  lt,
  maskedFill,
  ne,
  where,
} from './ops/comparison.ts';
export type { Tolerance } from './ops/comparison.ts';
export { conv1d, conv2d, convTranspose2d } from './ops/convolution.ts';
export type {
  Conv1dOptions,
  Conv2dOptions,
  ConvTranspose2dOptions,
  NamedPadding,
} from './ops/convolution.ts';
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
export { dropout } from './ops/dropout.ts';
export type { DropoutOptions } from './ops/dropout.ts';
export { einsum } from './ops/einsum.ts';
export { erf, exp, exp2, expm1, log, log10, log1p, log2, logAddExp } from './ops/exponential.ts';
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
export { diagonal, dot, matmul, outer, trace } from './ops/linear-algebra.ts';
export type { DiagonalOptions } from './ops/linear-algebra.ts';
export { batchNorm, layerNorm, rmsNorm } from './ops/normalization.ts';
export type { BatchNormOptions, LayerNormOptions, RMSNormOptions } from './ops/normalization.ts';
export { argsort, sort, topk } from './ops/ordering.ts';
export type { OrderOptions, Sorted, TopkOptions } from './ops/ordering.ts';
export { adaptiveAvgPool2d, avgPool2d, maxPool2d } from './ops/pooling.ts';
export type { AvgPool2dOptions, MaxPool2dOptions } from './ops/pooling.ts';
export { bernoulli, rand, randint, randLike, randn, randnLike, randperm } from './ops/random.ts';
export type { RandomOptions } from './ops/random.ts';
export { all, amax, amin, any, argmax, argmin, cumsum, max, mean, min, prod, sum } from './ops/reduction.ts';
export type { Extreme } from './ops/reduction.ts';
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
export { logSumExp, norm, std, variance } from './ops/statistics.ts';
export type { NormOptions, SpreadOptions } from './ops/statistics.ts';
export { acos, asin, atan, atan2, cos, cosh, sin, sinh, tan, tanh } from './ops/trigonometry.ts';
export type { Size2d } from './ops/window.ts';
