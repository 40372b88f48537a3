import type { Local } from '../expression.ts';
import { features } from '../features.ts';
import type { FunctionHandle } from '../handles.ts';
import { i32, v128 } from '../instructions/index.ts';
import type { ModuleBuilder } from '../module-builder.ts';
import type { Element } from './element.ts';

/** The register tile: `rows` (even) of A by `vectors` of 128 bits of B, and how many steps of depth one turn takes. */
export interface Tile {
  readonly rows: number;
  readonly vectors: number;
  readonly unroll: number;
}

/** How the kernels are generated: follows what the engine understands, never a timing. */
export interface KernelChoice {
  readonly tile: Tile;
  /** Relaxed multiply-add; else a multiplication and an addition. */
  readonly fused: boolean;
}

/**
 * The choice for this engine. With fused multiply-add, 6 × 2 vectors fill 15 of the vector registers that V8 allots on x64
 * (rows · vectors + vectors + 1 ≤ 15); without, every product needs a register of its own and 2 × 4 is what stays out of
 * memory. Not unrolled: V8 of Node 20 and 22 hoists and spills the loads of an unrolled loop, and that of Node 24 gains nothing.
 */
export function chooseKernel(): KernelChoice {
  const fused = features().relaxedSimd;
  return { tile: fused ? { rows: 6, vectors: 2, unroll: 1 } : { rows: 2, vectors: 4, unroll: 1 }, fused };
}

/** The parameters of a tile function: addresses of packed panels and of C, C's row stride in bytes. */
export const TILE_PARAMETERS = {
  a: 'i32',
  b: 'i32',
  c: 'i32',
  cRowStride: 'i32',
  depth: 'i32',
  /** 0: C = A·B, else C = C + A·B. */
  accumulate: 'i32',
} as const;

export type TileParameters = typeof TILE_PARAMETERS;

/**
 * Emits the product of one packed panel of A and one of B into `rows` × `vectors` registers: C = Σₚ a[p]·b[p], or added to C.
 * `tile` gives the panels' widths, so that edge tiles (fewer rows or vectors) read the same panels.
 */
export function emitTile(
  module: ModuleBuilder,
  name: string,
  element: Element,
  { tile, fused }: KernelChoice,
  rows: number,
  vectors: number,
): FunctionHandle<TileParameters, 'void'> {
  const { size, lanes } = element;
  const [aStep, bStep] = [tile.rows * size, tile.vectors * 16];
  const madd = fused ? element.relaxedMadd : element.mulAdd;
  return module.function(
    name,
    { parameters: TILE_PARAMETERS },
    (f, { a, b, c, cRowStride, depth, accumulate }) => {
      const sums: Local<'v128'>[][] = Array.from({ length: rows }, (_r, row) =>
        Array.from({ length: vectors }, (_v, vector) => f.local('v128', `sum_${row}_${vector}`)),
      );
      const bs = Array.from({ length: vectors }, (_, vector) => f.local('v128', `b_${vector}`));
      const splat = f.local('v128', 'a_splat');
      const step = (at: number): void => {
        for (const [vector, value] of bs.entries()) f.set(value, v128.load(b, at * bStep + vector * 16, 4));
        for (const [row, line] of sums.entries()) {
          f.set(splat, element.loadSplat(a, at * aStep + row * size));
          for (const [vector, sum] of line.entries()) f.set(sum, madd(splat, bs[vector]!, sum));
        }
      };
      const advance = (steps: number): void => {
        for (let at = 0; at < steps; at++) step(at);
        f.set(a, i32.add(a, steps * aStep));
        f.set(b, i32.add(b, steps * bStep));
      };
      const full = rows === tile.rows && vectors === tile.vectors;
      const unroll = full ? tile.unroll : 1;
      const end = f.let(i32.add(a, i32.mul(depth, aStep)), 'a_end');
      if (unroll > 1) {
        const unrolledEnd = f.let(i32.add(a, i32.mul(i32.and(depth, -unroll), aStep)), 'a_unrolled_end');
        f.while(i32.ltU(a, unrolledEnd), () => advance(unroll));
      }
      f.while(i32.ltU(a, end), () => advance(1));

      f.if(
        accumulate,
        () => {
          for (const line of sums) {
            for (const [vector, sum] of line.entries()) {
              const at = vector * lanes * size;
              f.do(v128.store(c, element.add(v128.load(c, at, 4), sum), at, 4));
            }
            f.set(c, i32.add(c, cRowStride));
          }
        },
        () => {
          for (const line of sums) {
            for (const [vector, sum] of line.entries()) f.do(v128.store(c, sum, vector * lanes * size, 4));
            f.set(c, i32.add(c, cRowStride));
          }
        },
      );
    },
  );
}
