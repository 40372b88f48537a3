import { defaultGenerator, GradientError, isFloat, Tensor } from '@nadir/tensor';
import { CompositeNode } from './composite-node.ts';
import { historyOf } from './history.ts';
import { activeCollector, inMode, isGradEnabled, type Collector } from './mode.ts';
import { gradientsAt } from './pass.ts';

/**
 * Runs `f` without keeping its intermediate results, and runs it again in the backward pass (Chen et al. 2016): memory for
 * time. Parameters and other tensors that `f` captures receive their gradients too. The default generator draws the same
 * numbers in the second run, so dropout masks are equal; other host state that `f` changes is changed twice.
 *
 * @param f returns a tensor or an array of tensors, and computes the same when it runs again
 * @throws GradientError in the backward pass if a tensor that `f` used was changed in place since
 * @example
 * ```ts
 * import { checkpoint, parameter } from '@nadir/autograd';
 * const w = parameter([1, 2]);
 * const x = parameter([3, 4]);
 * checkpoint((x) => x.mul(w).exp().log(), x).sum().backward();
 * w.grad?.shape; // => [2]
 * ```
 */
export function checkpoint<Inputs extends readonly unknown[], Output extends Tensor | readonly Tensor[]>(
  f: (...inputs: Inputs) => Output,
  ...inputs: Inputs
): Output {
  // Inside another checkpoint's first run its own second run records this one.
  if (!isGradEnabled() || activeCollector() !== null) return f(...inputs);
  const generator = defaultGenerator();
  const random = generator.getState();
  const collector: Collector = new Map();
  const output = inMode('checkpoint', true, collector, () => f(...inputs));
  const outputs: readonly Tensor[] = output instanceof Tensor ? [output] : output;
  const first = outputs[0];
  if (collector.size === 0 || first === undefined) return output;
  // A tensor from outside that is returned as it is took part in no operation.
  for (const result of outputs) {
    const history = historyOf(result);
    if (history !== null && !collector.has(history)) collector.set(history, null);
  }
  const edges = [...collector.keys()];
  const saved = [...collector.values()];

  const runAgain = (): Output => {
    for (const x of saved) x?.read('checkpoint', 'a tensor that its function used');
    const now = generator.getState();
    generator.setState(random);
    try {
      return inMode('checkpoint', true, null, () => f(...inputs));
    } finally {
      generator.setState(now);
    }
  };

  const node = new CompositeNode('checkpoint', edges, first, (gradients, wanted) => {
    const again = runAgain();
    const all: readonly Tensor[] = again instanceof Tensor ? [again] : again;
    const results = all.filter(({ dtype }) => isFloat(dtype));
    if (results.length !== gradients.length) {
      throw new GradientError(
        `checkpoint(): the function must compute the same again, got ${results.length} float results and ` +
          `${gradients.length} before.`,
      );
    }
    const roots = results.flatMap((result, i) => {
      const history = historyOf(result);
      const gradient = gradients[i]!;
      if (history === null || gradient === null) return [];
      history.check('checkpoint', 'the gradient of the second run', gradient);
      return [{ history, gradient }];
    });
    const targets = new Set(edges.filter((_, i) => wanted[i]));
    const found = gradientsAt('checkpoint', roots, targets, {
      createGraph: isGradEnabled(),
      targetsAreEnds: true,
    });
    return edges.map((edge) => found.get(edge) ?? null);
  });
  const attach = (result: Tensor): Tensor => (isFloat(result.dtype) ? node.attach(result) : result);
  return (output instanceof Tensor ? attach(output) : output.map(attach)) as Output;
}
