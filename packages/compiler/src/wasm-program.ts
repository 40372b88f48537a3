import {
  contiguousStrides,
  formatShape,
  IndexError,
  ProgramError,
  sameShape,
  sizeOf,
  Storage,
  Tensor,
  erf,
  tensor,
  withRecorder,
  type LoadedProgram,
  type Program,
  type TypedArray,
  type ValueType,
} from '@nadir/tensor';
import { control, controlBytes, tasksOffset } from './lower/control.ts';
import type { LoweredProgram } from './lower/module.ts';
import { scalarMathImports } from './lower/scalar-math.ts';
import { viewOf, PinnedHome, type ExecutorMemory } from './memory.ts';
import { workOf, type KernelTime } from './profile.ts';
import { mayWait } from './threads/host.ts';
import { getThreads } from './threads/set-threads.ts';

interface RunExports {
  readonly run: () => void;
  /** Copies what could not be computed in place to the states. */
  readonly store: () => void;
  /** Runs all chunks of a task. */
  readonly fork: (task: number, chunks: number) => void;
}

/** What a program holds of its executor until it is disposed. */
interface Held {
  readonly memory: ExecutorMemory;
  readonly id: number;
  readonly control: number;
  readonly controlBytes: number;
  readonly states: (Storage | undefined)[];
  readonly homes: (PinnedHome | undefined)[];
}

function release({ memory, id, control: address, controlBytes: bytes, states, homes }: Held): void {
  states.forEach((storage, index) => {
    if (storage !== undefined) homes[index]!.release(storage);
  });
  states.length = 0;
  homes.length = 0;
  memory.give(address, bytes);
  if (memory.isShared) memory.team.remove(id);
}

/** A backstop for programs that are forgotten instead of disposed. */
const forgotten = /* @__PURE__ */ new FinalizationRegistry(release);

/** Where an argument or a result lies. */
interface Slot {
  readonly type: ValueType;
  readonly size: number;
  /** −1: in the arena at `offset`; else the number of a state. */
  readonly state: number;
  readonly offset: number;
}

function checkType(index: number, want: ValueType, got: Tensor | undefined): void {
  if (got === undefined) throw new ProgramError(`run(): argument ${index} is missing.`);
  if (want.dtype !== got.dtype || !sameShape(want.shape, got.shape)) {
    throw new ProgramError(
      `run(): argument ${index} must be ${want.dtype} ${formatShape(want.shape)}, ` +
        `got ${got.dtype} ${formatShape(got.shape)}. Another shape or dtype needs a program of its own.`,
    );
  }
}

/** A program in the memory of an executor: one module, an instance for each thread, and state that stays there between calls. */
export class WasmProgram implements LoadedProgram {
  readonly #program: Program;
  readonly #lowered: LoweredProgram;
  readonly #memory: ExecutorMemory;
  readonly #module: WebAssembly.Module;
  readonly #exports: RunExports;
  readonly #profile: ((times: readonly KernelTime[]) => void) | null;
  readonly #held: Held;
  /** Address of the control block. */
  readonly #control: number;
  readonly #args: readonly Slot[];
  readonly #results: readonly Slot[];
  readonly #states: (Storage | undefined)[];
  readonly #homes: (PinnedHome | undefined)[];
  #arena = -1;
  /** Where the working memory of every thread is. */
  readonly #scratch: number[] = [];
  /** Whether the other threads know the program. */
  #isKnown = false;
  #words = new Int32Array();
  #buffer: ArrayBuffer | null = null;
  #argViews: TypedArray[] = [];
  /** Whether a state has another address than the control block says. */
  #moved = true;
  #disposed = false;

