import { byteSize, type ValueId } from '@nadir/tensor';
import {
  i32,
  type Expression,
  type FunctionBuilder,
  type GemmFunctions,
  type GlobalHandle,
  type Local,
  type ModuleBuilder,
  type ProductFunctions,
} from '@nadir/wasm';
import type { Buffer } from '../kernel.ts';
import type { PlannedProgram } from '../passes/plan.ts';
import { control } from './control.ts';
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
  /** Start of the program's control block. */
  readonly control: GlobalHandle<'i32'>;
  /** Number of the thread that runs the code; 0 is the caller's. */
  readonly thread: GlobalHandle<'i32'>;
  /** The matrix product of a float type, emitted once. */
  readonly gemm: (type: 'f32' | 'f64') => GemmFunctions;
  /** Products of operands where they lie. */
  readonly products: (type: 'f32' | 'f64') => ProductFunctions;
}

export function bufferOf(lowering: Lowering, id: ValueId): Buffer {
  return lowering.program.buffers.get(id)!;
}

function arenaStart(lowering: Lowering): Expression<'i32'> {
  return i32.load(lowering.control, control.arena);
}

/** Where a state begins. */
export function stateStart(lowering: Lowering, index: number): Expression<'i32'> {
  return i32.load(lowering.control, control.states + 4 * index);
}

/** Start of the working memory that the thread has for itself: enough for any kernel of the program. */
export function scratchStart(lowering: Lowering): Expression<'i32'> {
  return i32.load(i32.add(lowering.control, i32.shl(lowering.thread, 2)), control.scratch);
}

/** Where a buffer begins. */
export function addressOf(lowering: Lowering, f: FunctionBuilder, id: ValueId, element = 0): Address {
  const place = lowering.program.places.get(id)!;
  const bytes = element * byteSize(bufferOf(lowering, id).dtype);
  if (place.base === 'state') return { base: f.let(stateStart(lowering, place.index)), offset: bytes };
  return { base: f.let(arenaStart(lowering)), offset: place.offset + bytes };
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
