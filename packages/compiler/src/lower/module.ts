import { ProgramError, type Program } from '@nadir/tensor';
import {
  emitGemm,
  emitProducts,
  ModuleBuilder,
  type FunctionBuilder,
  type GemmFunctions,
  type Local,
  type ProductFunctions,
} from '@nadir/wasm';
import type { Kernel, KernelProgram, PrimitiveKernel, Root } from '../kernel.ts';
import { mostPages } from '../memory.ts';
import { failures } from '../passes/failures.ts';
import { plan, type PlannedProgram } from '../passes/plan.ts';
import { productBytes } from './convolution/product-plan.ts';
import { emitProduct } from './convolution/product.ts';
import { emitWinograd, winogradBytes } from './convolution/winograd-product.ts';
import { emitWinogradWeights, winogradWeightBytes } from './convolution/winograd-weights.ts';
import { emitWeights, weightBytes } from './convolution/weights.ts';
import { emitArgExtreme } from './arg-extreme.ts';
import { emitScatterAdd, emitTake } from './gather.ts';
import type { Lowering } from './lowering.ts';
import { emitFill, emitMap } from './map.ts';
import { emitMatmul, matmulBytes } from './matmul/matmul.ts';
import { emitPack } from './matmul/pack.ts';
import { emitAveragePool, emitMaxPool } from './pool.ts';
import { emitRandomAdvance, emitRandomBits } from './random.ts';
import { emitReduce } from './reduce.ts';
import { emitRowKernel, rowBytes } from './rows.ts';
import { emitArgSort, emitCumSum, sortBytes } from './scan.ts';
import { emitRun, type Task } from './run.ts';
import { declareScalarMath } from './scalar-math.ts';

type OwnName =
  | 'maxPool'
  | 'maxPoolGather'
  | 'maxPoolScatter'
  | 'averagePool'
  | 'averagePoolGrad'
  | 'take'
  | 'scatterAdd'
  | 'argMax'
  | 'argMin'
  | 'cumSum'
  | 'argSort'
  | 'randomBits'
  | 'randomAdvance';

/**
 * Emits one chunk of a kernel's work, and returns how many chunks there are; nothing: one. Chunks are numbered from 0, and may run in
 * any order and on any thread: they write different places, and none reads what another writes.
 */
type Emitter = (
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: PrimitiveKernel,
  chunk: Local<'i32'>,
) => number | void;

/** The primitives that are neither element-wise, nor movements, nor reductions. */
const emitters: { readonly [P in OwnName]: Emitter } = {
  maxPool: emitMaxPool,
  maxPoolGather: emitMaxPool,
  maxPoolScatter: emitMaxPool,
  averagePool: emitAveragePool,
  averagePoolGrad: emitAveragePool,
  take: emitTake,
  scatterAdd: emitScatterAdd,
  argMax: emitArgExtreme,
  argMin: emitArgExtreme,
  cumSum: emitCumSum,
  argSort: emitArgSort,
  randomBits: emitRandomBits,
  randomAdvance: emitRandomAdvance,
};

/** The kernels of convolutions, and the working memory that a thread needs for them. */
const convolutions = {
  product: { emit: emitProduct, scratchBytes: productBytes },
  winograd: { emit: emitWinograd, scratchBytes: winogradBytes },
  weights: { emit: emitWeights, scratchBytes: weightBytes },
  winogradWeights: { emit: emitWinogradWeights, scratchBytes: winogradWeightBytes },
} as const;

function scratchOf(kernel: Kernel): number {
  if (kernel.kind === 'rows') return rowBytes(kernel);
  if (kernel.kind === 'matmul') return matmulBytes(kernel);
  if (kernel.kind === 'convolution') return convolutions[kernel.part].scratchBytes(kernel);
  if (kernel.kind !== 'primitive') return 0;
  switch (kernel.node.primitive) {
    case 'argSort':
      return sortBytes(kernel);
    default:
      return 0;
  }
}

/** A module and what its user must know of it. */
export interface LoweredProgram {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly program: PlannedProgram;
  /** Chunks of every task that threads can run: those of the kernels come first, in their order. */
  readonly tasks: readonly { readonly name: string; readonly chunks: number }[];
  /** Whether any of them is worth more than one thread. */
  readonly hasForks: boolean;
  /** Working memory that a thread needs for itself. */
  readonly scratchBytes: number;
  /** The module in the style of the text format. */
  toText(): string;
}

