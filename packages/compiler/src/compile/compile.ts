import {
  isRecording,
  ProgramError,
  ValueError,
  type Executor,
  type LoadedProgram,
  type Program,
  type Storage,
  type Tensor,
} from '@nadir/tensor';
import { wasmExecutor } from '../executor.ts';
import { readArguments, type Arguments } from './arguments.ts';
import { differenceOf } from './difference.ts';
import { holds, trace, type Trace, type Traced } from './trace.ts';
import { build } from './tree.ts';

/** Options of {@link compile}. */
export interface CompileOptions<Result = unknown> {
  /** What runs the programs. Default: `wasmExecutor`; `eagerExecutor` runs them on eager's own kernels. */
  readonly executor?: Executor;
  /** Leave the gradients of every call in `.grad`, as eager does, at the price of a copy of each. Default false. */
  readonly keepGrads?: boolean;
  /**
   * Whether a call counts, a bool scalar that is computed inside the step from its result, as `(loss) => loss.isFinite()`.
   * Where it is false the call returns its result and changes nothing: no state, no argument, no `.grad`, and no host effect
   * runs. Default: every call counts.
   */
  readonly commitIf?: (result: Result) => Tensor;
  /** Programs to keep, one per shapes, dtypes, constants and modes; the one used longest ago is disposed. Default 16. */
  readonly cacheSize?: number;
}

/** A compiled function: called as the original. */
export interface CompiledFunction<Args extends readonly unknown[], Result> {
  (...args: Args): Result;
  /** The programs in the cache, the one used last first. */
  readonly programs: readonly Program[];
  /** How many programs were traced so far. The check in the second call of each does not count. */
  readonly traces: number;
  /** Frees the programs; what they wrote stays. Calling the function afterwards is an error. */
  dispose(): void;
  [Symbol.dispose](): void;
}

interface Entry {
  readonly key: string;
  readonly trace: Trace;
  readonly loaded: LoadedProgram;
  calls: number;
  isVerified: boolean;
}

const droppedGradient =
  'grad: this gradient was a value inside a compiled step, which used it and did not keep it. ' +
  'Pass { keepGrads: true } to compile(), return it from the step, or call zeroGrad() first.';

/** A storage that is data of the call and also something that the program changes in another way, or null. */
function sharedStorage(
  { written, state, assigned, endings, inputs }: Trace,
  { values }: Arguments,
): Storage | null {
  for (const { storage } of values) if (written.has(storage)) return storage;
  for (const { slot, kind } of endings) {
    const updated = kind === 'update' ? slot.current!.storage : null;
    if (updated !== null && values.some(({ storage }) => storage === updated)) return updated;
  }
  for (const index of assigned) {
    const { storage } = values[index]!;
    const isArgument = values.some((other, position) => position !== index && other.storage === storage);
    const isGradient = inputs.some((slot) => slot.current!.storage === storage);
    if (isArgument || isGradient || state.includes(storage)) return storage;
  }
  return null;
}

class CompiledStep {
  traces = 0;
  readonly #traced: Traced;
  readonly #executor: Executor;
  readonly #cacheSize: number;
  /** The one used last comes first. */
  #entries: Entry[] = [];
  /** Storages of arguments that a program changes by another way too. */
  readonly #shared = new WeakSet<Storage>();
  #isDisposed = false;

  constructor(
    fn: (...args: readonly unknown[]) => unknown,
    { executor = wasmExecutor, keepGrads = false, commitIf, cacheSize = 16 }: CompileOptions,
  ) {
    if (!Number.isInteger(cacheSize) || cacheSize < 1) {
      throw new ValueError(`compile(): cacheSize must be a whole number of at least 1, got ${cacheSize}.`);
    }
    this.#traced = { fn, keepGrads, commitIf: commitIf ?? null };
    this.#executor = executor;
    this.#cacheSize = cacheSize;
  }

  get programs(): readonly Program[] {
    return this.#entries.map((entry) => entry.trace.program);
  }

