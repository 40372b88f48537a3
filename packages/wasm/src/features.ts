import { ModuleBuilder } from './module-builder.ts';
import { atomic, f32x4, i32, memory } from './instructions/index.ts';

/** What this engine's WebAssembly understands. */
export interface Features {
  /** 128-bit vectors. */
  readonly simd: boolean;
  /** Fused multiply-add and the other relaxed vector instructions. */
  readonly relaxedSimd: boolean;
  /** Whether the relaxed multiply-add rounds once: it does where the processor has such an instruction. */
  readonly fusedMultiplyAdd: boolean;
  /** Shared memories and atomic instructions; whether the host lets memory be shared is another question. */
  readonly threads: boolean;
  /** `memory.copy`, `memory.fill`, passive data. */
  readonly bulkMemory: boolean;
}

let cached: Features | undefined;

/**
 * Probes the engine once, by validating one small module a feature; the answer is frozen and kept.
 *
 * @example
 * ```ts
 * import { features } from '@nadir/wasm';
 *
 * features().simd; // => true
 * ```
 */
export function features(): Features {
  cached ??= Object.freeze({
    simd: validates((module) => {
      module.function('probe', {}, (f) => f.drop(f32x4.splat(1)));
    }),
    relaxedSimd: validates(multiplyAdd),
    fusedMultiplyAdd: validates(multiplyAdd) && roundsOnce(),
    threads: validates((module) => {
      module.memory({ min: 1, max: 1, shared: true });
      module.function('probe', {}, (f) => f.drop(atomic.i32.rmwAdd(i32.const(0), 1)));
    }),
    bulkMemory: validates((module) => {
      module.memory({ min: 1 });
      module.function('probe', {}, (f) => f.do(memory.fill(0, 0, 1)));
    }),
  });
  return cached;
}

function multiplyAdd(module: ModuleBuilder): void {
  module.function(
    'probe',
    { parameters: { a: 'f32', c: 'f32' }, result: 'f32', export: true },
    (f, { a, c }) => {
      f.return(f32x4.extractLane(f32x4.relaxedMadd(f32x4.splat(a), f32x4.splat(a), f32x4.splat(c)), 0));
    },
  );
}

/** (1 + 2⁻¹²)² = 1 + 2⁻¹¹ + 2⁻²⁴, whose last term a rounding of the product to float32 loses. */
function roundsOnce(): boolean {
  const module = new ModuleBuilder();
  multiplyAdd(module);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
  const probe = exports['probe'] as (a: number, c: number) => number;
  return probe(1 + 2 ** -12, -1 - 2 ** -11) !== 0;
}

function validates(build: (module: ModuleBuilder) => void): boolean {
  if (typeof WebAssembly === 'undefined') return false;
  const module = new ModuleBuilder();
  build(module);
  return WebAssembly.validate(module.toBytes());
}
