import { formatShape, GradientError, Tensor, type BackwardOptions } from '@nadir/tensor';
import { historyOf, seedOf, type TapeHistory } from './history.ts';
import { gradientsAt, type Root } from './pass.ts';

/** Options of {@link gradients}. */
export interface GradientsOptions extends BackwardOptions {
  /** Per output the gradient to start from, of its shape. Default: 1 for outputs of one element; others need one. */
  readonly seeds?: readonly (Tensor | undefined)[];
  /** Return null for an input that the outputs do not depend on, instead of throwing. Default false. */
  readonly allowUnused?: boolean;
}

/**
 * Gradients of outputs (of their sum, weighted by the seeds) with respect to inputs, which may be parameters or
 * intermediate results. No `.grad` is touched. As `torch.autograd.grad`.
 *
 * @throws GradientError for tensors without history, missing or wrong seeds, a freed graph, and inputs that the outputs
 * do not depend on
 * @example
 * ```ts
 * import { gradients, parameter } from '@nadir/autograd';
 * const x = parameter([2]);
 * const y = x.mul(x).mul(x);
 * const [slope] = gradients(y, [x], { createGraph: true });
 * const [curvature] = gradients(slope, [x]);
 * [slope.item(), curvature.item()]; // => [12, 12]
 * ```
 */
export function gradients<const Inputs extends readonly Tensor[]>(
  outputs: Tensor | readonly Tensor[],
  inputs: Inputs,
  options: GradientsOptions & { readonly allowUnused: true },
): { -readonly [I in keyof Inputs]: Tensor | null };
export function gradients<const Inputs extends readonly Tensor[]>(
  outputs: Tensor | readonly Tensor[],
  inputs: Inputs,
  options?: GradientsOptions,
): { -readonly [I in keyof Inputs]: Tensor };
export function gradients(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  { seeds = [], allowUnused = false, ...options }: GradientsOptions = {},
): (Tensor | null)[] {
  const results = outputs instanceof Tensor ? [outputs] : outputs;
  if (seeds.length > results.length) {
    throw new GradientError(
      `gradients(): needs at most one seed per output, got ${seeds.length} for ${results.length}.`,
    );
  }
  const roots = results.map((output, index): Root => {
    const history = needHistory('output', index, output);
    return { history, gradient: seedOf('gradients', output, seeds[index]) };
  });
  const targets = inputs.map((input, index) => needHistory('input', index, input));
  const found = gradientsAt('gradients', roots, new Set(targets), options);
  return targets.map((target, index) => {
    const gradient = found.get(target) ?? null;
    if (gradient === null && !allowUnused) {
      throw new GradientError(
        `gradients(): input ${index} of shape ${formatShape(target.shape)} is not used by the outputs. ` +
          'Pass { allowUnused: true } to get null for it.',
      );
    }
    return gradient;
  });
}

function needHistory(what: string, index: number, x: Tensor): TapeHistory {
  const history = historyOf(x);
  if (history !== null) return history;
  throw new GradientError(
    `gradients(): ${what} ${index} of shape ${formatShape(x.shape)} has no history. ` +
      'Make the inputs with parameter() or requiresGrad() before the outputs are computed, outside noGrad().',
  );
}
