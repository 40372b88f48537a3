import { runPrimitive, writeInto } from './eager/run.ts';
import type { Mode, Slot } from './host-state.ts';
import type { PrimitiveAttributes, PrimitiveName } from './primitives.ts';
import type { Tensor } from './tensor.ts';

/** Options of a backward pass. */
export interface BackwardOptions {
  /** Keep the graph for another backward pass. Default false, or the value of `createGraph`. */
  readonly retainGraph?: boolean;
  /** Record the backward pass itself, for higher-order gradients. Default false. */
  readonly createGraph?: boolean;
}

/**
 * Where a tensor came from, for the one that differentiates it. `parameter()` of `@nadir/autograd` attaches the first
 * history; the results of primitives inherit it through `record`. This package only carries it.
 */
export interface History {
  /** True for a tensor that the user made, false for the result of a primitive. */
  readonly isLeaf: boolean;
  readonly gradient: Tensor | null;
  /** The history of the result of a primitive one of whose operands has this history; null where none is wanted. */
  record<P extends PrimitiveName>(
    name: P,
    inputs: readonly Tensor[],
    attributes: PrimitiveAttributes[P],
    output: Tensor,
  ): History | null;
  backward(tensor: Tensor, seed: Tensor | undefined, options: BackwardOptions): void;
  setGradient(gradient: Tensor | null): void;
  retainGradient(tensor: Tensor): void;
  /** Adds a function that sees, and may replace, the gradient. Returns one that removes it. */
  addHook(hook: (gradient: Tensor) => Tensor | void): () => void;
}

/** What a mode can be. */
export type GuardValue = string | number | boolean | null;

/** Takes the place of immediate execution while a program is recorded. */
export interface Recorder {
  apply<P extends PrimitiveName>(
    name: P,
    inputs: readonly Tensor[],
    attributes: PrimitiveAttributes[P],
  ): Tensor;
  assign(target: Tensor, value: Tensor): void;
  /** @param read gives the value again, outside of the recording */
  guard(name: string, value: GuardValue, read: () => GuardValue): void;
  effect(run: () => void): void;
  /** Takes note of whether a tensor has a history. */
  observe(x: Tensor): void;
  readMode<T extends GuardValue>(mode: Mode<T>): T;
  writeMode<T extends GuardValue>(mode: Mode<T>, value: T): void;
  /** @param isUse false where the tensor only becomes a part of what is put in its place */
  readSlot(slot: Slot, isUse: boolean): Tensor | null;
  writeSlot(slot: Slot, value: Tensor | null): void;
}

let recorder: Recorder | null = null;

/**
 * Runs one primitive, or records it, and then lets the history of the operands take note. Every operation ends here;
 * its operands have been checked, broadcast and cast.
 */
export function apply<P extends PrimitiveName>(
  name: P,
  inputs: readonly Tensor[],
  attributes: PrimitiveAttributes[P],
): Tensor {
  const output =
    recorder === null ? runPrimitive(name, inputs, attributes) : recorder.apply(name, inputs, attributes);
  for (let i = 0; i < inputs.length; i++) {
    const history = inputs[i]!.history;
    if (history !== null) {
      output.history = history.record(name, inputs, attributes, output);
      if (output.history !== null) break;
    }
  }
  return output;
}

/** Writes `value`, of the target's shape and dtype, into the target's storage: the one change in place there is. */
export function applyAssign(target: Tensor, value: Tensor): void {
  if (recorder === null) writeInto(target, value);
  else recorder.assign(target, value);
}

/**
 * Reads something on the host that decides what a computation does (whether gradients are recorded, a flag of your own),
 * so that a recorded program is reused only where `read` gives the same value again.
 *
 * @param name what it is called in messages
 * @example
 * ```ts
 * import { guard } from '@nadir/tensor';
 * const options = { isNoisy: true };
 * guard('noise', () => options.isNoisy); // => true
 * ```
 */
export function guard<T extends GuardValue>(name: string, read: () => T): T {
  const value = read();
  if (recorder !== null) recorder.guard(name, value, read);
  return value;
}

/** Whether operations on a tensor are recorded for a backward pass: part of what a recorded program depends on. */
export function hasHistory(x: Tensor): boolean {
  if (recorder !== null) recorder.observe(x);
  return x.history !== null;
}

/** Runs a host effect that belongs to the step: at once, or after every call of the program that is being recorded. */
export function effect(run: () => void): void {
  if (recorder === null) run();
  else recorder.effect(run);
}

/** What takes the place of immediate execution, or null. */
export function currentRecorder(): Recorder | null {
  return recorder;
}

/** True while a program is being recorded: values have no elements then. */
export function isRecording(): boolean {
  return recorder !== null;
}

/** Runs `body` with `next` in place of immediate execution (null: with immediate execution). */
export function withRecorder<T>(next: Recorder | null, body: () => T): T {
  const previous = recorder;
  recorder = next;
  try {
    return body();
  } finally {
    recorder = previous;
  }
}
