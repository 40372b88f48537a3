import {
  ProgramError,
  record,
  Tensor,
  type History,
  type Program,
  type RecordedGuard,
  type RecordedSlot,
  type Recording,
  type Slot,
  type Storage,
} from '@nadir/tensor';
import type { Arguments } from './arguments.ts';
import { checkCondition, commitWhere } from './commit.ts';
import { build, flatten, type Tree } from './tree.ts';

/** What becomes of a slot after a call. */
export type SlotEnding =
  | { readonly slot: Slot; readonly kind: 'store' | 'update'; readonly result: number }
  | { readonly slot: Slot; readonly kind: 'point'; readonly tensor: Tensor }
  | { readonly slot: Slot; readonly kind: 'empty' | 'drop' };

/** What a slot must hold for the program to be used again. */
export type SlotCondition =
  | { readonly slot: Slot; readonly kind: 'empty' | 'input' }
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
  /** The result that says whether the call counts; null: every call does. */
  readonly condition: number | null;
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

/** A function to be traced, and what becomes of what it does. */
export interface Traced {
  readonly fn: (...args: readonly unknown[]) => unknown;
  readonly keepGrads: boolean;
  /** Makes of the result a bool scalar: whether the call changes anything. */
  readonly commitIf: ((result: unknown) => Tensor) | null;
}

/** Runs `fn` with symbolic tensors in place of the arguments. Nothing outside changes, whether it returns or throws. */
export function trace({ fn, keepGrads, commitIf }: Traced, { tree, types, complete }: Arguments): Trace {
  let output: Tree = { kind: 'constant', value: undefined };
  let outputs = 0;
  let assigned: readonly number[] = [];
  const recording = record(types, (...inputs) => {
    const versions = inputs.map(({ storage }) => storage.version);
    const returned = fn(...(build(tree, complete(inputs)) as readonly unknown[]));
    checkSynchronous(returned);
    const flat = flatten('the result', returned);
    output = flat.tree;
    outputs = flat.tensors.length;
    const isAssigned = ({ storage }: Tensor, index: number): boolean => storage.version !== versions[index];
    assigned = inputs.flatMap((input, index) => (isAssigned(input, index) ? [index] : []));
    const results = [...flat.tensors, ...assigned.map((index) => inputs[index]!)];
    if (commitIf === null) return results;
    const ok = commitIf(returned);
    checkCondition(ok);
    return [...results, ok];
  });
  const ownResults = outputs + assigned.length;
  const condition = commitIf === null ? null : ownResults;
  const arranged = arrange(recording, condition === null ? ownResults : ownResults + 1, keepGrads);
  const { program } = arranged;
  return {
    ...arranged,
    program: condition === null ? program : commitWhere(program, program.results[condition]!),
    output,
    outputs,
    assigned,
    condition,
  };
}

/** Whether the program leaves a gradient to those who come after it. */
function isKept({ before, isUsed }: RecordedSlot, keepGrads: boolean): boolean {
  // It goes on with what it found, or it computes a gradient that it has no use for itself.
  return keepGrads || before !== undefined || !isUsed;
}

function conditionOf({ slot, before, argument }: RecordedSlot): SlotCondition[] {
  if (before === undefined) return [];
  if (before === null) return [{ slot, kind: 'empty' }];
  return [argument === null ? { slot, kind: 'same', tensor: before } : { slot, kind: 'input' }];
}

/** Drops the results that nobody keeps, and says what becomes of the others. */
function arrange(
  recording: Recording,
  ownResults: number,
  keepGrads: boolean,
): Omit<Trace, 'output' | 'outputs' | 'assigned' | 'condition'> {
  const { program, state, slots } = recording;
  const results = program.results.slice(0, ownResults);
  const keep = (result: number): number => results.push(program.results[result]!) - 1;
  // The tensor that a slot held is changed before another one takes its place.
  const updates = slots.flatMap(({ slot, update }): SlotEnding[] =>
    update === null ? [] : [{ slot, kind: 'update', result: keep(update) }],
  );
  const kept = new Map<number, number>();
  const endings = slots.flatMap((recorded): SlotEnding[] => {
    const { slot, after } = recorded;
    if (after === undefined) return [];
    if (after === null) return [{ slot, kind: 'empty' }];
    if (after instanceof Tensor) return [{ slot, kind: 'point', tensor: after }];
    if (!isKept(recorded, keepGrads)) return [{ slot, kind: 'drop' }];
    const result = kept.get(after) ?? keep(after);
    kept.set(after, result);
    return [{ slot, kind: 'store', result }];
  });
  return {
    program: { ...program, results },
    state,
    constants: recording.constants,
    written: new Set(program.writes.map((write) => state[write.state]!)),
    guards: recording.guards,
    histories: recording.histories,
    slots: slots.flatMap(conditionOf),
    inputs: slots.flatMap(({ slot, argument }) => (argument === null ? [] : [slot])),
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
