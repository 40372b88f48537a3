import { noGrad } from '@nadir/autograd';
import { stack, tensor, ValueError, type Tensor } from '@nadir/tensor';

/**
 * Scales the gradients of `parameters` so that their joint 2-norm is at most `maxNorm`, and returns the norm before that, a
 * float64 scalar. As `torch.nn.utils.clip_grad_norm_`: the factor is min(1, maxNorm / (norm + 1e-6)).
 *
 * @throws ValueError for a negative `maxNorm`.
 *
 * @example
 * ```ts
 * import { parameter } from '@nadir/autograd';
 * import { clipGradNorm } from '@nadir/nn';
 * const w = parameter([3, 4]);
 * w.square().sum().mul(0.5).backward();
 * clipGradNorm([w], 1).item(); // => 5
 * w.grad!.mul(10).round().toArray(); // => [6, 8]
 * ```
 */
export function clipGradNorm(parameters: Iterable<Tensor>, maxNorm: number): Tensor {
  if (!(maxNorm >= 0)) throw new ValueError(`clipGradNorm(): maxNorm must be at least 0, got ${maxNorm}.`);
  return noGrad(() => {
    const withGradient = filled(parameters);
    if (withGradient.length === 0) return tensor(0, { dtype: 'float64' });
    const squares = withGradient.map(({ grad }) => grad!.square().sum().cast('float64'));
    const norm = stack(squares).sum().sqrt();
    const factor = norm.add(1e-6).reciprocal().mul(maxNorm).clamp(undefined, 1);
    for (const parameter of withGradient) parameter.grad = parameter.grad!.mul(factor);
    return norm;
  });
}

/**
 * Limits every element of the gradients of `parameters` to ± `limit`.
 *
 * @throws ValueError for a negative `limit`.
 *
 * @example
 * ```ts
 * import { parameter } from '@nadir/autograd';
 * import { clipGradValue } from '@nadir/nn';
 * const w = parameter([3, -4]);
 * w.square().sum().mul(0.5).backward();
 * clipGradValue([w], 3.5);
 * w.grad!.toArray(); // => [3, -3.5]
 * ```
 */
export function clipGradValue(parameters: Iterable<Tensor>, limit: number): void {
  if (!(limit >= 0)) throw new ValueError(`clipGradValue(): limit must be at least 0, got ${limit}.`);
  noGrad(() => {
    for (const parameter of filled(parameters)) {
      parameter.grad = parameter.grad!.clamp(-limit, limit);
    }
  });
}

/**
 * The parameters that have a gradient. It is replaced and never changed in place: two parameters may hold the same one,
 * and the elements of one that was expanded share their place.
 */
function filled(parameters: Iterable<Tensor>): Tensor[] {
  return [...parameters].filter(({ grad }) => grad !== null);
}
