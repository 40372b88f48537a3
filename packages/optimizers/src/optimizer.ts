import { noGrad } from '@nadir/autograd';
import { constant, resolveSchedule, type ScheduleInput } from '@nadir/schedulers';
import { effect, formatShape, NadirError, sameShape, ShapeError, Tensor, ValueError } from '@nadir/tensor';
import { checkNonNegative } from './option-check.ts';
import {
  ParameterGroup,
  type GroupDescription,
  type GroupOptions,
  type HyperValues,
} from './parameter-group.ts';
import type { Hyperparameters, Transform } from './transform.ts';

/** Options that every optimizer has. */
export interface OptimizerOptions {
  /** Learning rate, ≥ 0. */
  readonly lr?: number;
  /** Factor of the learning rate by the number of `lrStep()` calls, or the short name of one. Default: constant. */
  readonly lrSchedule?: ScheduleInput;
  /** Go up the gradient. Default false. */
  readonly maximize?: boolean;
}

/** What an optimizer takes first: parameters, or groups of them with options of their own. */
export type ParametersOf<Options> = Iterable<Tensor> | Iterable<GroupOptions<Options>>;

/** What an optimizer makes of the options of a group, defaults filled in and checked. */
export interface GroupRecipe<Names extends string> {
  readonly transform: Transform<Names | 'lr'>;
  /** The hyper-parameters that the transform reads, and no others. */
  readonly hyper: HyperValues<Names, number>;
  /** Choices that are fixed with the transform, for descriptions. */
  readonly flags?: Readonly<Record<string, boolean>>;
}

/** Names and tensors of everything that an optimizer changes. */
export type OptimizerState = Readonly<Record<string, Tensor>>;

/** What an optimizer is, as JSON, for reports. */
export interface OptimizerDescription {
  readonly name: string;
  readonly groups: readonly GroupDescription[];
}

interface Member<Names extends string> {
  readonly group: ParameterGroup<Names>;
  readonly transform: Transform<Names | 'lr'>;
  readonly maximize: boolean;
}

function isTensors<Options>(items: readonly (Tensor | GroupOptions<Options>)[]): items is readonly Tensor[] {
  return items.every((item) => item instanceof Tensor);
}

/** The first of many names. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(', ');
  return names.length > 8 ? `[${shown} and ${names.length - 8} more]` : `[${shown}]`;
}

/**
 * The shape that all optimizers share: `zeroGrad()`, `step()`, `lrStep()`, parameter groups and a state dictionary. An
 * optimizer is a class that says how its options become a chain of transforms.
 *
 * @example
 * ```ts
 * import { parameter } from '@nadir/autograd';
 * import { chain, Optimizer, scaleByLearningRate, type GroupRecipe, type OptimizerOptions } from '@nadir/optimizers';
 * import type { Tensor } from '@nadir/tensor';
 *
 * class SignDescent extends Optimizer<OptimizerOptions, never> {
 *   constructor(params: Iterable<Tensor>, options: OptimizerOptions = {}) {
 *     super('SignDescent', params, options);
 *   }
 *   protected override recipe({ lr = 0.01 }: OptimizerOptions): GroupRecipe<never> {
 *     const sign = { init: () => ({}), update: (gradient: Tensor) => gradient.sign() };
 *     return { transform: chain(sign, scaleByLearningRate()), hyper: { lr } };
 *   }
 * }
 *
 * const w = parameter([3, -4]);
 * const optimizer = new SignDescent([w], { lr: 1 });
 * w.square().sum().backward();
 * optimizer.step();
 * w.toArray(); // => [2, -3]
 * ```
 */
export abstract class Optimizer<Options extends OptimizerOptions, Names extends string = string> {
  readonly #name: string;
  readonly #defaults: Options;
  readonly #members: Member<Names>[] = [];

  constructor(name: string, params: ParametersOf<Options>, defaults: Options) {
    this.#name = name;
    this.#defaults = defaults;
    const items: readonly (Tensor | GroupOptions<Options>)[] = [...params];
    if (items.length === 0) {
      throw new ValueError(`${name}(): needs at least one parameter, got none. Pass model.parameters().`);
    }
    if (isTensors<Options>(items)) this.addParamGroup({ params: items } as unknown as GroupOptions<Options>);
    else for (const item of items) this.addParamGroup(item as GroupOptions<Options>);
  }