  constructor(
    program: Program,
    lowered: LoweredProgram,
    memory: ExecutorMemory,
    profile: ((times: readonly KernelTime[]) => void) | null,
  ) {
    this.#program = program;
    this.#lowered = lowered;
    this.#memory = memory;
    this.#profile = profile;
    // The arena is made first, so that too large a program fails here.
    memory.arena(lowered.program.arenaBytes);
    memory.scratch(0, lowered.scratchBytes);
    this.#module = new WebAssembly.Module(lowered.bytes);
    const bytes = controlBytes(program.state.length, lowered.tasks.length);
    this.#control = memory.take(bytes);
    this.#states = new Array(program.state.length);
    this.#homes = new Array(program.state.length);
    this.#held = {
      memory,
      id: memory.isShared ? memory.team.takeId() : 0,
      control: this.#control,
      controlBytes: bytes,
      states: this.#states,
      homes: this.#homes,
    };
    const exactErf = (x: number): number =>
      withRecorder(null, () => erf(tensor(x, { dtype: 'float64' })).item());
    const { exports } = new WebAssembly.Instance(this.#module, {
      nadir: {
        memory: memory.memory,
        control: this.#control,
        thread: 0,
        team: memory.isShared ? memory.team.address : 0,
        program: this.#held.id,
        mayWait: Number(mayWait()),
      },
      ...scalarMathImports(exactErf),
    });
    this.#exports = exports as unknown as RunExports;
    forgotten.register(this, this.#held, this);
    this.#args = program.arguments.map((type, id) => this.#slot(id, type));
    this.#results = program.results.map((_, index) =>
      this.#slot(lowered.program.results[index]!, typeOf(program, program.results[index]!)),
    );
  }

  #slot(id: number, type: ValueType): Slot {
    const place = this.#lowered.program.places.get(id)!;
    const size = sizeOf(type.shape);
    return place.base === 'arena'
      ? { type, size, state: -1, offset: place.offset }
      : { type, size, state: place.index, offset: 0 };
  }

  run(args: readonly Tensor[], state: readonly Storage[]): readonly Tensor[] {
    if (this.#disposed) throw new ProgramError('run(): the program was disposed. Load it again.');
    const { arguments: types } = this.#program;
    for (let i = 0; i < types.length; i++) checkType(i, types[i]!, args[i]);
    // A storage that moves in, and an arena that grows, may make the memory grow: addresses and views come after.
    for (let i = 0; i < this.#states.length; i++) this.#attach(i, state[i]);
    this.#gather();
    this.#refresh(this.#memory.arena(this.#lowered.program.arenaBytes));
    for (let i = 0; i < types.length; i++) copyIn(this.#argViews[i]!, args[i]!);
    if (this.#profile === null) this.#exports.run();
    else this.#profile(this.#runTimed());
    if (this.#word(control.fault) !== 0) this.#reportBadIndex();
    const results = this.#results.map((slot) => this.#read(slot));
    for (const { state: index } of this.#program.writes) this.#states[index]!.touch();
    return results;
  }

  #attach(index: number, storage: Storage | undefined): void {
    const before = this.#states[index];
    if (before === storage && before !== undefined && before.home === this.#homes[index]) return;
    const want = this.#program.state[index]!;
    if (storage === undefined || storage.size !== sizeOf(want.shape) || storage.dtype !== want.dtype) {
      const got = storage === undefined ? 'none' : `${storage.dtype} with ${storage.size} elements`;
      throw new ProgramError(
        `run(): state ${index} needs ${want.dtype} with ${sizeOf(want.shape)} elements, got ${got}.`,
      );
    }
    const home = PinnedHome.acquire(this.#memory, storage);
    if (before !== undefined) this.#homes[index]!.release(before);
    this.#states[index] = storage;
    this.#homes[index] = home;
    this.#moved = true;
  }

  #word(offset: number): number {
    return this.#words[(this.#control + offset) / 4]!;
  }

  /** Has as many threads ready as there shall be, where the program has work for them. */
  #gather(): void {
    const { hasForks, scratchBytes } = this.#lowered;
    const count = hasForks ? getThreads() : 1;
    for (let thread = 0; thread < count; thread++) {
      const address = this.#memory.scratch(thread, scratchBytes);
      if (this.#scratch[thread] !== address) {
        this.#scratch[thread] = address;
        this.#moved = true;
      }
    }
    if (!hasForks) return;
    const { team } = this.#memory;
    team.resize(count);
    if (count === 1 || this.#isKnown) return;
    this.#isKnown = true;
    team.add({ id: this.#held.id, module: this.#module, control: this.#control });
  }

  /** Views of the memory and addresses in the control block, where one of them has changed. */
  #refresh(arena: number): void {
    const { buffer } = this.#memory.memory;
    if (this.#arena === arena && this.#buffer === buffer && !this.#moved) return;
    this.#arena = arena;
    this.#moved = false;
    this.#buffer = buffer as ArrayBuffer;
    this.#words = new Int32Array(buffer);
    const start = this.#control / 4;
    this.#words[start + control.arena / 4] = arena;
    this.#words.set(this.#scratch, start + control.scratch / 4);
    this.#words.set(
      this.#homes.map((home) => home!.address),
      start + control.states / 4,
    );
    this.#words.set(
      this.#lowered.tasks.map(({ chunks }) => chunks),
      start + tasksOffset(this.#homes.length) / 4,
    );
    this.#argViews = this.#args.map(({ type, offset, size }) =>
      viewOf(type.dtype, this.#buffer!, arena + offset, size),
    );
  }

  #read({ type, size, state, offset }: Slot): Tensor {
    const address = state < 0 ? this.#arena + offset : this.#homes[state]!.address;
    const array = viewOf(type.dtype, this.#buffer!, address, size).slice();
    return new Tensor(Storage.host(array, type.dtype), type.shape, contiguousStrides(type.shape), 0, null);
  }

  #reportBadIndex(): never {
    const kernel = this.#lowered.program.kernels[this.#word(control.fault) - 1];
    if (kernel?.kind !== 'primitive') throw new ProgramError('run(): a kernel failed.');
    const { primitive, attributes } = kernel.node;
    const { axis } = attributes as { readonly axis: number };
    const size =
      primitive === 'take' ? kernel.operands[0]!.shape[axis]! : (attributes as { size: number }).size;
    throw new IndexError(
      `${primitive}(): index out of range, got ${this.#word(control.badIndex)} for axis ${axis} of size ${size}. ` +
        `Here ${size === 0 ? 'the axis is empty' : `it must be in [${-size}, ${size - 1}]`}.`,
    );
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    forgotten.unregister(this);
    release(this.#held);
  }

  /** What `run` does, kernel by kernel. */
  #runTimed(): KernelTime[] {
    const { tasks, program } = this.#lowered;
    const { fork, store } = this.#exports;
    this.#words[(this.#control + control.fault) / 4] = 0;
    const times: KernelTime[] = [];
    for (const [index, kernel] of program.kernels.entries()) {
      const { name, chunks } = tasks[index]!;
      const start = performance.now();
      fork(index, chunks);
      times.push({ name, ms: performance.now() - start, ...workOf(kernel, program) });
      if (this.#word(control.fault) !== 0) return times;
    }
    store();
    return times;
  }
}

function typeOf(program: Program, id: number): ValueType {
  const { arguments: args, state, nodes } = program;
  if (id < args.length) return args[id]!;
  return id < args.length + state.length
    ? state[id - args.length]!
    : nodes[id - args.length - state.length]!.type;
}

function copyIn(target: TypedArray, x: Tensor): void {
  if (x.isContiguous) {
    const array = x.storage.read();
    target.set(
      x.offset === 0 && array.length === target.length
        ? array
        : array.subarray(x.offset, x.offset + target.length),
    );
  } else target.set(withRecorder(null, () => x.data));
}
