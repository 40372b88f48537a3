import {
  contiguousStrides,
  erf,
  formatProgram,
  formatShape,
  IndexError,
  ProgramError,
  sameShape,
  sizeOf,
  Storage,
  Tensor,
  tensor,
  verifyProgram,
  withRecorder,
  type Executor,
  type LoadedProgram,
  type Program,
  type TypedArray,
  type ValueType,
} from '@nadir/tensor';
import { features } from '@nadir/wasm';
import { control, controlBytes } from './lower/control.ts';
import { lower, type LoweredProgram } from './lower/module.ts';
import { scalarMathImports } from './lower/scalar-math.ts';
import { ExecutorMemory, PinnedHome, viewOf } from './memory.ts';
import { convolve } from './passes/convolve.ts';
import { fuse } from './passes/fuse.ts';
import { group } from './passes/group.ts';
import { formatKernels } from './passes/print.ts';
import { simplify } from './passes/simplify.ts';

/** What can be looked at while a program is compiled. */
export type DebugStage = 'ir' | 'passes' | 'wat';

/** What an executor shows of its work. */
export interface WasmExecutorOptions {
  /**
   * Gets the program as it was recorded (`ir`), simplified and as kernels (`passes`), and the module (`wat`), as text.
   * Default: what the environment variable `NADIR_DEBUG=ir,passes,wat` names is written to the console.
   */
  readonly debug?: (stage: DebugStage, text: () => string) => void;
  /** Gets the milliseconds that every kernel took, once a call; calls are slower then. */
  readonly profile?: (times: readonly KernelTime[]) => void;
}

/** How long one kernel of a program took. */
export interface KernelTime {
  /** Its number and what it computes. */
  readonly name: string;
  readonly ms: number;
}

interface RunExports {
  readonly run: () => void;
  /** Copies what could not be computed in place to the states. */
  readonly store: () => void;
}

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