  static {
    // What Node's console.log() shows.
    Object.defineProperty(this.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: Optimizer<OptimizerOptions>): string {
        return this.toString();
      },
    });
  }

  /** How options become transforms and hyper-parameters. Called once per group; checks the options. */
  protected abstract recipe(options: Options): GroupRecipe<Names>;

  /** The groups, in the order in which they were given. There is at least one. */
  get paramGroups(): readonly [ParameterGroup<Names>, ...ParameterGroup<Names>[]] {
    return this.#members.map(({ group }) => group) as [ParameterGroup<Names>, ...ParameterGroup<Names>[]];
  }

  /**
   * Adds parameters with options of their own; what is left out comes from the optimizer's. The group's schedule starts at
   * its beginning.
   *
   * @throws ValueError for a parameter that is in a group already or is no leaf, and for options out of range.
   */
  addParamGroup(options: GroupOptions<Options>): void {
    if (
      typeof options !== 'object' ||
      options === null ||
      options instanceof Tensor ||
      !('params' in options)
    ) {
      const got = options instanceof Tensor ? 'a tensor among groups' : typeof options;
      throw new ValueError(`${this.#name}(): a group must be { params, …options }, got ${got}.`);
    }
    const { params, ...own } = options;
    const merged = { ...this.#defaults, ...own } as unknown as Options;
    const { transform, hyper, flags } = this.recipe(merged);
    checkNonNegative(this.#name, 'lr', hyper.lr);
    const list = [...params];
    const known = new Set(this.#members.flatMap(({ group }) => group.params));
    for (const [index, parameter] of list.entries()) {
      this.#checkParameter(parameter, index);
      if (known.has(parameter)) {
        throw new ValueError(
          `${this.#name}(): parameter ${index} of shape ${formatShape(parameter.shape)} comes twice.`,
        );
      }
      known.add(parameter);
    }
    const slots = list.map((parameter) => transform.init(parameter));
    const schedule = merged.lrSchedule === undefined ? constant() : resolveSchedule(merged.lrSchedule);
    const maximize = merged.maximize ?? false;
    const group = new ParameterGroup<Names>(list, slots, hyper, schedule, { ...flags, maximize });
    this.#members.push({ group, transform, maximize });
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const { group } of this.#members) {
      for (const parameter of group.params) if (parameter.requiresGrad) parameter.grad = null;
    }
  }

  /** Updates every parameter that has a gradient, in place; others keep their state as well. */
  step(): void {
    noGrad(() => {
      for (const { group, transform, maximize } of this.#members) {
        // The recipe has a value for every hyper-parameter that its transform reads.
        const hyper = group.hyper as Hyperparameters<Names | 'lr'>;
        const { params, slots } = group;
        for (let index = 0; index < params.length; index++) {
          const parameter = params[index]!;
          const gradient = parameter.grad;
          if (gradient === null) continue;
          const descent = maximize ? gradient.neg() : gradient;
          const update = transform.update(descent, parameter, slots[index]!, hyper);
          parameter.assign(parameter.add(update));
        }
      }
    });
  }

  /** Moves the learning-rate schedule of every group one step on. Inside a compiled step it happens after each call. */
  lrStep(): void {
    effect(() => {
      for (const { group } of this.#members) group.advance();
    });
  }

  /** Moments, step counts, hyper-parameters and positions of schedules, as copies by name. */
  stateDict(): OptimizerState {
    return Object.fromEntries(Array.from(this.#namedState(), ([name, value]) => [name, value.clone()]));
  }

  /**
   * Takes the state over from `stateDict()` of an optimizer with the same groups and options; the next steps are then those
   * that the other would have taken.
   *
   * @throws NadirError where names are missing or unexpected, ShapeError where a shape differs. Everything is checked
   * before anything changes.
   */
  loadStateDict(state: OptimizerState): void {
    const own = new Map(this.#namedState());
    const missing = [...own.keys()].filter((name) => !Object.hasOwn(state, name));
    const unexpected = Object.keys(state).filter((name) => !own.has(name));
    if (missing.length + unexpected.length > 0) {
      throw new NadirError(
        `loadStateDict(): the state is of another optimizer, missing ${listed(missing)}, ` +
          `unexpected ${listed(unexpected)}. Build the optimizer with the same groups and options first.`,
      );
    }
    for (const [name, target] of own) {
      const { shape } = state[name]!;
      if (!sameShape(shape, target.shape)) {
        throw new ShapeError(
          `loadStateDict(): ${name} must have shape ${formatShape(target.shape)}, got ${formatShape(shape)}. ` +
            'Nothing was loaded.',
        );
      }
    }
    for (const [name, target] of own) target.assign(state[name]!);
  }

  /** Name, hyper-parameters and schedules: `JSON.stringify(optimizer)`. */
  toJSON(): OptimizerDescription {
    return { name: this.#name, groups: this.#members.map(({ group }) => group.toJSON()) };
  }

  /** The call that makes it, with the hyper-parameters as they are now; one line a group where there are several. */
  toString(): string {
    const groups = this.#members.map(({ group }) => group.toString());
    return groups.length === 1
      ? `${this.#name}(${groups[0]})`
      : `${this.#name}(\n${groups.map((group, index) => `  (${index}): ${group}\n`).join('')})`;
  }

  *#namedState(): Generator<[string, Tensor]> {
    for (const [index, { group }] of this.#members.entries()) {
      for (const [name, value] of group.namedState()) yield [`groups.${index}.${name}`, value];
    }
  }

  #checkParameter(parameter: unknown, index: number): void {
    if (!(parameter instanceof Tensor)) {
      throw new ValueError(
        `${this.#name}(): parameters must be tensors, got ${typeof parameter} at position ${index}.`,
      );
    }
    if (parameter.history !== null && !parameter.history.isLeaf) {
      throw new ValueError(
        `${this.#name}(): parameter ${index} of shape ${formatShape(parameter.shape)} is the result of an operation. ` +
          'Pass the tensor that parameter() made.',
      );
    }
  }
}