function nameOf(kernel: Kernel, index: number): string {
  return `k${index}_${whatOf(kernel)}`;
}

function rootNames(roots: readonly Root[]): string {
  return roots.map(({ element }) => (element.kind === 'point' ? element.name : element.kind)).join('_');
}

function whatOf(kernel: Kernel): string {
  switch (kernel.kind) {
    case 'primitive':
      return kernel.node.primitive;
    case 'reduce':
      return kernel.name;
    case 'convolution':
      return `convolution_${kernel.part}`;
    case 'map':
    case 'rows':
      return rootNames(kernel.roots);
    case 'matmul': {
      const own = kernel.roots.filter(({ element }) => element.kind !== 'load');
      return own.length === 0 ? 'matmul' : `matmul_${rootNames(own)}`;
    }
    default:
      return kernel.kind;
  }
}

/** Emits one module for a fused program: a function for each kernel, and `run` that calls them phase by phase. */
export function lower(fused: KernelProgram, source: Program, isShared: boolean): LoweredProgram {
  const failing = failures(fused.kernels);
  const canFail = (kernel: Kernel): boolean => failing.has(kernel);
  const program = plan(fused, canFail);
  if (program.arenaBytes > 2 ** 32 - 2 ** 16) {
    throw new ProgramError(
      `load(): the program needs ${program.arenaBytes} bytes of working memory, more than the 4 GiB that WebAssembly addresses. ` +
        'Use a smaller batch.',
    );
  }
  const module = new ModuleBuilder();
  module.importMemory('nadir', 'memory', isShared ? { min: 1, max: mostPages, shared: true } : { min: 1 });
  const math = declareScalarMath(module);
  const gemms = new Map<string, GemmFunctions>();
  const products = new Map<string, ProductFunctions>();
  const lowering: Lowering = {
    module,
    math,
    program,
    control: module.importGlobal('nadir', 'control', 'i32'),
    thread: module.importGlobal('nadir', 'thread', 'i32'),
    gemm: (type) => {
      const before = gemms.get(type) ?? emitGemm(module, { type });
      gemms.set(type, before);
      return before;
    },
    products: (type) => {
      const before = products.get(type) ?? emitProducts(module, { type });
      products.set(type, before);
      return before;
    },
  };
  const kernels = new Map<Kernel, Task>();
  for (const kernel of program.kernels) {
    let chunks = 1;
    math.isHostOnly = false;
    const handle = module.function(
      nameOf(kernel, kernels.size),
      { parameters: { chunk: 'i32' } },
      (f, { chunk }) => (chunks = emitKernel(lowering, f, kernel, chunk)),
    );
    kernels.set(kernel, { handle, chunks, isShared: !math.isHostOnly });
  }
  const { tasks, hasForks } = emitRun(lowering, kernels, source.state.length, isShared, canFail);
  const scratchBytes = Math.max(0, ...program.kernels.map(scratchOf));
  return {
    bytes: module.toBytes(),
    program,
    tasks: tasks.map(({ handle, chunks }) => ({ name: handle.name, chunks })),
    hasForks,
    scratchBytes,
    toText: () => module.toText(),
  };
}

function emitKernel(lowering: Lowering, f: FunctionBuilder, kernel: Kernel, chunk: Local<'i32'>): number {
  switch (kernel.kind) {
    case 'map':
      return emitMap(lowering, f, kernel, chunk);
    case 'reduce':
      return emitReduce(lowering, f, kernel, chunk);
    case 'rows':
      return emitRowKernel(lowering, f, kernel, chunk);
    case 'fill':
      return emitFill(lowering, f, kernel, chunk);
    case 'matmul':
      return emitMatmul(lowering, f, kernel, chunk);
    case 'pack':
      return emitPack(lowering, f, kernel, chunk);
    case 'convolution':
      return convolutions[kernel.part].emit(lowering, f, kernel, chunk);
    case 'primitive': {
      const emit = (emitters as Readonly<Record<string, (typeof emitters)['take'] | undefined>>)[
        kernel.node.primitive
      ];
      if (emit === undefined)
        throw new ProgramError(`load(): the wasm executor has no kernel for ${kernel.node.primitive}.`);
      return emit(lowering, f, kernel, chunk) ?? 1;
    }
  }
}
