import { concat, formatShape, GradientError, isFloat, none, ones, stack, Tensor, zeros } from '@nadir/tensor';
import {
  historyOf,
  LeafHistory,
  nextSequence,
  recordPrimitive,
  type NodeHistory,
  type TapeHistory,
} from './history.ts';
import { activeCollector, inMode, isGradEnabled, noGrad } from './mode.ts';
import { gradientsAt } from './pass.ts';
import { flatten, mapLeaves, tensorsOf, type Flat, type GradientOf } from './tree.ts';

/** Which argument to differentiate by. */
export interface ArgumentOptions<Index extends number = number> {
  /** Position of the argument. Default 0. */
  readonly argument?: Index;
}

/** Options of {@link valueAndGrad} for a function that returns more than its value. */
export interface AuxOptions<Index extends number = number> extends ArgumentOptions<Index> {
  /** The function returns `[value, anything]`. Default false. */
  readonly hasAux: true;
}

/** A function run on fresh variables, and what is needed to differentiate it. */
interface Linearized<Result> {
  readonly result: Result;
  readonly flat: Flat;
  readonly variables: readonly TapeHistory[];
  /** Whether the result also depends on tensors outside that require gradients, so that gradients must have a history. */
  readonly isOpen: boolean;
}

/** A tensor of the same elements with a history of its own, which continues that of `x` where it has one. */
function variableFrom(x: Tensor, isRecorded: boolean): Tensor {
  const variable = x.detach();
  const link = isRecorded && x.history !== null ? recordPrimitive('copy', [x], none, variable) : null;
  variable.history = link ?? new LeafHistory(x.shape, x.dtype);
  return variable;
}

/** What the results depend on that was there before node number `start`, other than the variables themselves. */
function outsideOf(
  results: readonly Tensor[],
  variables: ReadonlySet<TapeHistory>,
  start: number,
): Set<TapeHistory> {
  const outside = new Set<TapeHistory>();
  const seen = new Set<TapeHistory>();
  const stack = results.map((result) => historyOf(result));
  while (stack.length > 0) {
    const history = stack.pop()!;
    if (history === null || seen.has(history)) continue;
    seen.add(history);
    const isInside = !history.isLeaf && (history as NodeHistory).sequence >= start;
    if (isInside) stack.push(...(history as NodeHistory).edges);
    else if (!variables.has(history)) outside.add(history);
  }
  return outside;
}

function linearize<Args extends readonly unknown[], Result>(
  op: string,
  f: (...args: Args) => Result,
  args: Args,
  argument: number,
): Linearized<Result> {
  if (argument < 0 || argument >= args.length) {
    throw new GradientError(
      `${op}(): argument ${argument} is to be differentiated by, got ${args.length} arguments.`,
    );
  }
  const isRecorded = isGradEnabled();
  const collector = activeCollector();
  const flat = flatten(op, args[argument]);
  const start = nextSequence();
  const { result, variables } = inMode(op, true, null, () => {
    const variables = flat.tensors.map((x) => variableFrom(x, isRecorded));
    const ownArgs = args.map((value, index) => (index === argument ? flat.rebuild(variables) : value));
    return { result: f(...(ownArgs as unknown as Args)), variables };
  });
  const histories = variables.map((variable) => historyOf(variable)!);
  const outside = isRecorded
    ? outsideOf(tensorsOf(result), new Set(histories), start)
    : new Set<TapeHistory>();
  // In the first run of a checkpoint nothing is recorded yet; what this depends on is noted for its second run.
  if (collector !== null)
    for (const history of outside) if (!collector.has(history)) collector.set(history, null);
  return { result, flat, variables: histories, isOpen: collector === null && outside.size > 0 };
}

/** Gradients with respect to all variables; zeros for those that `output` does not depend on. */
function pullBack(
  op: string,
  { flat, variables, isOpen }: Linearized<unknown>,
  output: Tensor,
  seed: Tensor,
  retainGraph: boolean,
): Tensor[] {
  const history = historyOf(output);
  const roots = history === null ? [] : [{ history, gradient: seed }];
  const found = gradientsAt(op, roots, new Set(variables), {
    createGraph: isOpen,
    retainGraph: retainGraph || isOpen,
  });
  return variables.map((variable, index) => {
    const { shape, dtype } = flat.tensors[index]!;
    return found.get(variable) ?? zeros(shape, { dtype });
  });
}

function checkScalar(op: string, value: unknown): asserts value is Tensor {
  if (value instanceof Tensor && value.size === 1 && isFloat(value.dtype)) return;
  const got = value instanceof Tensor ? `${value.dtype} ${formatShape(value.shape)}` : typeof value;
  throw new GradientError(
    `${op}(): the function must return a float tensor of one element, got ${got}. ` +
      'Reduce it with sum() or mean(), or use jacobian().',
  );
}

/**
 * The function that returns the gradient of `f` with respect to one of its arguments: a tensor, or tensors in nested arrays
 * and plain objects; the gradient has the same structure. Can be nested for higher orders. Gradients also flow on to tensors
 * outside that require them; where there are none, the result has no history.
 *
 * @param f returns a float tensor of one element
 * @throws GradientError if the argument holds anything else than float tensors, or `f` returns anything else
 * @example
 * ```ts
 * import { grad } from '@nadir/autograd';
 * import { tensor, type Tensor } from '@nadir/tensor';
 * const cube = (x: Tensor) => x.mul(x).mul(x);
 * grad(cube)(tensor(2)).item(); // => 12
 * grad(grad(cube))(tensor(2)).item(); // => 12
 * ```
 */
