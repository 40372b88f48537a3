import { formatShape, GradientError, isFloat, sameShape, Tensor, zeros } from '@nadir/tensor';
import { CompositeNode } from './composite-node.ts';
import { historyOf } from './history.ts';
import { activeCollector, isGradEnabled, noGrad } from './mode.ts';
import { SavedTensor } from './saved-tensor.ts';
import { tensorsOf } from './tree.ts';

/** One gradient per result. */
export type ResultGradients<Output extends Tensor | readonly Tensor[]> = Output extends Tensor
  ? Tensor
  : { readonly [I in keyof Output]: Tensor };

/** What a custom function computes, and how gradients come back through it. */
export interface CustomFunction<
  Inputs extends readonly unknown[],
  Output extends Tensor | readonly Tensor[],
  Saved,
> {
  /** For messages. Default `customFunction`. */
  readonly name?: string;
  /** Computes the result, without recording, and what `backward` needs: tensors and anything else. */
  readonly forward: (...inputs: Inputs) => { readonly output: Output; readonly saved: Saved };
  /**
   * From the gradient of the result (of each, for an array) to those of the inputs, null where there is none; one gradient
   * alone stands for that of the first input. `wanted` says which are looked at. Written in tensor operations on the
   * gradient and on saved inputs and results, it can be differentiated again; other saved tensors count as constants.
   */
  readonly backward: (
    gradient: ResultGradients<Output>,
    saved: Saved,
    wanted: readonly boolean[],
  ) => Tensor | readonly (Tensor | null)[];
}

/**
 * A differentiable function with a gradient of one's own: where the formula is better known than the steps, or the gradient
 * is not the mathematical one. Inputs may be of any kind; tensors among them take part.
 *
 * @throws GradientError in the backward pass for gradients of wrong number, shape or dtype, and for saved tensors that were
 * changed in place
 * @example
 * ```ts
 * import { customFunction, parameter } from '@nadir/autograd';
 * import type { Tensor } from '@nadir/tensor';
 * // Rounds, with the gradient of the identity.
 * const roundStraightThrough = customFunction({
 *   forward: (x: Tensor) => ({ output: x.round(), saved: null }),
 *   backward: (gradient) => gradient,
 * });
 * const x = parameter([0.4, 1.7]);
 * roundStraightThrough(x).sum().backward();
 * x.grad?.toArray(); // => [1, 1]
 * ```
 */
export function customFunction<
  Inputs extends readonly unknown[],
  Output extends Tensor | readonly Tensor[],
  Saved,
>(definition: CustomFunction<Inputs, Output, Saved>): (...inputs: Inputs) => Output {
  const name = definition.name ?? 'customFunction';
  return (...inputs) => {
    const { output, saved } = noGrad(() => definition.forward(...inputs));
    const results: readonly Tensor[] = output instanceof Tensor ? [output] : output;
    const edges = inputs.map((input) => (input instanceof Tensor ? historyOf(input) : null));
    const isWanted = isGradEnabled() && edges.some((edge) => edge !== null);
    const collector = activeCollector();
    if (!isWanted || collector !== null) {
      if (isWanted) {
        edges.forEach(
          (edge, i) => edge !== null && collector!.set(edge, new SavedTensor(inputs[i] as Tensor)),
        );
      }
      return mapResults(output, (result) => (result.history === null ? result : result.detach()));
    }
    const kept = tensorsOf(saved).map((x) => new SavedTensor(x));
    const shared = new Set([...tensorsOf(saved), ...tensorsOf(inputs)].map((x) => x.storage));
    const node = new CompositeNode(name, edges, results[0]!, (arrived, wanted) => {
      kept.forEach((x) => x.read(name, 'a saved tensor'));
      const full = results.map(({ shape, dtype }, i) => arrived[i] ?? zeros(shape, { dtype }));
      const gradient = output instanceof Tensor ? full[0]! : full;
      const given = definition.backward(gradient as ResultGradients<Output>, saved, wanted);
      const gradients = given instanceof Tensor ? [given] : given;
      checkGradients(name, inputs, gradients);
      // A gradient that is a saved tensor itself must not become the storage of someone's `.grad`.
      return gradients.map((x) => (x !== null && shared.has(x.storage) ? x.clone() : x));
    });
    return mapResults(output, (result) => (isFloat(result.dtype) ? node.attach(result) : result));
  };
}

function mapResults<Output extends Tensor | readonly Tensor[]>(
  output: Output,
  replace: (result: Tensor) => Tensor,
): Output {
  return (output instanceof Tensor ? replace(output) : output.map(replace)) as Output;
}

function checkGradients(
  name: string,
  inputs: readonly unknown[],
  gradients: readonly (Tensor | null)[],
): void {
  if (gradients.length !== inputs.length && !(gradients.length === 1 && inputs.length > 0)) {
    throw new GradientError(
      `${name}(): backward must return one gradient per input, got ${gradients.length} for ${inputs.length} inputs. ` +
        'Return null for inputs without one.',
    );
  }
  gradients.forEach((gradient, i) => {
    const input = inputs[i];
    if (gradient === null) return;
    if (!(input instanceof Tensor)) {
      throw new GradientError(`${name}(): input ${i} is not a tensor, so its gradient must be null.`);
    }
    if (!sameShape(gradient.shape, input.shape) || gradient.dtype !== input.dtype) {
      throw new GradientError(
        `${name}(): the gradient of input ${i} must be ${input.dtype} ${formatShape(input.shape)} as the input, ` +
          `got ${gradient.dtype} ${formatShape(gradient.shape)}.`,
      );
    }
  });
}
