export { checkGradients, GradientCheckError, type CheckGradientsOptions } from './check-gradients.ts';