export function grad<Args extends readonly unknown[], Index extends number = 0>(
  f: (...args: Args) => Tensor,
  options: ArgumentOptions<Index> = {},
): (...args: Args) => GradientOf<Args[Index]> {
  return (...args) => {
    const linearized = linearize('grad', f, args, options.argument ?? 0);
    return gradientOfValue('grad', linearized, linearized.result) as GradientOf<Args[Index]>;
  };
}

function gradientOfValue(op: string, linearized: Linearized<unknown>, value: unknown): unknown {
  checkScalar(op, value);
  const seed = ones(value.shape, { dtype: value.dtype });
  return linearized.flat.rebuild(pullBack(op, linearized, value, seed, false));
}

/**
 * As {@link grad}, with the value: returns `[value, gradient]`, or `[[value, aux], gradient]` for a function that
 * returns `[value, aux]` and `hasAux: true`.
 *
 * @example
 * ```ts
 * import { valueAndGrad } from '@nadir/autograd';
 * import { tensor, type Tensor } from '@nadir/tensor';
 * const loss = (p: { w: Tensor; b: Tensor }, x: Tensor) => x.mul(p.w).add(p.b).square().sum();
 * const [value, gradient] = valueAndGrad(loss)({ w: tensor(2), b: tensor(1) }, tensor([1, 2]));
 * [value.item(), gradient.w.item(), gradient.b.item()]; // => [34, 26, 16]
 * ```
 */
export function valueAndGrad<Args extends readonly unknown[], Aux, Index extends number = 0>(
  f: (...args: Args) => readonly [value: Tensor, aux: Aux],
  options: AuxOptions<Index>,
): (...args: Args) => [[value: Tensor, aux: Aux], gradient: GradientOf<Args[Index]>];
export function valueAndGrad<Args extends readonly unknown[], Index extends number = 0>(
  f: (...args: Args) => Tensor,
  options?: ArgumentOptions<Index> & { readonly hasAux?: false },
): (...args: Args) => [value: Tensor, gradient: GradientOf<Args[Index]>];
export function valueAndGrad<Args extends readonly unknown[]>(
  f: (...args: Args) => unknown,
  { argument = 0, hasAux = false }: ArgumentOptions & { readonly hasAux?: boolean } = {},
): (...args: Args) => [unknown, unknown] {
  return (...args) => {
    const linearized = linearize('valueAndGrad', f, args, argument);
    const { result, isOpen } = linearized;
    if (hasAux && !(Array.isArray(result) && result.length === 2)) {
      throw new GradientError('valueAndGrad(): with hasAux the function must return [value, aux].');
    }
    const gradient = gradientOfValue('valueAndGrad', linearized, hasAux ? (result as [unknown])[0] : result);
    return [isOpen ? result : withoutHistory(result), gradient];
  };
}

function withoutHistory(tree: unknown): unknown {
  return mapLeaves(tree, (leaf) => (leaf instanceof Tensor ? leaf.detach() : leaf));
}

/**
 * The function that returns the Jacobian of `f` with respect to one tensor argument, of shape
 * `[...shape of the result, ...shape of the argument]`. Runs one backward pass per element of the result.
 *
 * @throws GradientError if the argument or the result is not a float tensor
 * @example
 * ```ts
 * import { jacobian } from '@nadir/autograd';
 * import { tensor, type Tensor } from '@nadir/tensor';
 * jacobian((x: Tensor) => x.mul(x))(tensor([1, 2])).toArray(); // => [[2, 0], [0, 4]]
 * ```
 */
export function jacobian<Args extends readonly unknown[]>(
  f: (...args: Args) => Tensor,
  { argument = 0 }: ArgumentOptions = {},
): (...args: Args) => Tensor {
  return (...args) => {
    const linearized = linearize('jacobian', f, args, argument);
    const { result: output, flat } = linearized;
    const variable = flat.tensors[0];
    if (
      variable === undefined ||
      args[argument] !== variable ||
      !(output instanceof Tensor) ||
      !isFloat(output.dtype)
    ) {
      throw new GradientError('jacobian(): the argument and the result must each be one float tensor.');
    }
    const shape = [...output.shape, ...variable.shape];
    if (output.size === 0) return zeros(shape, { dtype: variable.dtype });
    const rows = Array.from({ length: output.size }, (_, index) => {
      const seed = unitTensor(output, index);
      return pullBack('jacobian', linearized, output, seed, index < output.size - 1)[0]!;
    });
    return (linearized.isOpen ? stack(rows) : noGrad(() => stack(rows))).reshape(shape);
  };
}

/** Zeros as `like` with a one at row-major position `index`. */
function unitTensor(like: Tensor, index: number): Tensor {
  const before = zeros([index], { dtype: like.dtype });
  const one = ones([1], { dtype: like.dtype });
  const after = zeros([like.size - index - 1], { dtype: like.dtype });
  return concat([before, one, after]).reshape(like.shape);
}

/**
 * The function that returns the matrix of second derivatives of `f` with respect to one tensor argument, of shape
 * `[...shape, ...shape]`: the Jacobian of the gradient.
 *
 * @example
 * ```ts
 * import { hessian } from '@nadir/autograd';
 * import { tensor, type Tensor } from '@nadir/tensor';
 * hessian((x: Tensor) => x.prod())(tensor([2, 3])).toArray(); // => [[0, 1], [1, 0]]
 * ```
 */
export function hessian<Args extends readonly unknown[]>(
  f: (...args: Args) => Tensor,
  options: ArgumentOptions = {},
): (...args: Args) => Tensor {
  return jacobian(grad(f, options) as (...args: Args) => Tensor, options);
}
