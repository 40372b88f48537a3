import { noGrad } from '@nadir/autograd';
import { constant, resolveSchedule, type ScheduleInput } from '@nadir/schedulers';
import { effect, NadirError, ShapeError, Tensor, ValueError } from '@nadir/tensor';
import { ParameterGroup, type GroupOptions } from './parameter-group.ts';
import type { Transform } from './transform.ts';

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

/** How an optimizer makes a group of its options, defaults filled in and checked. */
export interface GroupRecipe<Names extends string> {
  readonly transform: Transform<Names | 'lr'>;
  readonly hyper: Readonly<Record<Names | 'lr', number>>;
}

/** Names and tensors of everything that an optimizer changes. */
export type OptimizerState = Readonly<Record<string, Tensor>>;

interface Member<Names extends string> {
  readonly group: ParameterGroup<Names>;
  readonly transform: Transform<Names | 'lr'>;
  readonly maximize: boolean;
}

/** Throws a ValueError that names the optimizer unless `value` is a finite number ≥ 0. */
export function checkNonNegative(optimizer: string, name: string, value: number): number {
  if (Number.isFinite(value) && value >= 0) return value;
  throw new ValueError(`${optimizer}(): ${name} must be a finite number of at least 0, got ${value}.`);
}

/** Throws a ValueError that names the optimizer unless 0 ≤ `value` < 1. */
export function checkDecayRate(optimizer: string, name: string, value: number): number {
  if (value >= 0 && value < 1) return value;
  throw new ValueError(`${optimizer}(): ${name} must be in [0, 1), got ${value}.`);
}

function isTensors<Options>(items: readonly (Tensor | GroupOptions<Options>)[]): items is readonly Tensor[] {
  return items.every((item) => item instanceof Tensor);
}

/**
 * The shape that all optimizers share: `zeroGrad()`, `step()`, `lrStep()`, parameter groups and a state dictionary. An
 * optimizer is a class that says how its options become a chain of transforms.
 */
export abstract class Optimizer<Options extends OptimizerOptions, Names extends string = string> {
  readonly #name: string;
  readonly #defaults: Options;
  readonly #members: Member<Names>[] = [];

  constructor(name: string, params: ParametersOf<Options>, defaults: Options) {
    this.#name = name;
    this.#defaults = defaults;
    const items = [...params];
    if (items.length === 0) {
      throw new ValueError(`${name}(): needs at least one parameter, got none. Pass model.parameters().`);
    }
    if (isTensors<Options>(items)) this.addParamGroup({ params: items } as unknown as GroupOptions<Options>);
    else for (const item of items) this.addParamGroup(item as GroupOptions<Options>);
  }

  /** How options become transforms and hyper-parameters. Called once per group; checks the options. */
  protected abstract recipe(options: Options): GroupRecipe<Names>;

  /** The groups, in the order in which they were given. */
  get paramGroups(): readonly ParameterGroup<Names>[] {
    return this.#members.map(({ group }) => group);
  }

  /** Adds parameters with options of their own; what is left out comes from the optimizer's. */
  addParamGroup(options: GroupOptions<Options>): void {
    const { params, ...own } = options;
    const merged = { ...this.#defaults, ...own } as Options;
    const { transform, hyper } = this.recipe(merged);
    checkNonNegative(this.#name, 'lr', hyper.lr);
    const list = [...params];
    const known = new Set(this.#members.flatMap(({ group }) => group.params));
    for (const [index, parameter] of list.entries()) {
      this.#checkParameter(parameter, index);
      if (known.has(parameter)) {
        throw new ValueError(
          `${this.#name}(): parameter ${index} of shape [${parameter.shape.join(', ')}] comes twice.`,
        );
      }
      known.add(parameter);
    }
    const slots = list.map((parameter) => transform.init(parameter));
    const schedule = merged.lrSchedule === undefined ? constant() : resolveSchedule(merged.lrSchedule);
    const group = new ParameterGroup<Names>(list, slots, hyper, schedule);
    this.#members.push({ group, transform, maximize: merged.maximize ?? false });
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const { group } of this.#members) {
      for (const parameter of group.params) if (parameter.requiresGrad) parameter.grad = null;
    }
  }

  /** Updates every parameter that has a gradient, in place. */
  step(): void {
    noGrad(() => {
      for (const { group, transform, maximize } of this.#members) {
        for (const [index, parameter] of group.params.entries()) {
          const gradient = parameter.grad;
          if (gradient === null) continue;
          const descent = maximize ? gradient.neg() : gradient;
          parameter.assign(
            parameter.add(transform.update(descent, parameter, group.slots[index]!, group.hyper)),
          );
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

  /** Takes the state over from `stateDict()` of an optimizer with the same groups. Everything is checked before anything changes. */
  loadStateDict(state: OptimizerState): void {
    const own = new Map(this.#namedState());
    const missing = [...own.keys()].filter((name) => !Object.hasOwn(state, name));
    const unexpected = Object.keys(state).filter((name) => !own.has(name));
    if (missing.length + unexpected.length > 0) {
      throw new NadirError(
        `loadStateDict(): the state is of another optimizer, missing [${missing.join(', ')}], ` +
          `unexpected [${unexpected.join(', ')}]. Build the optimizer with the same groups and options first.`,
      );
    }
    for (const [name, target] of own) {
      const shape = state[name]!.shape;
      if (shape.join() !== target.shape.join()) {
        throw new ShapeError(
          `loadStateDict(): ${name} must have shape [${target.shape.join(', ')}], got [${shape.join(', ')}]. Nothing was loaded.`,
        );
      }
    }
    for (const [name, target] of own) target.assign(state[name]!);
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
        `${this.#name}(): parameter ${index} of shape [${parameter.shape.join(', ')}] is the result of an operation. ` +
          'Pass the tensor that parameter() made.',
      );
    }
  }
}
