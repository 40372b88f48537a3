import type { Expression, Local } from '../expression.ts';
import type { FunctionHandle } from '../handles.ts';
import { call, i32, select } from '../instructions/index.ts';
import type { ModuleBuilder } from '../module-builder.ts';
import { FLOAT32, FLOAT64 } from './element.ts';
import { DEPTH_BLOCK, ROW_BLOCK } from './kernel.ts';
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
  /** From one panel of columns of B, as wide as the tile, to the next; where it is packed first, from one column to the next. */
  bAcross: 'i32',
  c: 'i32',
  cRow: 'i32',
  depth: 'i32',
  rows: 'i32',
  columns: 'i32',
  /** Room for what is packed: `ROW_BLOCK` rows, and all columns, at 256 steps of depth. */
  packedA: 'i32',
  packedB: 'i32',
} as const;

/**
 * Rows of A are any stride apart; or they are neighbours in memory, and steps of depth any stride apart; or they are neighbours that
 * are packed first, block by block of the depth, since steps far apart would push one another out of the cache.
 */
export type LeftLayout = 'strided' | 'adjoining' | 'packed';

/** Columns of B, in panels that may be its rows themselves, are read where they lie; or they are packed first, block by block. */
export type RightLayout = 'panels' | 'packed';

export type BlockParameters = typeof BLOCK_PARAMETERS;
export type BlockFunction = FunctionHandle<BlockParameters, 'void'>;
export type PackFunction = FunctionHandle<PackParameters, 'void'>;

/** What a block function is made for. */
export interface BlockLayout {
  readonly left: LeftLayout;
  readonly right: RightLayout;
  /** Rows behind the last whole tile, fewer than a tile has. */
  readonly rest: number;
}

/** Functions of a module that multiply matrices; each is emitted when it is first asked for. */
export interface ProductFunctions {
  /**
   * C = A·B for whole panels of columns and any rows. Every element is summed in blocks of 256 along the depth, in order, each in one
   * register: the result depends on the depth alone, not on how C is cut into blocks. Columns of C that fill up its last panel get
   * what happens to lie behind B, or zeros where B is packed.
   */
  readonly block: (layout: BlockLayout) => BlockFunction;
  /** Packs a strided matrix into panels as wide as the tile, the last one filled up with zeros. */
  readonly pack: () => PackFunction;
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
 *   const left = { a, aRow: 24, aStep: 8, rows: 1, packedA: 0 };
 *   const right = { b, bStep: row, bAcross: row, columns: tile.columns, packedB: 0 };
 *   const run = block({ left: 'strided', right: 'panels', rest: 1 });
 *   f.do(call(run, { ...left, ...right, c, cRow: row, depth: 3 }));
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
  const packs = new Map<number, PackFunction>();

  const strip = (count: number, rowsAdjoin: boolean): StripFunction => {
    const full = `${name}_${rowsAdjoin ? 'adjoining' : 'strided'}_${count}x${columns}`;
    const known =
      strips.get(full) ?? emitStrip(module, { type, name: full, rows: count, rowsAdjoin, kernel });
    strips.set(full, known);
    return known;
  };
  const pack = (width: number): PackFunction => {
    const known =
      packs.get(width) ?? emitPack(module, `${name}_pack_${width}`, element, width, width === columns);
    packs.set(width, known);
    return known;
  };
  const emitBlock = (full: string, { left, right, rest }: BlockLayout): BlockFunction => {
    const whole = strip(rows, left !== 'strided');
    const partial = rest > 0 ? strip(rest, left !== 'strided') : null;
    const bytes = element.size;
    const rowBlock = ROW_BLOCK;
    return module.function(full, { parameters: BLOCK_PARAMETERS }, (f, p) => {
      const local = (name: string): Local<'i32'> => f.local('i32', name);
      const [at, count, row, rowCount, panel] = [
        local('depth_at'),
        local('depth_count'),
        local('row'),
        local('row_count'),
        local('panel'),
      ];
      const [aRows, a, bPanels, b, cRows, c] = [
        local('a_rows'),
        local('a_at'),
        local('b_panels'),
        local('b_at'),
        local('c_rows'),
        local('c_at'),
      ];
      const [tiles, hasRest] = [local('tiles'), local('has_rest')];
      const panels = f.let(i32.divU(i32.add(p.columns, columns - 1), columns), 'panels');
      // Of what is multiplied: as it lies, or as it is packed.
      const aStep = left === 'packed' ? f.let(i32.const(rows * bytes)) : p.aStep;
      const bStep = right === 'packed' ? f.let(i32.const(columns * bytes)) : p.bStep;
      const aTile = f.let(i32.mul(p.aRow, rows), 'a_tile');
      const bPanel = f.let(p.bAcross, 'b_panel');
      const least = (target: Local<'i32'>, rest: Expression<'i32'>, limit: number): void => {
        f.set(target, rest);
        f.set(target, select(i32.ltS(target, limit), target, i32.const(limit)));
      };
      f.for(at, { to: p.depth, step: DEPTH_BLOCK }, () => {
        least(count, i32.sub(p.depth, at), DEPTH_BLOCK);
        f.set(bPanels, p.b);
        if (right === 'packed') {
          const source = { source: p.b, widthStride: p.bAcross, depthStride: p.bStep };
          f.do(call(pack(columns), { ...source, target: p.packedB, count: p.columns, depth: count }));
          f.set(bPanels, p.packedB);
          f.set(bPanel, i32.mul(count, columns * bytes));
        }
        f.set(aRows, p.a);
        f.set(cRows, p.c);
        f.for(row, { to: p.rows, step: rowBlock }, () => {
          least(rowCount, i32.sub(p.rows, row), rowBlock);
          f.set(tiles, i32.divU(rowCount, rows));
          if (partial !== null) f.set(hasRest, i32.remU(rowCount, rows));
          f.set(a, aRows);
          if (left === 'packed') {
            const source = { source: aRows, widthStride: p.aRow, depthStride: p.aStep };
            f.do(call(pack(rows), { ...source, target: p.packedA, count: rowCount, depth: count }));
            f.set(a, p.packedA);
            f.set(aTile, i32.mul(count, rows * bytes));
          }
          f.set(b, bPanels);
          f.set(c, cRows);
          f.for(panel, { to: panels }, () => {
            const shared = {
              aRow: p.aRow,
              aStep,
              aTile,
              b,
              bStep,
              cRow: p.cRow,
              depth: count,
              accumulate: at,
            };
            f.if(tiles, () => f.do(call(whole, { ...shared, a, c, tiles })));
            if (partial !== null) {
              const from = i32.add(a, i32.mul(tiles, aTile));
              const to = i32.add(c, i32.mul(i32.mul(tiles, rows), p.cRow));
              f.if(hasRest, () => f.do(call(partial, { ...shared, a: from, c: to, tiles: 1 })));
            }
            f.set(b, i32.add(b, bPanel));
            f.set(c, i32.add(c, columns * bytes));
          });
          f.set(aRows, i32.add(aRows, i32.mul(p.aRow, rowBlock)));
          f.set(cRows, i32.add(cRows, i32.mul(p.cRow, rowBlock)));
        });
        f.set(p.a, i32.add(p.a, i32.mul(count, p.aStep)));
        f.set(p.b, i32.add(p.b, i32.mul(count, p.bStep)));
      });
    });
  };
  return {
    tile: { rows, columns },
    pack: () => pack(columns),
    block: (layout) => {
      const full = `${name}_${layout.left}_${layout.right}_${layout.rest}`;
      const known = blocks.get(full) ?? emitBlock(full, layout);
      blocks.set(full, known);
      return known;
    },
  };
}
