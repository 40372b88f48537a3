import { withRecorder, type GuardValue, type Recorder } from '../dispatch.ts';
import { viewOf } from '../eager/movement.ts';
import { ProgramError } from '../errors.ts';
import { infer, type ValueType } from '../inference.ts';
import type { PrimitiveAttributes, PrimitiveName } from '../primitives.ts';
import { contiguousStrides, formatShape, sizeOf } from '../shape.ts';
import { Storage } from '../storage.ts';
import { Tensor, type ViewLink } from '../tensor.ts';
import { isMovement, viewLayout } from '../view.ts';
import type { Guards, Program, ProgramNode, ProgramWrite, ValueId } from './program.ts';

/** What running a function once with symbolic tensors tells of it. */
export interface Recording {
  readonly program: Program;
  /** The storages from outside that the function read or wrote, in the order of the program's state. */
  readonly state: readonly Storage[];
  /** The modes that it read. */
  readonly guards: Guards;
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

/** The tensor at the end of the chain of views: it shows the whole of its storage. */
function rootOf(x: Tensor): Tensor {
  let root = x;
  while (root.view !== null) root = root.view.source;
  return root;
}

class ProgramRecorder implements Recorder {
  readonly nodes: Value[] = [];
  readonly state: { readonly storage: Storage; readonly value: Value }[] = [];
  readonly guards = new Map<string, GuardValue>();
  readonly effects: (() => void)[] = [];
  /** The value that each storage holds at this point, as its root tensor shows it. */
  readonly #current = new Map<Storage, Value>();
  readonly #views = new WeakMap<Tensor, CachedView>();

  argument(index: number, type: ValueType): Tensor {
    return this.#symbolic({ kind: 'argument', index, type });
  }

  apply<P extends PrimitiveName>(
    name: P,
    inputs: readonly Tensor[],
    attributes: PrimitiveAttributes[P],
  ): Tensor {
    if (isMovement(name)) {
      const source = inputs[0]!;
      const movement = attributes as PrimitiveAttributes[typeof name];
      const layout = viewLayout(name, source, movement);
      if (layout !== null) return viewOf(name, source, movement, layout);
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
    target.storage.touch();
  }

  guard(name: string, value: GuardValue): void {
    this.guards.set(name, value);
  }

  effect(run: () => void): void {
    this.effects.push(run);
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
      return value === before ? [] : [{ state: index, value }];
    });
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

function number(recorder: ProgramRecorder, args: readonly ValueType[], results: readonly Value[]): Program {
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

/**
 * Runs `body` once with symbolic tensors of the given types, and returns the program of what it did. Storages from
 * outside that it reads or assigns become state of the program; nothing outside changes. What it assigns to an argument
 * holds for the rest of the program, and never reaches the tensor that a call passes.
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
  const recorder = new ProgramRecorder();
  const inputs = args.map((type, index) => recorder.argument(index, type));
  const results = withRecorder(recorder, () => {
    const returned: unknown = body(...inputs);
    if (!Array.isArray(returned)) {
      throw new ProgramError(
        'record(): the body must return an array of tensors; an async body cannot be recorded.',
      );
    }
    return (returned as readonly Tensor[]).map((result) => recorder.valueOf(result));
  });
  return {
    program: number(recorder, args, results),
    state: recorder.state.map(({ storage }) => storage),
    guards: recorder.guards,
    effects: recorder.effects,
  };
}
