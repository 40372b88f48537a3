import { withRecorder, type GuardValue, type History, type Recorder } from '../dispatch.ts';
import { viewOf } from '../eager/movement.ts';
import { ProgramError } from '../errors.ts';
import type { Mode, Slot } from '../host-state.ts';
import { infer, type ValueType } from '../inference.ts';
import type { PrimitiveAttributes, PrimitiveName } from '../primitives.ts';
import { contiguousStrides, formatShape, sizeOf } from '../shape.ts';
import { noteStorages, Storage } from '../storage.ts';
import { Tensor, type ViewLink } from '../tensor.ts';
import { isMovement, viewLayout } from '../view.ts';
import type { Program, ProgramNode, ProgramWrite, ValueId } from './program.ts';

/** A mode that a program was recorded under, and how to read it again. */
export interface RecordedGuard {
  readonly name: string;
  readonly value: GuardValue;
  readonly read: () => GuardValue;
}

/** What a program does with a slot. */
export interface RecordedSlot {
  readonly slot: Slot;
  /** What it held before; undefined where the program did not ask. */
  readonly before: Tensor | null | undefined;
  /** The argument that stands for what it held, so that it may be another tensor in the next call; null: that tensor itself. */
  readonly argument: number | null;
  /** The result to assign to what it held; null where the program did not change that in place. */
  readonly update: number | null;
  /** What it holds after: a result of the program, a tensor from outside, null (emptied), undefined (as before). */
  readonly after: number | Tensor | null | undefined;
  /** Whether the program used what it put into it last. */
  readonly isUsed: boolean;
}

/** What running a function once with symbolic tensors tells of it. */
export interface Recording {
  /** Arguments from slots follow those of the body, and results for slots follow its results. */
  readonly program: Program;
  /** The storages that the function read or wrote, in the order of the program's state. */
  readonly state: readonly Storage[];
  /** Those of them that the function made itself: constants of the program, which it does not write. */
  readonly constants: ReadonlySet<Storage>;
  /** The modes that it read, as they were before it. */
  readonly guards: readonly RecordedGuard[];
  /** The tensors from outside that it used, and the histories that they had: whether gradients are recorded depends on them. */
  readonly histories: ReadonlyMap<Tensor, History | null>;
  readonly slots: readonly RecordedSlot[];
  /** Host effects to run after every call. */
  readonly effects: readonly (() => void)[];
}

/** Values before they are numbered: arguments and state are not all known until the recording ends. */
type Value =
  | { readonly kind: 'argument'; readonly index: number; readonly type: ValueType }
  | { readonly kind: 'state'; readonly index: number; readonly type: ValueType }
  | {
      readonly kind: 'node';
      readonly index: number;
      readonly type: ValueType;
      readonly primitive: PrimitiveName;
      readonly operands: readonly Value[];
      readonly attributes: object;
    };

/** A view's value, good for as long as its storage does not change. */
interface CachedView {
  readonly base: Value;
  readonly value: Value;
}

/** A slot while a program is recorded. */
interface SlotContents {
  readonly before: Tensor | null | undefined;
  /** Stands for the tensor from before. */
  readonly proxy: Tensor | null;
  now: Tensor | null;
  isUsed: boolean;
}

/** The tensor at the end of the chain of views: it shows the whole of its storage. */
function rootOf(x: Tensor): Tensor {
  let root = x;
  while (root.view !== null) root = root.view.source;
  return root;
}

class ProgramRecorder implements Recorder {
  readonly nodes: Value[] = [];
  readonly state: { readonly storage: Storage; readonly value: Value }[] = [];
  /** By what is read: a mode, or the function that reads it. */
  readonly guards = new Map<object, RecordedGuard>();
  readonly histories = new Map<Tensor, History | null>();
  readonly slots = new Map<Slot, SlotContents>();
  readonly effects: (() => void)[] = [];
  /** The types of the arguments, those from slots included. */
  readonly types: ValueType[];
  /** Storages with elements that the recorded function makes. */
  readonly made = new Set<Storage>();
  readonly #modes = new Map<Mode<GuardValue>, GuardValue>();
  /** Versions before the recording of the storages from outside that it counts changes of. */
  readonly #versions = new Map<Storage, number>();
  /** The value that each storage holds at this point, as its root tensor shows it. */
  readonly #current = new Map<Storage, Value>();
  readonly #views = new WeakMap<Tensor, CachedView>();
  readonly #ownViews = new WeakSet<Tensor>();

