import type { Expression } from './expression.ts';
import { features } from './features.ts';
import { f32x4 } from './instructions/index.ts';
import { ModuleBuilder } from './module-builder.ts';

type Vector = Expression<'v128'>;

const CHAINS = 12;
const TURNS = 3_000_000;

/**
 * Makes a sampler of the ceiling of any WebAssembly kernel on one thread: GFLOP/s of independent 128-bit multiply-adds
 * in registers (fused where the engine has it), some 4 ms a sample. Measured beside a kernel, it tells a slow kernel from a
 * busy machine.
 *
 * @example
 * ```ts
 * import { createPeak } from '@nadir/wasm';
 * const peak = createPeak();
 * peak() > 0; // => true
 * ```
 */
export function createPeak(): () => number {
  const madd = features().relaxedSimd
    ? f32x4.relaxedMadd
    : (a: Vector, b: Vector, c: Vector): Vector => f32x4.add(f32x4.mul(a, b), c);
  const module = new ModuleBuilder();
  module.function('peak', { parameters: { turns: 'i32' }, result: 'f32', export: true }, (f, { turns }) => {
    const turn = f.local('i32');
    const x = f.let(f32x4.splat(0.5));
    const sums = Array.from({ length: CHAINS }, () => f.let(f32x4.splat(1)));
    f.for(turn, { to: turns }, () => {
      for (const sum of sums) f.set(sum, madd(sum, x, x));
    });
    f.return(
      f32x4.extractLane(
        sums.reduce<Vector>((a, b) => f32x4.add(a, b), x),
        0,
      ),
    );
  });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
  const peak = exports['peak'] as (turns: number) => number;
  for (let warm = 0; warm < 30; warm++) peak(50_000);
  return () => {
    const start = performance.now();
    peak(TURNS);
    return (TURNS * CHAINS * 8) / (performance.now() - start) / 1e6;
  };
}
