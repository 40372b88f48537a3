import {
  ProgramError,
  record,
  type History,
  type Program,
  type RecordedGuard,
  type RecordedSlot,
  type Recording,
  type Slot,
  type Storage,
  type Tensor,
} from '@nadir/tensor';
import type { Arguments } from './arguments.ts';
import { liftState } from './lift-state.ts';
import { build, flatten, type Tree } from './tree.ts';

/** What becomes of a slot after a call. */
export type SlotEnding =
  | { readonly slot: Slot; readonly kind: 'store' | 'update'; readonly result: number }
  | { readonly slot: Slot; readonly kind: 'empty' | 'drop' };

/** What a slot must hold for the program to be used again. */
export type SlotCondition =
  | { readonly slot: Slot; readonly kind: 'empty' | 'filled' | 'input' }
  | { readonly slot: Slot; readonly kind: 'same'; readonly tensor: Tensor };

/** One run of a function with symbolic tensors: everything that a call needs, and that another run is compared with. */
export interface Trace {
  readonly program: Program;
  readonly state: readonly Storage[];
  /** State that the function makes anew in every call: constants. */
  readonly constants: ReadonlySet<Storage>;
  /** State that the program writes. */
  readonly written: ReadonlySet<Storage>;
  readonly guards: readonly RecordedGuard[];
  readonly histories: ReadonlyMap<Tensor, History | null>;
  readonly slots: readonly SlotCondition[];
  /** Slots whose tensors are arguments after those of the caller. */
  readonly inputs: readonly Slot[];
  /** The structure of what the function returns; its tensors are the first results. */
  readonly output: Tree;
  readonly outputs: number;
  /** Arguments that the function assigns to; their last values are the next results. */
  readonly assigned: readonly number[];
  readonly endings: readonly SlotEnding[];
  readonly effects: readonly (() => void)[];
}

function checkSynchronous(returned: unknown): void {
  if (typeof returned !== 'object' || returned === null || !('then' in returned)) return;
  // What is left of the body would meet tensors without elements, and nobody would hear of it.
  if (returned instanceof Promise) returned.catch(() => {});
  throw new ProgramError(
    'compile(): the step must be synchronous, got a function that returned a promise. ' +
      'Wait for the data outside, and pass it as arguments.',
  );
}

/** Runs `fn` with symbolic tensors in place of the arguments. Nothing outside changes, whether it returns or throws. */
export function trace(
  fn: (...args: readonly unknown[]) => unknown,
  { tree, types, complete }: Arguments,
  keepGrads: boolean,
): Trace {
  let output: Tree = { kind: 'constant', value: undefined };
  let outputs = 0;
  const assigned: number[] = [];
  const recording = record(types, (...inputs) => {
    const versions = inputs.map(({ storage }) => storage.version);
    const returned = fn(...(build(tree, complete(inputs)) as readonly unknown[]));
    checkSynchronous(returned);
    const flat = flatten('the result', returned);
    output = flat.tree;
    outputs = flat.tensors.length;
    for (const [index, { storage }] of inputs.entries()) {
      if (storage.version !== versions[index]) assigned.push(index);
    }
    return [...flat.tensors, ...assigned.map((index) => inputs[index]!)];
  });
  return { ...arrange(recording, outputs + assigned.length, keepGrads), output, outputs, assigned };
}

/** Whether the program leaves a gradient to those who come after it. */
function isKept({ before, isUsed }: RecordedSlot, keepGrads: boolean): boolean {
  // It goes on with what it found, or it computes a gradient that it has no use for itself.
  return keepGrads || before !== undefined || !isUsed;
}

function conditionOf(
  { slot, before }: RecordedSlot,
  recording: Recording,
  isLifted: boolean,
): SlotCondition[] {
  if (before === undefined) return [];
  if (before === null) return [{ slot, kind: 'empty' }];
  if (isLifted) return [{ slot, kind: 'input' }];
  const isCaptured = recording.state.includes(before.storage);
  return [isCaptured ? { slot, kind: 'same', tensor: before } : { slot, kind: 'filled' }];
}

/** The slots whose tensors may be other ones in the next call: no other part of the program knows them. */
function liftable({ slots, state }: Recording): RecordedSlot[] {
  const holders = new Map<Storage, number>();
  for (const { before } of slots) {
    if (before) holders.set(before.storage, (holders.get(before.storage) ?? 0) + 1);
  }
  return slots.filter(
    ({ before }) =>
      before && before.view === null && holders.get(before.storage) === 1 && state.includes(before.storage),
  );
}

/** Makes the gradients from before arguments, and drops the results that nobody keeps. */
function arrange(
  recording: Recording,
  ownResults: number,
  keepGrads: boolean,
): Omit<Trace, 'output' | 'outputs' | 'assigned'> {
  const { program, state, slots } = recording;
  const lifted = liftable(recording);
  const positions = lifted.map(({ before }) => state.indexOf(before!.storage));
  const endings: SlotEnding[] = [];
  const results = program.results.slice(0, ownResults);
  for (const recorded of slots) {
    const { slot, after } = recorded;
    if (after === undefined) continue;
    if (after === null) endings.push({ slot, kind: 'empty' });
    else if (!isKept(recorded, keepGrads)) endings.push({ slot, kind: 'drop' });
    else endings.push({ slot, kind: 'store', result: results.push(program.results[after]!) - 1 });
  }
  const { program: own, written } = liftState({ ...program, results }, positions);
  const updates = written.map((position, index): SlotEnding => {
    const { slot } = lifted[positions.indexOf(position)]!;
    return { slot, kind: 'update', result: results.length + index };
  });
  const kept = state.filter((_, index) => !positions.includes(index));
  const histories = new Map(recording.histories);
  for (const { before } of lifted) histories.delete(before!);
  return {
    program: own,
    state: kept,
    constants: recording.constants,
    written: new Set(own.writes.map((write) => kept[write.state]!)),
    guards: recording.guards,
    histories,
    slots: slots.flatMap((recorded) => conditionOf(recorded, recording, lifted.includes(recorded))),
    inputs: lifted.map(({ slot }) => slot),
    // The tensor that a slot held is changed before another one takes its place.
    endings: [...updates, ...endings],
    effects: recording.effects,
  };
}

/** Whether everything outside that the trace depends on is as it was. */
export function holds(trace: Trace): boolean {
  for (const { value, read } of trace.guards) if (!Object.is(read(), value)) return false;
  for (const [x, history] of trace.histories) if (x.history !== history) return false;
  if (trace.slots.length === 0) return true;
  const taken = new Set(trace.state);
  return trace.slots.every((condition) => {
    if (condition.slot.isDropped) return false;
    const now = condition.slot.current;
    switch (condition.kind) {
      case 'empty':
        return now === null;
      case 'filled':
        return now !== null;
      case 'same':
        return now === condition.tensor;
      case 'input': {
        // The program takes it for a storage of its own that nothing else shows.
        if (now === null || now.view !== null || now.history !== null || taken.has(now.storage)) return false;
        taken.add(now.storage);
        return true;
      }
    }
  });
}