  readonly #identical: ReadonlySet<Slot>;

  /** @param identical slots whose tensors other parts of the function know too: they are captured as themselves */
  constructor(types: readonly ValueType[], identical: ReadonlySet<Slot>) {
    this.types = [...types];
    this.#identical = identical;
  }

  argument(index: number): Tensor {
    return this.#symbolic({ kind: 'argument', index, type: this.types[index]! });
  }

  apply<P extends PrimitiveName>(
    name: P,
    inputs: readonly Tensor[],
    attributes: PrimitiveAttributes[P],
  ): Tensor {
    for (let i = 0; i < inputs.length; i++) this.observe(inputs[i]!);
    if (isMovement(name)) {
      const source = inputs[0]!;
      const movement = attributes as PrimitiveAttributes[typeof name];
      const layout = viewLayout(name, source, movement);
      if (layout !== null) {
        const view = viewOf(name, source, movement, layout);
        this.#ownViews.add(view);
        return view;
      }
    }
    return this.#symbolic(
      this.#node(
        name,
        inputs.map((input) => this.valueOf(input)),
        attributes,
      ),
    );
  }

  assign(target: Tensor, value: Tensor): void {
    const replaced = this.#throughViews(target, this.valueOf(value));
    this.valueOf(rootOf(target));
    this.#current.set(target.storage, replaced);
    if (!this.#versions.has(target.storage)) this.#versions.set(target.storage, target.storage.version);
    target.storage.touch();
  }

  guard(name: string, value: GuardValue, read: () => GuardValue): void {
    if (!this.guards.has(read)) this.guards.set(read, { name, value, read });
  }

  effect(run: () => void): void {
    this.effects.push(run);
  }

  observe(x: Tensor): void {
    if (x.storage.home.kind === 'symbolic' || this.histories.has(x)) return;
    if (!this.#ownViews.has(x) && !this.made.has(x.storage)) this.histories.set(x, x.history);
  }

  readMode<T extends GuardValue>(mode: Mode<T>): T {
    // A mode that the program has set is its own, and no condition of its use.
    if (this.#modes.has(mode)) return this.#modes.get(mode) as T;
    const value = mode.current;
    if (!this.guards.has(mode)) this.guards.set(mode, { name: mode.name, value, read: () => mode.current });
    return value;
  }

  writeMode<T extends GuardValue>(mode: Mode<T>, value: T): void {
    this.#modes.set(mode, value);
    this.effect(() => (mode.value = value));
  }

  readSlot(slot: Slot, isUse: boolean): Tensor | null {
    const contents = this.slots.get(slot);
    if (contents !== undefined) {
      contents.isUsed ||= isUse;
      return contents.now;
    }
    const before = slot.current;
    const isWhole = before !== null && before.view === null && before.history === null;
    const proxy = isWhole && !this.#identical.has(slot) ? this.#proxy(before) : null;
    const now = proxy ?? before;
    this.slots.set(slot, { before, proxy, now, isUsed: isUse });
    return now;
  }

  writeSlot(slot: Slot, value: Tensor | null): void {
    const { before, proxy } = this.slots.get(slot) ?? { before: undefined, proxy: null };
    this.slots.set(slot, { before, proxy, now: value, isUsed: false });
  }

  /** The last value of an argument, or null where it was not assigned to. */
  changeOf(argument: Tensor): Value | null {
    const value = this.#current.get(argument.storage)!;
    return value.kind === 'argument' ? null : value;
  }

  /** Undoes what the recording counted outside: nothing has changed there. */
  rewind(): void {
    for (const [storage, version] of this.#versions) storage.rewind(version);
  }

  /** The value that a tensor shows at this point. */
  valueOf(x: Tensor): Value {
    if (x.view === null) return this.#current.get(x.storage) ?? this.#capture(x);
    const base = this.valueOf(rootOf(x));
    const cached = this.#views.get(x);
    if (cached !== undefined && cached.base === base) return cached.value;
    const { source, name, attributes } = x.view;
    const value = this.#node(name, [this.valueOf(source)], attributes);
    this.#views.set(x, { base, value });
    return value;
  }

  /** The state that was written, with its last value. */
  writes(): { readonly state: number; readonly value: Value }[] {
    return this.state.flatMap(({ storage, value: before }, index) => {
      const value = this.#current.get(storage)!;
      return value === before || this.made.has(storage) ? [] : [{ state: index, value }];
    });
  }

  #proxy({ shape, dtype }: Tensor): Tensor {
    return this.argument(this.types.push({ shape, dtype }) - 1);
  }

  #symbolic(value: Value): Tensor {
    const { shape, dtype } = value.type;
    const storage = Storage.symbolic(dtype, sizeOf(shape));
    this.#current.set(storage, value);
    return new Tensor(storage, shape, contiguousStrides(shape), 0, null);
  }

  #capture(root: Tensor): Value {
    if (root.storage.home.kind === 'symbolic') {
      throw new ProgramError(
        `record(): a tensor of shape ${formatShape(root.shape)} belongs to another recording. ` +
          'Values made inside a recorded function live only there: return them, or assign them to a tensor from outside.',
      );
    }
    const type: ValueType = { shape: root.shape, dtype: root.dtype };
    const value: Value = { kind: 'state', index: this.state.length, type };
    this.state.push({ storage: root.storage, value });
    this.#current.set(root.storage, value);
    return value;
  }

  #node(primitive: PrimitiveName, operands: readonly Value[], attributes: object): Value {
    const type = infer(
      primitive,
      operands.map((operand) => operand.type),
      attributes as PrimitiveAttributes[typeof primitive],
    );
    const value: Value = { kind: 'node', index: this.nodes.length, type, primitive, operands, attributes };
    this.nodes.push(value);
    return value;
  }

  /** The value of the whole storage after `value` is written to what `target` shows of it. */
  #throughViews(target: Tensor, value: Value): Value {
    if (target.view === null) return value;
    const { source } = target.view;
    return this.#throughViews(source, this.#undo(target.view, this.valueOf(source), value));
  }

  #undo(link: ViewLink, before: Value, value: Value): Value {
    switch (link.name) {
      case 'reshape':
        return this.#node('reshape', [value], { shape: before.type.shape });
      case 'permute': {
        const axes = link.attributes.axes.map((_, axis) => link.attributes.axes.indexOf(axis));
        return this.#node('permute', [value], { axes });
      }
      case 'flip':
        return this.#node('flip', [value], link.attributes);
      case 'slice': {
        const { starts, stops, steps } = link.attributes;
        const shape = before.type.shape;
        const pad = {
          low: starts,
          high: shape.map((size, axis) => {
            const count = Math.ceil((stops[axis]! - starts[axis]!) / steps[axis]!);
            return count === 0 ? size - starts[axis]! : size - starts[axis]! - (count - 1) * steps[axis]! - 1;
          }),
          interior: steps.map((step) => step - 1),
          value: 0,
        };
        const inside = this.#node('full', [], { shape: value.type.shape, dtype: 'bool', value: 1 });
        const mask = this.#node('pad', [inside], pad);
        return this.#node('where', [mask, this.#node('pad', [value], pad), before], {});
      }
      case 'expand':
        if (sizeOf(before.type.shape) === sizeOf(value.type.shape)) {
          return this.#node('reshape', [value], { shape: before.type.shape });
        }
        throw new ProgramError(
          `assign(): several elements of a view of shape ${formatShape(link.attributes.shape)} share one place. ` +
            'Assign to the tensor before expand().',
        );
    }
  }
}