class WasmProgram implements LoadedProgram {
  readonly #program: Program;
  readonly #lowered: LoweredProgram;
  readonly #memory: ExecutorMemory;
  readonly #exports: RunExports;
  /** Runs the kernels one by one, and reports their times. */
  readonly #profiled: (() => void) | null;
  /** Address of the control block. */
  readonly #control: number;
  readonly #args: readonly Slot[];
  readonly #results: readonly Slot[];
  readonly #states: (Storage | undefined)[];
  readonly #homes: (PinnedHome | undefined)[];
  #arena = -1;
  #scratch = -1;
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
    profile: WasmExecutorOptions['profile'],
  ) {
    this.#program = program;
    this.#lowered = lowered;
    this.#memory = memory;
    // The arena is made first, so that too large a program fails here.
    memory.arena(lowered.program.arenaBytes);
    memory.scratch(0, lowered.scratchBytes);
    this.#control = memory.take(controlBytes(program.state.length));
    const math = scalarMathImports((x) =>
      withRecorder(null, () => erf(tensor(x, { dtype: 'float64' })).item()),
    );
    const module = new WebAssembly.Module(lowered.bytes);
    const instance = new WebAssembly.Instance(module, {
      nadir: { memory: memory.memory, control: this.#control, thread: 0 },
      math,
    });
    this.#exports = instance.exports as unknown as RunExports;
    const kernels = lowered.functions.map(({ name, chunks }) => ({
      name,
      chunks,
      call: instance.exports[name] as (chunk: number) => void,
    }));
    this.#profiled = profile === undefined ? null : () => profile(this.#runTimed(kernels));
    this.#args = program.arguments.map((type, id) => this.#slot(id, type));
    this.#results = program.results.map((_, index) =>
      this.#slot(lowered.program.results[index]!, typeOf(program, program.results[index]!)),
    );
    this.#states = new Array(program.state.length);
    this.#homes = new Array(program.state.length);
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
    this.#refresh(
      this.#memory.arena(this.#lowered.program.arenaBytes),
      this.#memory.scratch(0, this.#lowered.scratchBytes),
    );
    for (let i = 0; i < types.length; i++) copyIn(this.#argViews[i]!, args[i]!);
    if (this.#profiled === null) this.#exports.run();
    else this.#profiled();
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

  /** Views of the memory and addresses in the control block, where one of them has changed. */
  #refresh(arena: number, scratch: number): void {
    const { buffer } = this.#memory.memory;
    const isSame = this.#arena === arena && this.#scratch === scratch && this.#buffer === buffer;
    if (isSame && !this.#moved) return;
    this.#arena = arena;
    this.#scratch = scratch;
    this.#moved = false;
    this.#buffer = buffer as ArrayBuffer;
    this.#words = new Int32Array(buffer);
    const start = this.#control / 4;
    this.#words[start + control.arena / 4] = arena;
    this.#words[start + control.scratch / 4] = scratch;
    this.#homes.forEach((home, index) => {
      this.#words[start + control.states / 4 + index] = home!.address;
    });
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
    const kernel = this.#lowered.program.kernels[this.#word(control.fault) - 1]!;
    if (kernel.kind !== 'primitive') throw new ProgramError('run(): a kernel failed.');
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
    this.#states.forEach((storage, index) => {
      if (storage !== undefined) this.#homes[index]!.release(storage);
    });
    this.#states.length = 0;
    this.#homes.length = 0;
    this.#memory.give(this.#control, controlBytes(this.#program.state.length));
  }

  /** What `run` does, kernel by kernel. */
  #runTimed(
    kernels: readonly {
      readonly name: string;
      readonly chunks: number;
      readonly call: (chunk: number) => void;
    }[],
  ): KernelTime[] {
    this.#words[(this.#control + control.fault) / 4] = 0;
    const times: KernelTime[] = [];
    for (const { name, chunks, call } of kernels) {
      const start = performance.now();
      for (let chunk = 0; chunk < chunks; chunk++) call(chunk);
      times.push({ name, ms: performance.now() - start });
      if (this.#word(control.fault) !== 0) return times;
    }
    this.#exports.store();
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

/** Writes the stages that `NADIR_DEBUG` names to the console, where there is an environment. */
function printAsked(stage: DebugStage, text: () => string): void {
  const { process } = globalThis as {
    readonly process?: { readonly env?: Readonly<Record<string, string>> };
  };
  // oxlint-disable-next-line no-console -- This is what the variable asks for.
  if (process?.env?.['NADIR_DEBUG']?.split(',').includes(stage) === true) console.error(text());
}

/**
 * An executor that compiles each program into one WebAssembly module. State stays in its memory between calls; two
 * executors share nothing.
 *
 * @example
 * ```ts
 * import { createWasmExecutor } from '@nadir/compiler';
 * import { record, tensor } from '@nadir/tensor';
 * const { program, state } = record([{ shape: [3], dtype: 'float32' }], (x) => [x!.mul(x!).sum()]);
 * const loaded = createWasmExecutor().load(program);
 * loaded.run([tensor([1, 2, 3])], state)[0]!.item(); // => 14
 * ```
 */
export function createWasmExecutor(options: WasmExecutorOptions = {}): Executor {
  let memory: ExecutorMemory | null = null;
  const { debug = printAsked } = options;
  return {
    name: 'wasm',
    load(program) {
      if (!features().simd) {
        throw new ProgramError(
          'load(): the wasm executor needs WebAssembly with SIMD, which this engine lacks. Use the eager executor.',
        );
      }
      debug('ir', () => formatProgram(program));
      verifyProgram(program);
      const simplified = simplify(program);
      const kernels = convolve(group(fuse(simplified)));
      debug('passes', () => `${formatProgram(simplified)}\n${formatKernels(kernels)}`);
      const lowered = lower(kernels, options.profile !== undefined);
      debug('wat', () => lowered.toText());
      memory ??= new ExecutorMemory();
      return new WasmProgram(simplified, lowered, memory, options.profile);
    },
  };
}

/**
 * The executor that `compile()` uses by default: one WebAssembly module a program, SIMD, one thread.
 *
 * @example
 * ```ts
 * import { wasmExecutor } from '@nadir/compiler';
 * wasmExecutor.name; // => wasm
 * ```
 */
export const wasmExecutor: Executor = /* @__PURE__ */ createWasmExecutor();
