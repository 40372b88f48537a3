export { Adagrad, type AdagradOptions } from './adagrad.ts';
export { Adam, type AdamOptions } from './adam.ts';
export { AdamW } from './adamw.ts';
export {
  Optimizer,
  type GroupRecipe,
  type OptimizerDescription,
  type OptimizerOptions,
  type OptimizerState,
  type ParametersOf,
} from './optimizer.ts';
export {
  ParameterGroup,
  type GroupDescription,
  type GroupOptions,
  type HyperValues,
} from './parameter-group.ts';
export { RMSprop, type RMSpropOptions } from './rmsprop.ts';
export { SGD, type SGDOptions } from './sgd.ts';
export { chain, type Hyperparameters, type Slots, type Transform } from './transform.ts';
export { addDecayedWeights } from './transforms/add-decayed-weights.ts';
export { momentum, type MomentumOptions } from './transforms/momentum.ts';
export { scaleByAdam, type ScaleByAdamOptions } from './transforms/scale-by-adam.ts';
export { scaleByLearningRate } from './transforms/scale-by-learning-rate.ts';
export { scaleByRms, type ScaleByRmsOptions } from './transforms/scale-by-rms.ts';
export {
  scaleBySumOfSquares,
  type ScaleBySumOfSquaresOptions,
} from './transforms/scale-by-sum-of-squares.ts';
