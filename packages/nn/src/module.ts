import { parameter, requiresGrad } from '@nadir/autograd';
import { formatShape, Mode, NadirError, sameShape, ShapeError, Tensor, type FloatDType } from '@nadir/tensor';

/** Names and tensors, in the order in which the module made them. */
export type StateDict = Readonly<Record<string, Tensor>>;

/** What `loadStateDict()` did not use or did not find. */
export interface LoadReport {
  /** Names that the module has and the dictionary lacks. */
  readonly missing: readonly string[];
  /** Names that the dictionary has and the module lacks. */
  readonly unexpected: readonly string[];
}

/** A state dictionary that does not fit the module. */
export class StateDictError extends NadirError {
  override readonly name = 'StateDictError';
}

/** A module is a function: `model(x)` calls its `forward`. */
// A class cannot declare a call signature; `Callable` below makes it true.
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging
export interface Module<Inputs extends readonly unknown[] = [x: Tensor], Output = Tensor> {
  (...inputs: Inputs): Output;
}

let count = 0;

/** Names are in snake case, as torch's attributes are, so that files of weights can be exchanged. */
function stateName(property: string): string {
  return property.replaceAll(/(?<=[a-z0-9])[A-Z]+/g, (letters) => `_${letters.toLowerCase()}`);
}

function dotted(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}.${name}`;
}

/** The first of many names. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(', ');
  return names.length > 8 ? `[${shown} and ${names.length - 8} more]` : `[${shown}]`;
}

/** Makes the instances of derived classes functions that call `forward`; their fields then live on the function. */
class Callable {
  constructor() {
    const call = (...inputs: unknown[]): unknown =>
      (call as unknown as { forward(...inputs: unknown[]): unknown }).forward(...inputs);
    // oxlint-disable-next-line no-constructor-return
    return Object.setPrototypeOf(call, new.target.prototype) as Callable;
  }
}

/**
 * A part of a network that owns parameters, buffers and other modules. Public properties are found by themselves: a
 * tensor is a parameter unless it was made by `buffer()`, a module is a child, and arrays of either are looked through.
 * What is kept in `#private` fields is not part of the state. In dotted names a property `runningMean` is `running_mean`,
 * as in torch.
 *
 * @example
 * ```ts
 * import { parameter } from '@nadir/autograd';
 * import { Module } from '@nadir/nn';
 * import { tensor, type Tensor } from '@nadir/tensor';
 *
 * class Scale extends Module {
 *   readonly factor: Tensor = parameter(tensor([3]));
 *   override forward(x: Tensor): Tensor {
 *     return x.mul(this.factor);
 *   }
 * }
 *
 * const scale = new Scale();
 * scale(tensor([2])).item(); // => 6
 * ```
 */
export abstract class Module<
  Inputs extends readonly unknown[] = [x: Tensor],
  Output = Tensor,
