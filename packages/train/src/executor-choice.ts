import { wasmExecutor } from '@nadir/compiler';
import { ProgramError, type Executor } from '@nadir/tensor';
import { features } from '@nadir/wasm';

/**
 * What runs the steps of training: `wasm` compiles each into one WebAssembly program, `eager` runs the loop as it is
 * written, and any other executor gets the compiled steps.
 */
export type ExecutorChoice = 'wasm' | 'eager' | Executor;

/** A choice as this engine can keep it. */
export interface ChosenExecutor {
  /** As checkpoints record it. */
  readonly name: string;
  /** What the compiled steps run on; null: steps are not compiled. */
  readonly executor: Executor | null;
  /** A sentence for people where it is not the usual one; else null. */
  readonly notice: string | null;
}

/**
 * What a choice comes to on this engine. Without one it is `wasm`, or `eager` with a notice where WebAssembly lacks SIMD.
 *
 * @throws ProgramError where `wasm` is asked for and the engine lacks what it needs
 * @example
 * ```ts
 * import { chooseExecutor } from '@nadir/train';
 * chooseExecutor().name; // => wasm
 * chooseExecutor('eager').executor; // => null
 * ```
 */
export function chooseExecutor(choice?: ExecutorChoice): ChosenExecutor {
  if (choice === 'eager') return { name: 'eager', executor: null, notice: null };
  if (typeof choice === 'object') return { name: choice.name, executor: choice, notice: null };
  if (features().simd) return { name: wasmExecutor.name, executor: wasmExecutor, notice: null };
  if (choice === 'wasm') {
    throw new ProgramError(
      'chooseExecutor(): wasm needs WebAssembly with SIMD, which this engine or processor lacks. Choose eager.',
    );
  }
  return {
    name: 'eager',
    executor: null,
    notice:
      'WebAssembly has no SIMD on this engine or processor, so steps are not compiled: training on the eager executor.',
  };
}
