import { currentRecorder, type GuardValue, type Recorder } from './dispatch.ts';
import { ProgramError } from './errors.ts';
import type { Tensor } from './tensor.ts';

/**
 * A mode on the host that decides what a computation does, as `training`. A recorded program is reused only where every
 * mode it read before it set it has the same value; the modes that it set are set again after every call.
 *
 * @example
 * ```ts
 * import { Mode } from '@nadir/tensor';
 * const training = new Mode<boolean>('training', true);
 * training.value = false;
 * training.value; // => false
 * ```
 */
export class Mode<T extends GuardValue> {
  /** What it is called in messages. */
  readonly name: string;
  #current: T;

  constructor(name: string, initial: T) {
    this.name = name;
    this.#current = initial;
  }

  get value(): T {
    const recorder = currentRecorder();
    return recorder === null ? this.#current : recorder.readMode(this);
  }

  set value(next: T) {
    const recorder = currentRecorder();
    if (recorder === null) this.#current = next;
    else recorder.writeMode(this, next);
  }

  /** The value outside of the recording that is going on. */
  get current(): T {
    return this.#current;
  }
}

/**
 * A place on the host for a tensor or null, as `.grad`. While a program is recorded what is put into it is a value of the
 * program, and the slot itself stays as it is.
 *
 * @example
 * ```ts
 * import { Slot, tensor } from '@nadir/tensor';
 * const slot = new Slot('the last output');
 * slot.value = tensor([1, 2]);
 * slot.value?.shape; // => [2]
 * ```
 */
export class Slot {
  /** What it is called in messages. */
  readonly name: string;
  /** The recorder that it was made under: its contents are that program's own, and end with it. */
  readonly maker: Recorder | null = currentRecorder();
  #current: Tensor | null = null;
  #dropped: string | null = null;

  constructor(name: string) {
    this.name = name;
  }

  /** The tensor, for use. Throws a ProgramError where it was dropped. */
  get value(): Tensor | null {
    const recorder = currentRecorder();
    return recorder === null ? this.current : recorder.readSlot(this, true);
  }

  set value(next: Tensor | null) {
    const recorder = currentRecorder();
    if (recorder !== null) {
      recorder.writeSlot(this, next);
      return;
    }
    this.#current = next;
    this.#dropped = null;
  }

  /** The tensor, only to put the sum of it and another one in its place. */
  get summand(): Tensor | null {
    const recorder = currentRecorder();
    return recorder === null ? this.current : recorder.readSlot(this, false);
  }

  /** The tensor outside of the recording that is going on. Throws a ProgramError where it was dropped. */
  get current(): Tensor | null {
    if (this.#dropped !== null) throw new ProgramError(this.#dropped);
    return this.#current;
  }

  get isDropped(): boolean {
    return this.#dropped !== null;
  }

  /** Empties it so that a read before the next write throws a ProgramError with this message. */
  drop(message: string): void {
    this.#current = null;
    this.#dropped = message;
  }
}
