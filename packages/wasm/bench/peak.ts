import { f32x4, features, ModuleBuilder } from '@nadir/wasm';

/** GFLOP/s of independent 128-bit multiply-adds in registers: the ceiling of any WebAssembly kernel on one thread. */
export function peakGflops(runs = 7): number {
  const chains = 12;
  const turns = 2_000_000;
  const madd = features().relaxedSimd
    ? f32x4.relaxedMadd
    : (a: Vector, b: Vector, c: Vector): Vector => f32x4.add(f32x4.mul(a, b), c);
  const module = new ModuleBuilder();
  module.function(
    'peak',
    { parameters: { turns: 'i32' }, result: 'f32', export: true },
    (f, { turns: to }) => {
      const turn = f.local('i32');
      const x = f.let(f32x4.splat(0.5));
      const sums = Array.from({ length: chains }, () => f.let(f32x4.splat(1)));
      f.for(turn, { to }, () => {
        for (const sum of sums) f.set(sum, madd(sum, x, x));
      });
      f.return(
        f32x4.extractLane(
          sums.reduce<Vector>((a, b) => f32x4.add(a, b), x),
          0,
        ),
      );
    },
  );
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
  const peak = exports.peak as (turns: number) => number;
  for (let warm = 0; warm < 20; warm++) peak(100_000);
  const rates: number[] = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    peak(turns);
    rates.push((turns * chains * 8) / (performance.now() - start) / 1e6);
  }
  return rates.toSorted((a, b) => a - b)[Math.floor(runs / 2)]!;
}

type Vector = ReturnType<typeof f32x4.splat>;
