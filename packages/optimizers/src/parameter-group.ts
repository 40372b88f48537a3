import type { Schedule, ScheduleDescription } from '@nadir/schedulers';
import { tensor, ValueError, type Tensor } from '@nadir/tensor';
import type { Slots } from './transform.ts';

/** Parameters with hyper-parameters of their own, as `{ params: head.parameters(), lr: 0.1 }`. */
export type GroupOptions<Options> = Partial<Options> & { readonly params: Iterable<Tensor> };

/** Values of the hyper-parameters that a group has: `lr`, and those that its optimizer was built to use. */
export type HyperValues<Names extends string, Value> = Readonly<Partial<Record<Names, Value>>> & {
  readonly lr: Value;
};

/** What a group is, as JSON, for reports. */
export interface GroupDescription {
  /** Number of tensors. */
  readonly parameters: number;
  /** Number of trained numbers. */
  readonly elements: number;
  /** Current values of the hyper-parameters, and the flags that are on. */
  readonly options: Readonly<Record<string, number | boolean>>;
  /** The learning rate that the schedule multiplies. */
  readonly baseLr: number;
  readonly schedule: ScheduleDescription;
  /** How many times `lrStep()` was called. */
  readonly scheduleStep: number;
}

function float64(value: number): Tensor {
  return tensor(value, { dtype: 'float64' });
}

/** Hyper-parameters may be read while a program is recorded: the program captures the tensor, not this number. */
function numberOf(hyper: Tensor): number {
  return hyper.storage.read()[hyper.offset]!;
}

/**
 * Parameters that share hyper-parameters, which are float64 0-d tensors inside; `lr`, `momentum`, `betas`, `get()` and
 * `set()` show them as numbers. The schedulers of `@nadir/schedulers` run over groups.
 *
 * @example
 * ```ts
 * import { parameter } from '@nadir/autograd';
 * import { SGD } from '@nadir/optimizers';
 * const optimizer = new SGD([parameter([1])], { lr: 0.1, momentum: 0.9, lrSchedule: 'step' });
 * const [group] = optimizer.paramGroups;
 * optimizer.lrStep();
 * group.lr; // => 0.05
 * group.set('momentum', 0.5);
 * group.momentum; // => 0.5
 * ```
 */
export class ParameterGroup<Names extends string = string> {
  readonly params: readonly Tensor[];
  /** State of each parameter, in their order. */
  readonly slots: readonly Slots[];
  readonly hyper: HyperValues<Names, Tensor>;
  /** Factor of the base learning rate by step of the schedule. */
  readonly schedule: Schedule;
  /** The momentum, of an optimizer that was built with one. */
  declare momentum?: number;
  /** The decay rates of the moments, of an optimizer that has them. */
  declare betas?: readonly [number, number];
  /** The learning rate before any torch-shaped scheduler, which sets it; undefined before. */
  declare initialLr?: number;
  readonly #flags: Readonly<Record<string, boolean>>;
  readonly #baseLr: Tensor;
  readonly #scheduleStep: Tensor = float64(0);
  // NaN stands for undefined: state exists from construction on.
  readonly #initialLr: Tensor = float64(NaN);

  constructor(
    params: readonly Tensor[],
    slots: readonly Slots[],
    hyper: HyperValues<Names, number>,
    schedule: Schedule,
    flags: Readonly<Record<string, boolean>> = {},
  ) {
    this.params = params;
    this.slots = slots;
    this.schedule = schedule;
    this.#flags = flags;
    this.#baseLr = float64(hyper.lr);
    const entries = Object.entries<number>(hyper).map(([name, value]) => [name, float64(value)]);
    this.hyper = Object.fromEntries(entries) as HyperValues<Names, Tensor>;
    this.lr = hyper.lr * schedule(0);
    // Schedulers tell by these whether there is something to cycle.
    if ('momentum' in hyper) this.#show('momentum', ['momentum']);
    if ('beta1' in hyper && 'beta2' in hyper) this.#show('betas', ['beta1', 'beta2']);
  }

