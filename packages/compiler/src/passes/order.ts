import type { ValueId } from '@nadir/tensor';
import { readsOf, writesOf, type Kernel, type KernelProgram } from '../kernel.ts';

/** Kernels in an order, by numbers between which there is always room. */
export class Order {
  readonly #program: KernelProgram;
  readonly #kernels = new Map<number, Kernel>();
  readonly #readers = new Map<ValueId, Set<number>>();
  readonly #writers = new Map<ValueId, Set<number>>();
  /** From a buffer to the state that it is the new value of. */
  readonly #states: ReadonlyMap<ValueId, ValueId>;

  constructor(program: KernelProgram) {
    this.#program = program;
    const states = new Map<number, ValueId>();
    for (const { id, origin, index } of program.buffers.values())
      if (origin === 'state') states.set(index, id);
    this.#states = new Map(program.writes.map(({ state, buffer }) => [buffer, states.get(state)!]));
    program.kernels.forEach((kernel, place) => this.put(place, kernel));
  }

  get kernels(): Kernel[] {
    return [...this.#kernels].sort(([x], [y]) => x - y).map(([, kernel]) => kernel);
  }

  at(place: number): Kernel {
    return this.#kernels.get(place)!;
  }

  put(place: number, kernel: Kernel): void {
    const note = (map: Map<ValueId, Set<number>>, id: ValueId): void => {
      const places = map.get(id) ?? new Set();
      map.set(id, places.add(place));
    };
    this.#kernels.set(place, kernel);
    for (const id of readsOf(kernel)) note(this.#readers, id);
    for (const id of writesOf(kernel)) note(this.#writers, id);
  }

  take(place: number): void {
    const kernel = this.at(place);
    for (const id of readsOf(kernel)) this.#readers.get(id)!.delete(place);
    for (const id of writesOf(kernel)) this.#writers.get(id)!.delete(place);
    this.#kernels.delete(place);
  }

  readersOf(id: ValueId): readonly number[] {
    return [...(this.#readers.get(id) ?? [])].sort((x, y) => x - y);
  }

  isWanted(id: ValueId): boolean {
    const { results, writes } = this.#program;
    return (
      this.readersOf(id).length > 0 || results.includes(id) || writes.some(({ buffer }) => buffer === id)
    );
  }

  /** The least number above a place that some kernel has. */
  #after(place: number): number {
    let next = Infinity;
    for (const other of this.#kernels.keys()) if (other > place && other < next) next = other;
    return next;
  }

  /** The first place at which all that a kernel reads is there. */
  soonest(place: number): number {
    let ready = -1;
    for (const id of readsOf(this.at(place)))
      for (const other of this.#writers.get(id) ?? []) if (other < place && other > ready) ready = other;
    const next = this.#after(ready);
    return next === place ? place : (ready + next) / 2;
  }

  /**
   * Where the product at `place` and the map at `later` can be one kernel: as early as all that the map reads is there, and as what it
   * changes is no longer read. Null where that is too late for others that read the product.
   */
  meetingPlace(place: number, later: number): number | null {
    const [product, map] = [this.at(place), this.at(later)];
    const own = new Set(writesOf(product));
    let earliest = place;
    const wait = (places: Iterable<number>): void => {
      for (const other of places) if (other < later && other > earliest) earliest = other;
    };
    for (const id of readsOf(map)) if (!own.has(id)) wait(this.#writers.get(id) ?? []);
    for (const id of writesOf(map)) {
      wait(this.#writers.get(id)!);
      const state = this.#states.get(id);
      if (state !== undefined) wait(this.#readers.get(state) ?? []);
    }
    if (earliest === place) return place;
    const next = this.#after(earliest);
    const meeting = next === later ? later : (earliest + next) / 2;
    const isBetween = (other: number): boolean => other > place && other < meeting;
    for (const id of own) if (this.readersOf(id).some(isBetween)) return null;
    // A state that the product reads must not get its new value before.
    const read = readsOf(product);
    for (const [buffer, state] of this.#states)
      if (read.has(state) && [...(this.#writers.get(buffer) ?? [])].some(isBetween)) return null;
    return meeting;
  }
}
