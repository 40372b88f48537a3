export { checkpoint } from './checkpoint.ts';
export { customFunction, type CustomFunction, type ResultGradients } from './custom-function.ts';
export {
  grad,
  hessian,
  jacobian,
  valueAndGrad,
  type ArgumentOptions,
  type AuxOptions,
} from './functional.ts';
export { gradients, type GradientsOptions } from './gradients.ts';
export { enableGrad, isGradEnabled, noGrad } from './mode.ts';
export { isLeaf, parameter, requiresGrad, type ParameterOptions } from './parameter.ts';
export type { GradientOf } from './tree.ts';