  static {
    // An accessor in the class could not have the type of an optional property, which schedulers ask for.
    Object.defineProperty(this.prototype, 'initialLr', {
      get(this: ParameterGroup): number | undefined {
        const value = numberOf(this.#initialLr);
        return Number.isNaN(value) ? undefined : value;
      },
      set(this: ParameterGroup, value: number) {
        this.#initialLr.assign(value);
      },
    });
  }

  /** The learning rate of the next step. With a schedule, `lrStep()` sets it from `baseLr` anew. */
  get lr(): number {
    return numberOf(this.hyper.lr);
  }

  set lr(value: number) {
    this.set('lr', value);
  }

  /** The learning rate that the schedule multiplies. */
  get baseLr(): number {
    return numberOf(this.#baseLr);
  }

  set baseLr(value: number) {
    this.lr = value * this.schedule(this.scheduleStep);
    this.#baseLr.assign(value);
  }

  /** How many times `lrStep()` was called. */
  get scheduleStep(): number {
    return numberOf(this.#scheduleStep);
  }

  /** The value of a hyper-parameter. Throws a ValueError for a name that the group does not have. */
  get(name: Names | 'lr'): number {
    return numberOf(this.#hyper('get', name));
  }

  /**
   * Changes a hyper-parameter from the next step on; a compiled step sees it. Throws a ValueError for a number that is not
   * finite, a negative learning rate, or a name that the group does not have.
   */
  set(name: Names | 'lr', value: number): void {
    const target = this.#hyper('set', name);
    if (!Number.isFinite(value) || (name === 'lr' && value < 0)) {
      const wanted = name === 'lr' ? 'a finite number of at least 0' : 'a finite number';
      throw new ValueError(`set(): ${name} must be ${wanted}, got ${String(value)}.`);
    }
    target.assign(value);
  }

  /** Moves the schedule one step on. */
  advance(): void {
    const step = this.scheduleStep + 1;
    this.lr = this.baseLr * this.schedule(step);
    this.#scheduleStep.assign(step);
  }

  /** Everything of the group that changes, by name. The tensors are the group's own. */
  *namedState(): Generator<[string, Tensor]> {
    yield ['baseLr', this.#baseLr];
    yield ['initialLr', this.#initialLr];
    yield ['scheduleStep', this.#scheduleStep];
    yield* Object.entries<Tensor>(this.hyper);
    for (const [index, slots] of this.slots.entries()) {
      for (const [name, value] of Object.entries(slots)) yield [`params.${index}.${name}`, value];
    }
  }

  /** Sizes, current hyper-parameters and the schedule: `JSON.stringify(group)`. */
  toJSON(): GroupDescription {
    const values = Object.entries<Tensor>(this.hyper).map(([name, value]) => [name, numberOf(value)]);
    const flags = Object.entries(this.#flags).filter(([, on]) => on);
    return {
      parameters: this.params.length,
      elements: this.params.reduce((total, { size }) => total + size, 0),
      options: Object.fromEntries([...values, ...flags]),
      baseLr: this.baseLr,
      schedule: this.schedule.toJSON(),
      scheduleStep: this.scheduleStep,
    };
  }

  /** The options as they are now, and the schedule unless it is constant. */
  toString(): string {
    const { options, schedule } = this.toJSON();
    const parts = Object.entries(options).map(([name, value]) => `${name}: ${value}`);
    if (schedule.name !== 'constant') parts.push(`lrSchedule: ${this.schedule.toString()}`);
    return parts.join(', ');
  }

  #hyper(op: string, name: string): Tensor {
    const hyper: Readonly<Record<string, Tensor>> = this.hyper;
    if (Object.hasOwn(hyper, name)) return hyper[name]!;
    throw new ValueError(
      `${op}(): there is no hyper-parameter ${name}, there are ${Object.keys(hyper).join(', ')}. ` +
        'One that was 0 when the optimizer was built is not part of it.',
    );
  }

  /** Shows hyper-parameters under a property: one as a number, two as a pair. */
  #show(property: string, names: readonly string[]): void {
    Object.defineProperty(this, property, {
      enumerable: true,
      get: () => {
        const values = names.map((name) => this.get(name as Names));
        return values.length === 1 ? values[0] : values;
      },
      set: (value: number | readonly number[]) => {
        const values = typeof value === 'number' ? [value] : value;
        for (const [index, name] of names.entries()) this.set(name as Names, values[index]!);
      },
    });
  }
}