  call(args: readonly unknown[]): unknown {
    if (this.#isDisposed) {
      throw new ProgramError(
        'compile(): the step was disposed and cannot be called. Compile the function again.',
      );
    }
    if (isRecording()) return this.#inline(args);
    for (;;) {
      const call = readArguments(args, this.#shared);
      let entry = this.#find(call.key);
      const current = entry?.trace ?? trace(this.#traced, call);
      const shared = sharedStorage(current, call);
      if (shared !== null) {
        this.#shared.add(shared);
        continue;
      }
      if (entry === undefined) entry = this.#add(call.key, current);
      else if (!entry.isVerified) this.#verify(entry, call);
      return this.#run(entry, call);
    }
  }

  dispose(): void {
    this.#isDisposed = true;
    for (const { loaded } of this.#entries) loaded.dispose();
    this.#entries = [];
  }

  /** Inside another recording it is a part of that program. */
  #inline(args: readonly unknown[]): unknown {
    if (this.#traced.commitIf !== null) {
      throw new ProgramError(
        'compile(): a step with commitIf cannot be a part of another one, whose changes it would have to take back. ' +
          'Pass commitIf to the outer compile().',
      );
    }
    return this.#traced.fn(...args);
  }

  #find(key: string): Entry | undefined {
    const index = this.#entries.findIndex((entry) => entry.key === key && holds(entry.trace));
    if (index > 0) this.#entries.unshift(...this.#entries.splice(index, 1));
    return index < 0 ? undefined : this.#entries[0];
  }

  #add(key: string, trace: Trace): Entry {
    const loaded = this.#executor.load(trace.program);
    this.traces++;
    const entry: Entry = { key, trace, loaded, calls: 0, isVerified: false };
    this.#entries.unshift(entry);
    while (this.#entries.length > this.#cacheSize) this.#entries.pop()!.loaded.dispose();
    return entry;
  }

  /** Traces again in the second call: what a program takes for constant must not have moved. */
  #verify(entry: Entry, call: Arguments): void {
    if (entry.calls === 0) return;
    const difference = differenceOf(entry.trace, trace(this.#traced, call));
    if (difference !== null) {
      throw new ProgramError(
        `compile(): the step must do the same in every call, but ${difference}. Pass what changes as an argument ` +
          '(a tensor, since a number traces another program per value), or keep it in a tensor outside and assign() to it.',
      );
    }
    entry.isVerified = true;
  }

  #run(entry: Entry, { values }: Arguments): unknown {
    const { state, inputs, output, assigned, outputs, condition, endings, effects } = entry.trace;
    const gradients = inputs.map((slot) => slot.current!.detach());
    const results = entry.loaded.run([...values, ...gradients], state);
    entry.calls++;
    if (condition !== null && results[condition]!.storage.read()[0] === 0) return build(output, results);
    for (const [position, index] of assigned.entries()) values[index]!.assign(results[outputs + position]!);
    for (const ending of endings) {
      const { slot, kind } = ending;
      if (kind === 'store') slot.value = results[ending.result]!;
      else if (kind === 'update') slot.current!.assign(results[ending.result]!);
      else if (kind === 'point') slot.value = ending.tensor;
      else if (kind === 'empty') slot.value = null;
      else slot.drop(droppedGradient);
    }
    for (const run of effects) run();
    return build(output, results);
  }
}

/**
 * Makes a function over tensors one program: the training step with its backward pass and update, an evaluation, anything
 * that is written in tensor operations. The first call runs `fn` once with symbolic tensors, records what it does and runs
 * that; later calls do not run `fn`, but for the second, which traces it again and throws if it has changed. Other shapes,
 * dtypes, numbers or modes (`model.eval()`, a frozen parameter) trace another program over the same state.
 *
 * Arguments and results are tensors, numbers, booleans, strings and null in nested arrays and plain objects. All that is not a tensor is
 * a constant of the program. Tensors from outside are read anew in every call, and written in place; results are copies without
 * history. A gradient that the step itself uses is not left in `.grad`, one that it only computes or adds to is. What `fn`
 * does on the host beside tensors (printing, counting) happens in the first two calls only.
 *
 * @throws ProgramError where `fn` is async, reads elements (`item()`), has results whose shape depends on values, or does
 * something else in its second call; nothing has changed then
 * @example
 * ```ts
 * import { parameter } from '@nadir/autograd';
 * import { compile } from '@nadir/compiler';
 * import { SGD } from '@nadir/optimizers';
 * import { tensor, type Tensor } from '@nadir/tensor';
 * const w = parameter([1, 2]);
 * const optimizer = new SGD([w], { lr: 0.5 });
 * const step = compile((x: Tensor) => {
 *   optimizer.zeroGrad();
 *   const loss = w.mul(x).sum();
 *   loss.backward();
 *   optimizer.step();
 *   return loss;
 * });
 * step(tensor([2, 4])).item(); // => 10
 * w.toArray(); // => [0, 0]
 * ```
 */
export function compile<Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
  options: CompileOptions<NoInfer<Result>> = {},
): CompiledFunction<Args, Result> {
  const step = new CompiledStep(
    fn as unknown as (...args: readonly unknown[]) => unknown,
    options as CompileOptions,
  );
  const dispose = (): void => step.dispose();
  return Object.defineProperties((...args: Args) => step.call(args), {
    programs: { get: () => step.programs },
    traces: { get: () => step.traces },
    dispose: { value: dispose },
    [Symbol.dispose]: { value: dispose },
  }) as unknown as CompiledFunction<Args, Result>;
}