function number(recorder: ProgramRecorder, results: readonly Value[]): Program {
  const args = recorder.types;
  const state = recorder.state.map(({ value }) => value.type);
  const first = args.length + state.length;
  const idOf = (value: Value): ValueId => {
    if (value.kind === 'argument') return value.index;
    return value.index + (value.kind === 'state' ? args.length : first);
  };
  const nodes = recorder.nodes.map((value): ProgramNode => {
    if (value.kind !== 'node') throw new ProgramError('record(): a node is expected.');
    const { primitive, operands, attributes, type } = value;
    return { id: idOf(value), primitive, operands: operands.map(idOf), attributes, type } as ProgramNode;
  });
  const writes = recorder
    .writes()
    .map(({ state: index, value }): ProgramWrite => ({ state: index, value: idOf(value) }));
  return { arguments: args, state, nodes, results: results.map(idOf), writes };
}

/** Slots whose tensors the program reaches in another way too: an argument cannot stand for these. */
function sharedSlots({ slots, state }: ProgramRecorder): Slot[] {
  const captured = new Set(state.map(({ storage }) => storage));
  const proxied = [...slots].filter(([, { proxy }]) => proxy !== null);
  return proxied.flatMap(([slot, { before, proxy }]) => {
    const isTwice = proxied.some(
      ([other, contents]) => other !== slot && contents.before!.storage === before!.storage,
    );
    const isMoved = [...slots].some(
      ([other, { now }]) => now?.storage === proxy!.storage && !(other === slot && now === proxy),
    );
    return isTwice || isMoved || captured.has(before!.storage) ? [slot] : [];
  });
}

