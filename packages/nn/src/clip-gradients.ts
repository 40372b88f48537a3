import { noGrad } from '@nadir/autograd';
import { stack, tensor, ValueError, type Tensor } from '@nadir/tensor';

/**
 * Scales the gradients of `parameters` in place so that their joint 2-norm is at most `maxNorm`, and returns the norm
 * before that, a float64 scalar. As `torch.nn.utils.clip_grad_norm_`: the factor is min(1, maxNorm / (norm + 1e-6)).
 *
 * @throws ValueError for a negative `maxNorm`.
 */
export function clipGradNorm(parameters: Iterable<Tensor>, maxNorm: number): Tensor {
  if (!(maxNorm >= 0)) throw new ValueError(`clipGradNorm(): maxNorm must be at least 0, got ${maxNorm}.`);
  return noGrad(() => {
    const gradients = gradientsOf(parameters);
    if (gradients.length === 0) return tensor(0, { dtype: 'float64' });
    const squares = gradients.map((gradient) => gradient.square().sum().cast('float64'));
    const norm = stack(squares).sum().sqrt();
    const factor = norm.add(1e-6).reciprocal().mul(maxNorm).clamp(undefined, 1);
    for (const gradient of gradients) gradient.assign(gradient.mul(factor));
    return norm;
  });
}

/**
 * Limits every element of the gradients of `parameters` to ± `limit`, in place.
 *
 * @throws ValueError for a negative `limit`.
 */
export function clipGradValue(parameters: Iterable<Tensor>, limit: number): void {
  if (!(limit >= 0)) throw new ValueError(`clipGradValue(): limit must be at least 0, got ${limit}.`);
  noGrad(() => {
    for (const gradient of gradientsOf(parameters)) gradient.assign(gradient.clamp(-limit, limit));
  });
}

function gradientsOf(parameters: Iterable<Tensor>): Tensor[] {
  return Array.from(parameters, ({ grad }) => grad).filter((gradient) => gradient !== null);
}
