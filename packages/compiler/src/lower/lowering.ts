import { byteSize, type ValueId } from '@nadir/tensor';
import {
  i32,
  type Expression,
  type FunctionBuilder,
  type GemmFunctions,
  type GlobalHandle,
  type Local,
  type ModuleBuilder,
} from '@nadir/wasm';
import type { Buffer, Kernel } from '../kernel.ts';
import type { PlannedProgram } from '../passes/plan.ts';
import type { ScalarMath } from './scalar-math.ts';

/** An address in two parts: what is known when the code runs, and a constant that load and store add for nothing. */
export interface Address {
  readonly base: Local<'i32'>;
  readonly offset: number;
}

/** What the emitters of kernels share: the module, and where everything lies. */
export interface Lowering {
  readonly module: ModuleBuilder;
  readonly math: ScalarMath;
  readonly program: PlannedProgram;
  /** Start of the program's arena. */
  readonly arena: GlobalHandle<'i32'>;
  /** Starts of the states. */
  readonly states: readonly GlobalHandle<'i32'>[];
  /** 0, or 1 + the number of the kernel that found a bad index. */
  readonly fault: GlobalHandle<'i32'>;
  readonly badIndex: GlobalHandle<'i32'>;
  /** The matrix product of a float type, emitted once. */
  readonly gemm: (type: 'f32' | 'f64') => GemmFunctions;
}

export function bufferOf(lowering: Lowering, id: ValueId): Buffer {
  return lowering.program.buffers.get(id)!;
}

/** Where a buffer begins. */
export function addressOf(lowering: Lowering, f: FunctionBuilder, id: ValueId, element = 0): Address {
  const place = lowering.program.places.get(id)!;
  const bytes = element * byteSize(bufferOf(lowering, id).dtype);
  if (place.base === 'state') return { base: f.let(lowering.states[place.index]!), offset: bytes };
  return { base: f.let(lowering.arena), offset: place.offset + bytes };
}

/** Where a buffer begins, as one number. */
export function pointerTo(
  lowering: Lowering,
  f: FunctionBuilder,
  id: ValueId,
  element = 0,
): Expression<'i32'> {
  const { base, offset } = addressOf(lowering, f, id, element);
  return offset === 0 ? base : i32.add(base, offset);
}

/** Where the working memory of a kernel begins. */
export function scratchPointer(lowering: Lowering, kernel: Kernel): Expression<'i32'> {
  return i32.add(lowering.arena, lowering.program.scratch.get(kernel)!);
}
