import type { FunctionHandle } from '../handles.ts';
import { call, i32, select } from '../instructions/index.ts';
import type { ModuleBuilder } from '../module-builder.ts';
import { FLOAT32, FLOAT64 } from './element.ts';
import { DEPTH_BLOCK } from './kernel.ts';
import { emitPack, type PackParameters } from './pack.ts';
import { emitStrip, type StripFunction } from './strip.ts';
import { chooseKernel, type KernelChoice } from './tile.ts';

/** What to generate. */
export interface EmitProductsOptions {
  readonly type: 'f32' | 'f64';
  /** Put before the functions' names; default `product_f32` or `product_f64`. */
  readonly name?: string;
  /** Default: what the engine's features ask for. */
  readonly kernel?: KernelChoice;
}

/** Addresses of A, B and C; all strides in bytes. */
export const BLOCK_PARAMETERS = {
  a: 'i32',
  aRow: 'i32',
  /** From one step of depth to the next. */
  aStep: 'i32',
  b: 'i32',
  bStep: 'i32',
  /** From one panel of columns of B, as wide as the tile, to the next. */
  bPanel: 'i32',
  c: 'i32',
  cRow: 'i32',
  depth: 'i32',
  /** Whole tiles of rows, and whether the rest behind them is wanted. */
  tiles: 'i32',
  hasRest: 'i32',
  panels: 'i32',
} as const;

export type BlockParameters = typeof BLOCK_PARAMETERS;
export type BlockFunction = FunctionHandle<BlockParameters, 'void'>;

/** Functions of a module that multiply matrices; each is emitted when it is first asked for. */
export interface ProductFunctions {
  /**
   * C = A·B for whole panels of columns and any rows. Every element is summed in blocks of 256 along the depth, in order, each in one
   * register: the result depends on the depth alone, not on how C is cut into blocks.
   *
   * @param rowsAdjoin whether rows of A are neighbours in memory; else they are any stride apart
   * @param rest rows behind the last whole tile, fewer than a tile has
   */
  readonly block: (rowsAdjoin: boolean, rest: number) => BlockFunction;
  /** Packs a strided matrix into panels as wide as the tile, the last one filled up with zeros. */
  readonly pack: () => FunctionHandle<PackParameters, 'void'>;
  /** Rows and columns of a register tile. */
  readonly tile: { readonly rows: number; readonly columns: number };
}

/**
 * Matrix products of operands that are read where they lie: A with any strides, B with neighbours of a row side by side, or in panels.
 *
 * @example
 * ```ts
 * import { call, emitProducts, ModuleBuilder } from '@nadir/wasm';
 *
 * const module = new ModuleBuilder();
 * module.memory({ min: 1, export: 'memory' });
 * const { block, tile } = emitProducts(module, { type: 'f64' });
 * module.function('run', { export: true }, (f) => {
 *   const [a, b, c] = [0, 64, 1024];
 *   const row = 8 * tile.columns;
 *   // One row of A, of three elements, by three rows of B.
 *   const sizes = { depth: 3, tiles: 0, hasRest: 1, panels: 1 };
 *   f.do(call(block(false, 1), { a, aRow: 24, aStep: 8, b, bStep: row, bPanel: row, c, cRow: row, ...sizes }));
 * });
 * const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
 * const view = new Float64Array((exports.memory as WebAssembly.Memory).buffer);
 * view.set([1, 2, 3]);
 * for (let p = 0; p < 3; p++) view.set([10 ** p, -1], 8 + p * tile.columns);
 * (exports.run as () => void)();
 * view.slice(128, 130).join(' '); // => 321 -6
 * ```
 */
export function emitProducts(module: ModuleBuilder, options: EmitProductsOptions): ProductFunctions {
  const { type, name = `product_${type}`, kernel = chooseKernel() } = options;
  const element = type === 'f32' ? FLOAT32 : FLOAT64;
  const { rows, vectors } = kernel.tile;
  const columns = vectors * element.lanes;
  const strips = new Map<string, StripFunction>();
  const blocks = new Map<string, BlockFunction>();
  let pack: FunctionHandle<PackParameters, 'void'> | undefined;

  const strip = (count: number, rowsAdjoin: boolean): StripFunction => {
    const full = `${name}_${rowsAdjoin ? 'adjoining' : 'strided'}_${count}x${columns}`;
    const known =
      strips.get(full) ?? emitStrip(module, { type, name: full, rows: count, rowsAdjoin, kernel });
    strips.set(full, known);
    return known;
  };
  return {
    tile: { rows, columns },
    pack: () => (pack ??= emitPack(module, `${name}_pack`, element, columns, true)),
    block: (rowsAdjoin, rest) => {
      const full = `${name}_${rowsAdjoin ? 'adjoining' : 'strided'}_block_${rest}`;
      const known = blocks.get(full) ?? emitBlock(module, full, kernel, rowsAdjoin, rest, strip);
      blocks.set(full, known);
      return known;
    },
  };
}

function emitBlock(
  module: ModuleBuilder,
  name: string,
  { tile }: KernelChoice,
  rowsAdjoin: boolean,
  rest: number,
  strips: (rows: number, rowsAdjoin: boolean) => StripFunction,
): BlockFunction {
  const strip = strips(tile.rows, rowsAdjoin);
  const restStrip = rest > 0 ? strips(rest, rowsAdjoin) : null;
  return module.function(name, { parameters: BLOCK_PARAMETERS }, (f, p) => {
    const [at, panel] = [f.local('i32', 'depth_at'), f.local('i32', 'panel')];
    const [count, b, c] = [f.local('i32', 'depth_count'), f.local('i32', 'b_at'), f.local('i32', 'c_at')];
    const { aRow, aStep, bStep, cRow } = p;
    const whole = f.let(i32.mul(p.tiles, tile.rows), 'whole_rows');
    f.for(at, { to: p.depth, step: DEPTH_BLOCK }, () => {
      f.set(count, i32.sub(p.depth, at));
      f.set(count, select(i32.ltS(count, DEPTH_BLOCK), count, i32.const(DEPTH_BLOCK)));
      f.set(b, p.b);
      f.set(c, p.c);
      f.for(panel, { to: p.panels }, () => {
        const shared = { aRow, aStep, b, bStep, cRow, depth: count, accumulate: at };
        f.if(p.tiles, () => f.do(call(strip, { ...shared, a: p.a, c, tiles: p.tiles })));
        if (restStrip !== null) {
          const [a, to] = [i32.add(p.a, i32.mul(whole, aRow)), i32.add(c, i32.mul(whole, cRow))];
          f.if(p.hasRest, () => f.do(call(restStrip, { ...shared, a, c: to, tiles: 1 })));
        }
        f.set(b, i32.add(b, p.bPanel));
        f.set(c, i32.add(c, tile.vectors * 16));
      });
      f.set(p.a, i32.add(p.a, i32.mul(count, aStep)));
      f.set(p.b, i32.add(p.b, i32.mul(count, bStep)));
    });
  });
}
