import type { Schedule } from '@nadir/schedulers';
import { tensor, ValueError, type Tensor } from '@nadir/tensor';
import type { Hyperparameters, Slots } from './transform.ts';

/** Parameters with hyper-parameters of their own, as `{ params: head.parameters(), lr: 0.1 }`. */
export type GroupOptions<Options> = Partial<Options> & { readonly params: Iterable<Tensor> };

/** A float64 0-d tensor on the host, which may be read while a program is recorded: its reader guards the choice. */
function numberOf(hyper: Tensor): number {
  return hyper.storage.read()[hyper.offset]!;
}

/**
 * Parameters that share hyper-parameters. The hyper-parameters are float64 0-d tensors inside; `lr`, `get()` and `set()`
 * show them as numbers.
 */
export class ParameterGroup<Names extends string = string> {
  readonly params: readonly Tensor[];
  /** State of each parameter, in their order. */
  readonly slots: readonly Slots[];
  readonly hyper: Hyperparameters<Names | 'lr'>;
  /** Factor of the base learning rate by step of the schedule. */
  readonly schedule: Schedule;
  readonly #baseLr: Tensor;
  readonly #scheduleStep: Tensor;

  constructor(
    params: readonly Tensor[],
    slots: readonly Slots[],
    hyper: Readonly<Record<Names | 'lr', number>>,
    schedule: Schedule,
  ) {
    this.params = params;
    this.slots = slots;
    this.schedule = schedule;
    this.#baseLr = tensor(hyper.lr, { dtype: 'float64' });
    this.#scheduleStep = tensor(0, { dtype: 'float64' });
    const entries = Object.entries<number>(hyper).map(([name, value]) => [name, tensor(value, { dtype: 'float64' })]);
    this.hyper = Object.fromEntries(entries) as Hyperparameters<Names | 'lr'>;
    this.lr = hyper.lr * schedule(0);
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
    this.#baseLr.assign(value);
    this.lr = value * this.schedule(this.scheduleStep);
  }

  /** How many times `lrStep()` was called. */
  get scheduleStep(): number {
    return numberOf(this.#scheduleStep);
  }

  /** The value of a hyper-parameter. Throws a ValueError for a name that the optimizer does not have. */
  get(name: Names | 'lr'): number {
    return numberOf(this.#hyper(name));
  }

  /** Changes a hyper-parameter from the next step on; a compiled step sees it. */
  set(name: Names | 'lr', value: number): void {
    if (!Number.isFinite(value))
      throw new ValueError(`set(): ${name} must be a finite number, got ${value}.`);
    this.#hyper(name).assign(value);
  }

  /** Moves the schedule one step on. */
  advance(): void {
    const step = this.scheduleStep + 1;
    this.#scheduleStep.assign(step);
    this.lr = this.baseLr * this.schedule(step);
  }

  /** Everything of the group that changes, by name. The tensors are the group's own. */
  *namedState(): Generator<[string, Tensor]> {
    yield ['baseLr', this.#baseLr];
    yield ['scheduleStep', this.#scheduleStep];
    yield* Object.entries<Tensor>(this.hyper);
    for (const [index, slots] of this.slots.entries()) {
      for (const [name, value] of Object.entries(slots)) yield [`params.${index}.${name}`, value];
    }
  }

  #hyper(name: Names | 'lr'): Tensor {
    const tensor: Tensor | undefined = this.hyper[name];
    if (tensor === undefined) {
      throw new ValueError(
        `set(): there is no hyper-parameter ${name}, there are ${Object.keys(this.hyper).join(', ')}.`,
      );
    }
    return tensor;
  }
}
