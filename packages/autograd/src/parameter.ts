import {
  formatShape,
  GradientError,
  isFloat,
  tensor,
  Tensor,
  type FloatDType,
  type TensorData,
} from '@nadir/tensor';
import { LeafHistory } from './history.ts';

/** Options of {@link parameter}. */
export interface ParameterOptions {
  /** Default: that of a tensor or typed array, `float32` for nested arrays. */
  readonly dtype?: FloatDType;
}

function leaf(op: string, x: Tensor): LeafHistory {
  if (!isFloat(x.dtype)) {
    throw new GradientError(
      `${op}(): gradients need float32 or float64, got ${x.dtype} of shape ${formatShape(x.shape)}. Cast it first.`,
    );
  }
  return new LeafHistory(x.shape, x.dtype);
}

/**
 * A tensor to be trained: a leaf whose `.grad` fills in `backward()`. A tensor is shared, not copied (as torch's
 * `nn.Parameter`): the parameter is a new tensor over the same storage, without the history of the old one. Nested
 * arrays and typed arrays are copied.
 *
 * @param options `dtype`: a tensor of another dtype is cast, and so copied
 * @throws GradientError for integers and bool
 * @example
 * ```ts
 * import { parameter } from '@nadir/autograd';
 * const w = parameter([1, 2]);
 * w.mul(w).sum().backward();
 * w.grad?.toArray(); // => [2, 4]
 * ```
 */
export function parameter(data: Tensor | TensorData, options: ParameterOptions = {}): Tensor {
  const source = data instanceof Tensor ? data.detach() : tensor(data, options);
  const x = options.dtype === undefined ? source : source.cast(options.dtype);
  x.history = leaf('parameter', x);
  return x;
}

/**
 * Turns recording for a tensor that the user made on or off, in place, and returns it: `requiresGrad(w, false)` freezes a
 * parameter and forgets its gradient and hooks. A tensor that is on already is left as it is.
 *
 * @throws GradientError for integers and bool, and for turning off the result of an operation
 * @example
 * ```ts
 * import { requiresGrad } from '@nadir/autograd';
 * import { tensor } from '@nadir/tensor';
 * const x = requiresGrad(tensor([3]));
 * x.square().backward();
 * x.grad?.item(); // => 6
 * ```
 */
export function requiresGrad(x: Tensor, required = true): Tensor {
  if (x.requiresGrad === required) return x;
  if (required) {
    x.history = leaf('requiresGrad', x);
  } else {
    if (!isLeaf(x)) {
      throw new GradientError(
        `requiresGrad(): only a leaf can be turned off, got the result of an operation of shape ${formatShape(x.shape)}. ` +
          'Use detach() for a tensor without history.',
      );
    }
    x.history = null;
  }
  return x;
}

/** True for a tensor that the user made, or that was computed without recording; false for a recorded result. */
export function isLeaf(x: Tensor): boolean {
  return x.history === null || x.history.isLeaf;
}
