import { concat, formatShape, GradientError, isFloat, NadirError, tensor, type Tensor } from '@nadir/tensor';
import { gradients } from '../gradients.ts';
import { enableGrad, noGrad } from '../mode.ts';
import { parameter } from '../parameter.ts';

/** Options of {@link checkGradients}. */
export interface CheckGradientsOptions {
  /** Half the distance of the two points of a central difference. Default 1e-6. */
  readonly eps?: number;
  /** |analytic − numeric| ≤ absolute + relative · |numeric|. Default 1e-6 and 1e-6. */
  readonly tolerance?: { readonly relative?: number; readonly absolute?: number };
  /** 1 checks the gradient, 2 also the gradient of the gradient. Default 1. */
  readonly order?: number;
}

/** An analytic gradient that finite differences do not confirm. */
export class GradientCheckError extends NadirError {
  override readonly name = 'GradientCheckError';
}

type Differentiable = (...inputs: Tensor[]) => Tensor;

interface Mismatch {
  readonly input: number;
  readonly index: string;
  readonly analytic: number;
  readonly numeric: number;
}

/** Fixed weights without a pattern, of both signs and away from zero: a wrong gradient does not cancel in their sum. */
function weightsFor(output: Tensor, salt: number): Tensor {
  const values = Float64Array.from({ length: output.size }, (_, i) => {
    const fraction = ((i + 1) * 0.618_033_988_75 + salt * 0.414_213_56) % 1;
    return (fraction < 0.5 ? -1 : 1) * (0.5 + fraction);
  });
  return tensor(values).reshape(output.shape);
}

function weighted(f: Differentiable, salt: number): Differentiable {
  return (...inputs) => {
    const output = f(...inputs);
    return output.mul(weightsFor(output, salt)).sum();
  };
}

/** All first derivatives of `f`, weighted and summed, as one vector. */
function slopesOf(f: Differentiable): Differentiable {
  const value = weighted(f, 1);
  return (...inputs) => {
    const floats = inputs.filter((x) => isFloat(x.dtype));
    const sum = enableGrad(() => value(...inputs));
    const options = { createGraph: true, allowUnused: true } as const;
    const parts = sum.history === null ? [] : gradients(sum, floats, options);
    return concat(floats.map((x, i) => (parts[i] ?? x.mul(0)).reshape([x.size])));
  };
}

function indexOf(flat: number, shape: readonly number[]): string {
  const index: number[] = [];
  let rest = flat;
  for (const size of shape.toReversed()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return formatShape(index);
}

function compare(
  f: Differentiable,
  inputs: readonly Tensor[],
  eps: number,
  relative: number,
  absolute: number,
): Mismatch[] {
  const value = weighted(f, 0);
  const variables = inputs.map((x) => (isFloat(x.dtype) ? parameter(x) : x));
  const floats = variables.filter((x) => isFloat(x.dtype));
  const result = value(...variables);
  const analytic = result.history === null ? [] : gradients(result, floats, { allowUnused: true });
  const mismatches: Mismatch[] = [];
  variables.forEach((x, input) => {
    if (!isFloat(x.dtype)) return;
    const slope = analytic[floats.indexOf(x)]?.data;
    const data = Float64Array.from(x.data);
    for (let i = 0; i < data.length; i++) {
      const at = (shift: number): number => {
        const moved = data.slice();
        moved[i]! += shift;
        const point = tensor(moved).reshape(x.shape);
        // Slopes are gradients themselves: they need variables even though nothing outside is recorded.
        const others = variables.map((other) => (isFloat(other.dtype) ? parameter(other) : other));
        others[input] = parameter(point);
        return noGrad(() => value(...others)).item();
      };
      const numeric = (at(eps) - at(-eps)) / (2 * eps);
      const own = slope === undefined ? 0 : slope[i]!;
      if (!(Math.abs(own - numeric) <= absolute + relative * Math.abs(numeric))) {
        mismatches.push({ input, index: indexOf(i, x.shape), analytic: own, numeric });
      }
    }
  });
  return mismatches;
}

/**
 * Compares the gradients of `f` with central differences, by a fixed weighted sum of the result's elements. Integer
 * inputs are passed on as they are. Choose inputs away from kinks and jumps.
 *
 * @param inputs float64, or integer; views are differentiated as views
 * @throws GradientCheckError that lists the first elements that differ
 * @throws GradientError for float32 inputs or results: differences need float64
 * @example
 * ```ts
 * import { checkGradients } from '@nadir/autograd/testing';
 * import { tensor } from '@nadir/tensor';
 * checkGradients((x) => x.sin().mul(x), [tensor([0.3, 2], { dtype: 'float64' })], { order: 2 });
 * ```
 */
export function checkGradients(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  { eps = 1e-6, tolerance = {}, order = 1 }: CheckGradientsOptions = {},
): void {
  const { relative = 1e-6, absolute = 1e-6 } = tolerance;
  for (const x of [...inputs, noGrad(() => f(...inputs))]) {
    if (x.dtype !== 'float32') continue;
    throw new GradientError(
      `checkGradients(): inputs and result must be float64, got float32 of shape ${formatShape(x.shape)}. Cast the inputs first.`,
    );
  }
  let derivative = f;
  for (let n = 1; n <= order; n++) {
    if (n > 1) derivative = slopesOf(derivative);
    const mismatches = compare(derivative, inputs, eps, relative, absolute);
    if (mismatches.length === 0) continue;
    const lines = mismatches.slice(0, 8).map(({ input, index, analytic, numeric }) => {
      return `  input ${input} at ${index}: analytic ${analytic}, numeric ${numeric}`;
    });
    const more = mismatches.length > 8 ? [`  and ${mismatches.length - 8} more`] : [];
    throw new GradientCheckError(
      [
        `checkGradients(): order ${n} must agree with finite differences within ${relative} relative and ${absolute} absolute, ` +
          `got ${mismatches.length} elements that do not.`,
        ...lines,
        ...more,
      ].join('\n'),
    );
  }
}