> extends Callable {
  readonly #buffers = new Set<string>();
  readonly #training = new Mode<boolean>(`training of module ${count++}`, true);

  /** Computes the output. Call the module itself rather than this. */
  abstract forward(...inputs: Inputs): Output;

  /** True after `train()` and from the start, false after `eval()`. Dropout and batch normalization depend on it. */
  get training(): boolean {
    return this.#training.value;
  }

  /** Makes `value` part of the state without being trained, under `name`, and returns it for the property of that name. */
  protected buffer(name: string, value: Tensor): Tensor {
    this.#buffers.add(name);
    return value.detach();
  }

  /** Makes `value` a trained tensor: a leaf of the graph. */
  protected parameter(value: Tensor): Tensor {
    return parameter(value);
  }

  /** The modules that this one holds directly, with their names. */
  *namedChildren(): Generator<[string, Module<never, unknown>]> {
    for (const [property, value] of Object.entries(this)) {
      if (value instanceof Module) yield [stateName(property), value];
      else if (Array.isArray(value)) {
        for (const [index, item] of value.entries())
          if (item instanceof Module) yield [`${stateName(property)}.${index}`, item];
      }
    }
  }

  /** This module and all below it, depth first, each once, with dotted names; its own name is empty. */
  *namedModules(prefix = '', seen: Set<unknown> = new Set()): Generator<[string, Module<never, unknown>]> {
    if (seen.has(this)) return;
    seen.add(this);
    yield [prefix, this as unknown as Module<never, unknown>];
    for (const [name, child] of this.namedChildren()) yield* child.namedModules(dotted(prefix, name), seen);
  }

  /** All parameters with dotted names. A tensor that is held twice (tied weights) comes once, under its first name. */
  namedParameters(): Generator<[string, Tensor]> {
    return this.#each('parameter');
  }

  /** All buffers with dotted names, each once. */
  namedBuffers(): Generator<[string, Tensor]> {
    return this.#each('buffer');
  }

  /** All parameters, for an optimizer. */
  parameters(): Tensor[] {
    return Array.from(this.namedParameters(), ([, value]) => value);
  }

  /** All buffers. */
  buffers(): Tensor[] {
    return Array.from(this.namedBuffers(), ([, value]) => value);
  }

  /** Sets the training mode of this module and of all below it. */
  train(mode = true): this {
    for (const [, module] of this.namedModules()) module.#training.value = mode;
    return this;
  }

  /** Leaves the training mode: `train(false)`. */
  eval(): this {
    return this.train(false);
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const value of this.parameters()) if (value.requiresGrad) value.grad = null;
  }

  /** Freezes all parameters with `false`: no gradients, so that optimizers leave them alone. `true` thaws them. */
  requiresGrad(required = true): this {
    for (const value of this.parameters()) requiresGrad(value, required);
    return this;
  }

  /**
   * Parameters and buffers by dotted name, tied ones under each of their names. They share storage with the module:
   * `clone()` what must not change.
   *
   * @throws StateDictError where two properties have one name in snake case.
   */
  stateDict(): StateDict {
    return Object.fromEntries(
      Array.from(this.#state('stateDict'), ([name, value]) => [name, value.detach()]),
    );
  }

  /**
   * Copies a state dictionary into the parameters and buffers, casting dtypes. All names and shapes are checked before
   * anything changes.
   *
   * @throws StateDictError where names are missing or unexpected and `strict` (the default) holds; ShapeError where a
   * shape differs.
   */
  loadStateDict(state: StateDict, { strict = true }: { readonly strict?: boolean } = {}): LoadReport {
    const own = this.#state('loadStateDict');
    const missing = [...own.keys()].filter((name) => !Object.hasOwn(state, name));
    const unexpected = Object.keys(state).filter((name) => !own.has(name));
    if (strict && missing.length + unexpected.length > 0) {
      throw new StateDictError(
        `loadStateDict(): names must agree, missing ${listed(missing)}, unexpected ${listed(unexpected)}. ` +
          'Nothing was loaded. Pass { strict: false } to load what fits.',
      );
    }
    const pairs = [...own].filter(([name]) => Object.hasOwn(state, name));
    for (const [name, target] of pairs) {
      const { shape } = state[name]!;
      if (!sameShape(shape, target.shape)) {
        throw new ShapeError(
          `loadStateDict(): ${name} must have shape ${formatShape(target.shape)}, got ${formatShape(shape)}. ` +
            'Nothing was loaded.',
        );
      }
    }
    for (const [name, target] of pairs) target.assign(state[name]!);
    return { missing, unexpected };
  }

  /** What `toString()` shows between the parentheses. */
  protected describe(): string {
    return '';
  }

  /** The tree of modules, one a line, as torch prints it. */
  override toString(): string {
    const children = Array.from(this.namedChildren(), ([name, child]) => {
      return `  (${name}): ${child.toString().replaceAll('\n', '\n  ')}`;
    });
    const open = `${Object.getPrototypeOf(this).constructor.name}(${this.describe()}`;
    return children.length === 0 ? `${open})` : `${open}\n${children.join('\n')}\n)`;
  }

  static {
    // A module is a function, which Node's console.log() would show as such.
    Object.defineProperty(this.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: Module): string {
        return this.toString();
      },
    });
  }

  *#each(wanted: TensorKind): Generator<[string, Tensor]> {
    const seen = new Set<Tensor>();
    for (const [name, value, kind] of this.#tensors()) {
      if (kind !== wanted || seen.has(value)) continue;
      seen.add(value);
      yield [name, value];
    }
  }

  #state(op: string): Map<string, Tensor> {
    const state = new Map<string, Tensor>();
    for (const [name, value] of this.#tensors()) {
      if (state.has(name)) {
        throw new StateDictError(`${op}(): two properties are named ${name} in snake case. Rename one.`);
      }
      state.set(name, value);
    }
    return state;
  }

  /** Every tensor by every name that it has: a module that is held twice comes twice, one that holds itself once. */
  *#tensors(prefix = '', above: readonly unknown[] = []): Generator<[string, Tensor, TensorKind]> {
    for (const [property, value] of Object.entries(this)) {
      const name = dotted(prefix, stateName(property));
      const kind = this.#buffers.has(property) ? 'buffer' : 'parameter';
      if (value instanceof Tensor) yield [name, value, kind];
      else if (Array.isArray(value)) {
        for (const [index, item] of value.entries())
          if (item instanceof Tensor) yield [`${name}.${index}`, item, kind];
      }
    }
    const path = [...above, this];
    for (const [name, child] of this.namedChildren()) {
      if (!path.includes(child)) yield* child.#tensors(dotted(prefix, name), path);
    }
  }
}

type TensorKind = 'parameter' | 'buffer';

/** Options that layers with parameters share. */
export interface LayerOptions {
  /** Element type of the parameters. Default `float32`. */
  readonly dtype?: FloatDType;
}
