export { clipGradNorm, clipGradValue } from './clip-gradients.ts';
export {
  fansOf,
  gainOf,
  kaimingNormal,
  kaimingUniform,
  normal,
  uniform,
  xavierNormal,
  xavierUniform,
  type FanMode,
  type InitializerOptions,
  type Nonlinearity,
} from './initializers.ts';
export { ELU, GELU, Identity, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Tanh } from './layers/activation.ts';
export {
  Conv1d,
  Conv2d,
  type Conv1dLayerOptions,
  type Conv2dLayerOptions,
  type ConvolutionLayerOptions,
} from './layers/convolution.ts';
export { Dropout } from './layers/dropout.ts';
export { Embedding, type EmbeddingOptions } from './layers/embedding.ts';
export { Flatten } from './layers/flatten.ts';
export { Linear, type LinearOptions } from './layers/linear.ts';
export {
  BatchNorm1d,
  BatchNorm2d,
  LayerNorm,
  RMSNorm,
  type BatchNormLayerOptions,
  type LayerNormLayerOptions,
  type RMSNormLayerOptions,
} from './layers/normalization.ts';
export { AvgPool2d, MaxPool2d } from './layers/pooling.ts';
export { Sequential, type Step } from './layers/sequential.ts';
export { ConvTranspose2d, type ConvTranspose2dLayerOptions } from './layers/transposed-convolution.ts';
export { bceWithLogits, type BceOptions } from './losses/bce-with-logits.ts';
export type { ClassLossOptions } from './losses/class-targets.ts';
export { crossEntropy, type CrossEntropyOptions } from './losses/cross-entropy.ts';
export { huberLoss, type HuberOptions } from './losses/huber.ts';
export { klDivergence, type KlDivergenceOptions } from './losses/kl-divergence.ts';
export { l1Loss } from './losses/l1.ts';
export { mseLoss } from './losses/mse.ts';
export { nllLoss } from './losses/nll.ts';
export type { LossOptions, LossReduction } from './losses/reduction.ts';
export { Module, StateDictError, type LayerOptions, type LoadReport, type StateDict } from './module.ts';
export { decodeSafetensors, type DecodeOptions, type Safetensors } from './safetensors/decode.ts';
export { encodeSafetensors } from './safetensors/encode.ts';
export { SafetensorsError } from './safetensors/format.ts';