/** What the program does with the slots from outside; adds what they hold after it to the results. */
function slotsOf(recorder: ProgramRecorder, results: Value[]): RecordedSlot[] {
  // Slots that hold one tensor hold one after the call too.
  const positions = new Map<Tensor, number>();
  const afterOf = (now: Tensor): number | Tensor => {
    const { storage } = now;
    if (storage.home.kind !== 'symbolic' && !recorder.made.has(storage)) return now;
    const position = positions.get(now) ?? results.push(recorder.valueOf(now)) - 1;
    positions.set(now, position);
    return position;
  };
  let argument =
    recorder.types.length - [...recorder.slots.values()].filter(({ proxy }) => proxy !== null).length;
  return [...recorder.slots].flatMap(([slot, { before, proxy, now, isUsed }]) => {
    if (slot.maker === recorder) return [];
    const isLeft = now === (proxy ?? before);
    const after = isLeft ? undefined : now && afterOf(now);
    const change = proxy === null ? null : recorder.changeOf(proxy);
    const update = change === null ? null : results.push(change) - 1;
    return [{ slot, before, argument: proxy === null ? null : argument++, update, after, isUsed }];
  });
}

/** Runs `body` once. Returns the recording, or the slots to be captured as themselves in another run. */
function attempt(
  args: readonly ValueType[],
  body: (...inputs: readonly Tensor[]) => readonly Tensor[],
  identical: ReadonlySet<Slot>,
): Recording | readonly Slot[] {
  const recorder = new ProgramRecorder(args, identical);
  const inputs = args.map((_, index) => recorder.argument(index));
  const run = (): Value[] => {
    const returned: unknown = body(...inputs);
    if (!Array.isArray(returned)) {
      if (returned instanceof Promise) returned.catch(() => {});
      throw new ProgramError(
        'record(): the body must return an array of tensors; an async body cannot be recorded.',
      );
    }
    return (returned as readonly Tensor[]).map((result) => recorder.valueOf(result));
  };
  try {
    const results = noteStorages(recorder.made, () => withRecorder(recorder, run));
    const slots = slotsOf(recorder, results);
    const shared = sharedSlots(recorder);
    if (shared.length > 0) return shared;
    const state = recorder.state.map(({ storage }) => storage);
    return {
      program: number(recorder, results),
      state,
      constants: new Set(state.filter((storage) => recorder.made.has(storage))),
      guards: [...recorder.guards.values()],
      histories: recorder.histories,
      slots,
      effects: recorder.effects,
    };
  } catch (error) {
    for (const [x, history] of recorder.histories) x.history = history;
    throw error;
  } finally {
    recorder.rewind();
  }
}

/**
 * Runs `body` once with symbolic tensors of the given types, and returns the program of what it did. Storages from
 * outside that it reads or assigns become state of the program; nothing outside changes. What it assigns to an argument
 * holds for the rest of the program, and never reaches the tensor that a call passes. Where a slot shares its
 * tensor with something else, `body` runs again.
 *
 * @example
 * ```ts
 * import { eagerExecutor, record, tensor } from '@nadir/tensor';
 * const scale = tensor([2]);
 * const { program, state } = record([{ shape: [1], dtype: 'float32' }], (x) => [x!.mul(scale)]);
 * const [y] = eagerExecutor.load(program).run([tensor([21])], state);
 * y!.item(); // => 42
 * ```
 */
export function record(
  args: readonly ValueType[],
  body: (...inputs: readonly Tensor[]) => readonly Tensor[],
): Recording {
  const identical = new Set<Slot>();
  for (;;) {
    const outcome = attempt(args, body, identical);
    if ('program' in outcome) return outcome;
    for (const slot of outcome) identical.add(slot);
  }
}
