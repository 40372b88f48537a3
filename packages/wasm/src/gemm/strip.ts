import type { Local } from '../expression.ts';
import type { FunctionHandle } from '../handles.ts';
import { i32, v128 } from '../instructions/index.ts';
import type { ModuleBuilder } from '../module-builder.ts';
import { WasmError } from '../wasm-error.ts';
import { FLOAT32, FLOAT64 } from './element.ts';
import { chooseKernel, type KernelChoice } from './tile.ts';

/** What to generate. */
export interface EmitStripOptions {
  readonly type: 'f32' | 'f64';
  readonly name: string;
  /** Rows of a tile, up to those of the kernel's tile. */
  readonly rows: number;
  /** Rows of A are neighbours in memory, one step of depth apart by any stride; else rows are any stride apart. */
  readonly rowsAdjoin: boolean;
  /** Default: what the engine's features ask for. */
  readonly kernel?: KernelChoice;
}

/** Addresses of A, of `vectors` vectors of columns of B and of C; all strides in bytes. */
export const STRIP_PARAMETERS = {
  a: 'i32',
  /** From one row of A to the next; of no account where rows adjoin. */
  aRow: 'i32',
  /** From one step of depth to the next. */
  aStep: 'i32',
  /** From one tile to the next below it. */
  aTile: 'i32',
  b: 'i32',
  bStep: 'i32',
  c: 'i32',
  cRow: 'i32',
  depth: 'i32',
  /** How many tiles, one below the other: at least one. */
  tiles: 'i32',
  /** 0: C = A·B, else C = C + A·B. */
  accumulate: 'i32',
} as const;

export type StripParameters = typeof STRIP_PARAMETERS;
export type StripFunction = FunctionHandle<StripParameters, 'void'>;

/**
 * Emits C (+)= A·B for a column of register tiles: `tiles` · `rows` rows, and as many columns as the tile of the kernel has. A and B are
 * read where they lie, so that whatever has neighbours of one row of B, or of one column of A, side by side needs no packing.
 *
 * The loop over tiles is part of the function: at a depth of 32 a call for every tile costs 5 %.
 */
export function emitStrip(module: ModuleBuilder, options: EmitStripOptions): StripFunction {
  const { name, rows, rowsAdjoin } = options;
  const element = options.type === 'f32' ? FLOAT32 : FLOAT64;
  const { tile, fused } = options.kernel ?? chooseKernel();
  if (!(rows >= 1 && rows <= tile.rows)) {
    throw new WasmError(`emitStrip(): rows must be 1 to ${tile.rows}, got ${rows}.`);
  }
  const { size } = element;
  const madd = fused ? element.relaxedMadd : element.mulAdd;
  return module.function(name, { parameters: STRIP_PARAMETERS }, (f, p) => {
    const sums: Local<'v128'>[][] = Array.from({ length: rows }, (_r, row) =>
      Array.from({ length: tile.vectors }, (_v, vector) => f.local('v128', `sum_${row}_${vector}`)),
    );
    const bs = Array.from({ length: tile.vectors }, (_, vector) => f.local('v128', `b_${vector}`));
    const splat = f.local('v128', 'a_splat');
    const pointers = Array.from({ length: rowsAdjoin ? 1 : rows }, (_, row) => f.local('i32', `a_${row}`));
    const [b, c, turn] = [f.local('i32', 'b_at'), f.let(p.c, 'c_at'), f.local('i32', 'tile')];
    const left = f.local('i32', 'depth_left');
    f.for(turn, { to: p.tiles }, () => {
      for (const [row, pointer] of pointers.entries())
        f.set(pointer, row === 0 ? p.a : i32.add(pointers[row - 1]!, p.aRow));
      f.set(b, p.b);
      f.set(left, p.depth);
      for (const sum of sums.flat()) f.set(sum, element.zero);
      f.while(left, () => {
        for (const [vector, value] of bs.entries()) f.set(value, v128.load(b, vector * 16, 4));
        for (const [row, line] of sums.entries()) {
          f.set(
            splat,
            rowsAdjoin ? element.loadSplat(pointers[0]!, row * size) : element.loadSplat(pointers[row]!, 0),
          );
          for (const [vector, sum] of line.entries()) f.set(sum, madd(splat, bs[vector]!, sum));
        }
        for (const pointer of pointers) f.set(pointer, i32.add(pointer, p.aStep));
        f.set(b, i32.add(b, p.bStep));
        f.set(left, i32.sub(left, 1));
      });
      const store = (add: boolean): void => {
        for (const line of sums) {
          for (const [vector, sum] of line.entries()) {
            const at = vector * 16;
            f.do(v128.store(c, add ? element.add(v128.load(c, at, 4), sum) : sum, at, 4));
          }
          f.set(c, i32.add(c, p.cRow));
        }
      };
      f.if(
        p.accumulate,
        () => store(true),
        () => store(false),
      );
      f.set(p.a, i32.add(p.a, p.aTile));
    });
  });
}
