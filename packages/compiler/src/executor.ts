import { formatProgram, ProgramError, verifyProgram, type Executor, type Program } from '@nadir/tensor';
import { features } from '@nadir/wasm';
import type { KernelProgram } from './kernel.ts';
import { lower, type LoweredProgram } from './lower/module.ts';
import { ExecutorMemory } from './memory.ts';
import { attach } from './passes/attach.ts';
import { attachConvolutions } from './passes/attach-convolutions.ts';
import { convolve } from './passes/convolve.ts';
import { cutDepth } from './passes/cut-depth.ts';
import { flush } from './passes/flush.ts';
import { fuse } from './passes/fuse.ts';
import { group } from './passes/group.ts';
import { hoist } from './passes/hoist.ts';
import { pack } from './passes/pack.ts';
import { formatKernels } from './passes/print.ts';
import { recompute } from './passes/recompute.ts';
import { rows } from './passes/rows.ts';
import { simplify } from './passes/simplify.ts';
import { split } from './passes/split.ts';
import { verifyKernels, verifyPlan } from './passes/verify.ts';
import { formatProfile, type KernelTime } from './profile.ts';
import { environment } from './threads/host.ts';
import { getThreads } from './threads/set-threads.ts';
import type { Team } from './threads/team.ts';
import { WasmProgram } from './wasm-program.ts';

/** What can be looked at while a program is compiled. */
export type DebugStage = 'ir' | 'passes' | 'wat';

/** What an executor shows of its work. */
export interface WasmExecutorOptions {
  /**
   * Gets the program as it was recorded (`ir`), simplified and as kernels (`passes`), and the module (`wat`), as text.
   * Default: what the environment variable `NADIR_DEBUG=ir,passes,wat` names is written to the console. With
   * `NADIR_DEBUG=verify` every pass is checked by a verifier.
   */
  readonly debug?: (stage: DebugStage, text: () => string) => void;
  /**
   * Gets the milliseconds that every kernel took, once a call; calls are slower then. Default: `NADIR_DEBUG=profile` prints
   * a table after 10 calls, after 100 and so on.
   */
  readonly profile?: (times: readonly KernelTime[]) => void;
}

/** What is made of a program before it meets the state of those who load it. */
interface Compiled {
  readonly simplified: Program;
  readonly lowered: LoweredProgram;
}

/** Programs to remember: a search, or a trainer that begins again, compiles the same few over and over. */
const mostRemembered = 8;

/** From kernels to fewer or better kernels, in this order. */
const passes: readonly ((program: KernelProgram) => KernelProgram)[] = [
  hoist,
  recompute,
  group,
  convolve,
  attachConvolutions,
  attach,
  split,
  rows,
  cutDepth,
  pack,
];

/** A backstop: the threads of an executor that is forgotten end. */
const forgotten = /* @__PURE__ */ new FinalizationRegistry((team: Team) => team.resize(1));

function memoryOf(executor: Executor): ExecutorMemory {
  const memory = new ExecutorMemory();
  if (memory.isShared) forgotten.register(executor, memory.team);
  return memory;
}

/** Whether `NADIR_DEBUG` asks for something. */
function isAsked(what: DebugStage | 'profile' | 'verify'): boolean {
  return environment('NADIR_DEBUG')?.split(',').includes(what) === true;
}

function print(text: string): void {
  // oxlint-disable-next-line no-console -- This is what the variable asks for.
  console.error(text);
}

function printAsked(stage: DebugStage, text: () => string): void {
  if (isAsked(stage)) print(text());
}

/** Prints the mean times of a program's calls 2 to 10, then of those up to 100, to 1,000 and so on; the first call warms up. */
function printProfile(): (times: readonly KernelTime[]) => void {
  let calls: (readonly KernelTime[])[] = [];
  let count = 0;
  let next = 10;
  return (times) => {
    if (count++ > 0) calls.push(times);
    if (count < next) return;
    print(formatProfile(calls, getThreads()));
    calls = [];
    next *= 10;
  };
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
  // By their text, the one used last at the end.
  const remembered = new Map<string, Compiled>();

  const compile = (program: Program, isShared: boolean): Compiled => {
    debug('ir', () => formatProgram(program));
    verifyProgram(program);
    const simplified = flush(simplify(program));
    const isVerified = isAsked('verify');
    if (isVerified) verifyProgram(simplified);
    let kernels = fuse(simplified);
    if (isVerified) verifyKernels('fuse', kernels);
    for (const pass of passes) {
      kernels = pass(kernels);
      if (isVerified) verifyKernels(pass.name, kernels);
    }
    debug('passes', () => `${formatProgram(simplified)}\n${formatKernels(kernels)}`);
    const lowered = lower(kernels, simplified, isShared);
    if (isVerified) verifyPlan(lowered.program);
    debug('wat', () => lowered.toText());
    return { simplified, lowered };
  };

  const remember = (program: Program, isShared: boolean): Compiled => {
    const text = formatProgram(program);
    const compiled = remembered.get(text) ?? compile(program, isShared);
    remembered.delete(text);
    remembered.set(text, compiled);
    if (remembered.size > mostRemembered) remembered.delete(remembered.keys().next().value!);
    return compiled;
  };

  const executor: Executor = {
    name: 'wasm',
    load(program) {
      if (!features().simd) {
        throw new ProgramError(
          'load(): the wasm executor needs WebAssembly with SIMD, which this engine lacks. Use the eager executor.',
        );
      }
      memory ??= memoryOf(executor);
      // Who watches wants to see every program.
      const isWatched = options.debug !== undefined || environment('NADIR_DEBUG') !== undefined;
      const { simplified, lowered } = (isWatched ? compile : remember)(program, memory.isShared);
      const profile = options.profile ?? (isAsked('profile') ? printProfile() : null);
      return new WasmProgram(simplified, lowered, memory, profile);
    },
  };
  return executor;
}

/**
 * The executor that `compile()` uses by default: one WebAssembly module a program, SIMD, as many threads as {@link setThreads} says.
 *
 * @example
 * ```ts
 * import { wasmExecutor } from '@nadir/compiler';
 * wasmExecutor.name; // => wasm
 * ```
 */
export const wasmExecutor: Executor = /* @__PURE__ */ createWasmExecutor();
