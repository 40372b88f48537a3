import { call, callIndirect, i32, select } from '../instructions/index.ts';
import type { FunctionHandle } from '../handles.ts';
import type { ModuleBuilder } from '../module-builder.ts';
import { WasmError } from '../wasm-error.ts';
import { FLOAT32, FLOAT64 } from './element.ts';
import { emitPack, type PackParameters } from './pack.ts';
import { chooseKernel, emitTile, type KernelChoice } from './tile.ts';

/** Steps of depth summed in registers before they are added to C: also the block of the summation order. */
export const DEPTH_BLOCK = 256;
/** Columns of B packed at a time. */
const COLUMN_BLOCK = 512;
/** Rows of A packed at a time: about 96 KiB of float32, within a second-level cache. A multiple of every tile's rows. */
export const ROW_BLOCK = 96;

/** What to generate. */
export interface EmitGemmOptions {
  readonly type: 'f32' | 'f64';
  /** Put before the functions' names; default `gemm_f32` or `gemm_f64`. */
  readonly name?: string;
  /** Default: what the engine's features ask for. */
  readonly kernel?: KernelChoice;
  /** Export the main function under its name; default false. */
  readonly export?: boolean;
}

/** C (+)= A·B over addresses; strides are elements, addresses bytes. */
export const GEMM_PARAMETERS = {
  m: 'i32',
  n: 'i32',
  k: 'i32',
  a: 'i32',
  aRowStride: 'i32',
  aColumnStride: 'i32',
  b: 'i32',
  bRowStride: 'i32',
  bColumnStride: 'i32',
  c: 'i32',
  cRowStride: 'i32',
  /** 0: C = A·B, else C = C + A·B. */
  accumulate: 'i32',
  /** Where `scratchBytes` of free memory begin, a multiple of 16. */
  scratch: 'i32',
} as const;

export type GemmParameters = typeof GEMM_PARAMETERS;

/** The product of packed blocks: `m`, `n` and `k` of this block, addresses of the packed panels, strides in bytes. */
export const PACKED_PARAMETERS = {
  m: 'i32',
  n: 'i32',
  k: 'i32',
  a: 'i32',
  b: 'i32',
  c: 'i32',
  cRowStride: 'i32',
  accumulate: 'i32',
  /** One tile of free memory for the columns that do not fill a vector. */
  scratch: 'i32',
} as const;

export type PackedParameters = typeof PACKED_PARAMETERS;

/** As {@link PACKED_PARAMETERS}, for panels of A that are parts of longer ones. */
export type PanelParameters = PackedParameters & {
  /** Bytes from one panel of A to the next. */
  readonly aPanel: 'i32';
};

const PANEL_PARAMETERS: PanelParameters = { ...PACKED_PARAMETERS, aPanel: 'i32' };

/**
 * The emitted functions. `packA`, `packB` and `multiplyPacked` are the parts of `gemm`, for programs that share packed panels between
 * threads, fill them by a gather of their own, or work on a block of C as soon as it is done.
 */
export interface GemmFunctions {
  readonly gemm: FunctionHandle<GemmParameters, 'void'>;
  readonly packA: FunctionHandle<PackParameters, 'void'>;
  readonly packB: FunctionHandle<PackParameters, 'void'>;
  readonly multiplyPacked: FunctionHandle<PackedParameters, 'void'>;
  /** `multiplyPacked` for some steps of depth of panels of A that are longer. */
  readonly multiplyPanels: FunctionHandle<PanelParameters, 'void'>;
  /** Bytes of scratch that `gemm` needs. */
  readonly scratchBytes: number;
  /** Elements across a packed panel of A (`rows`) and of B (`columns`): element (p, j) of a panel lies at p · width + j. */
  readonly panel: { readonly rows: number; readonly columns: number };
  /** The blocks that `gemm` packs at a time; `depth` fixes the order of summation. */
  readonly block: { readonly rows: number; readonly columns: number; readonly depth: number };
}

/**
 * Emits a matrix product for operands in the module's memory: C[m,n] (+)= A[m,k]·B[k,n] with any strides of A and B; C's rows are contiguous.
 *
 * Every element is summed in blocks of 256 along k, in order, each in one register: the result depends on k alone, not on m, n or the tile.
 * Panels and register tiles follow Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008).
 * Throws `WasmError` for a tile that the blocks cannot hold.
 *
 * @example
 * ```ts
 * import { emitGemm, ModuleBuilder } from '@nadir/wasm';
 *
 * const module = new ModuleBuilder();
 * const { scratchBytes } = emitGemm(module, { type: 'f64', name: 'gemm', export: true });
 * module.memory({ min: Math.ceil((scratchBytes + 72) / 65_536), export: 'memory' });
 * const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
 * const view = new Float64Array((exports.memory as WebAssembly.Memory).buffer, scratchBytes);
 * view.set([1, 2, 3, 4]);
 * // The square of the matrix at `a`: m, n, k, a and its strides, b and its strides, c and its row stride, accumulate, scratch.
 * const a = scratchBytes;
 * (exports.gemm as (...values: number[]) => void)(2, 2, 2, a, 2, 1, a, 2, 1, a + 32, 2, 0, 0);
 * view.slice(4, 8).join(' '); // => 7 10 15 22
 * ```
 */
export function emitGemm(module: ModuleBuilder, options: EmitGemmOptions): GemmFunctions {
  const element = options.type === 'f32' ? FLOAT32 : FLOAT64;
  const prefix = options.name ?? `gemm_${options.type}`;
  const choice = options.kernel ?? chooseKernel();
  const { size, lanes } = element;
  const { rows, vectors } = choice.tile;
  const columns = vectors * lanes;
  checkTile(choice.tile);

  const packA = emitPack(module, `${prefix}_pack_a`, element, rows, false);
  const packB = emitPack(module, `${prefix}_pack_b`, element, columns, true);
  const edges: ReturnType<typeof emitTile>[] = [];
  for (let r = 1; r <= rows; r++) {
    for (let v = 1; v <= vectors; v++) {
      edges.push(emitTile(module, `${prefix}_tile_${r}x${v * lanes}`, element, choice, r, v));
    }
  }
  const full = edges.at(-1)!;
  const table = module.table(edges);

  const addTile = module.function(
    `${prefix}_add_tile`,
    {
      parameters: {
        source: 'i32',
        target: 'i32',
        targetRowStride: 'i32',
        rows: 'i32',
        columns: 'i32',
        accumulate: 'i32',
      },
    },
    (f, p) => {
      const [row, column, from, to] = [f.local('i32'), f.local('i32'), f.local('i32'), f.local('i32')];
      f.for(row, { to: p.rows }, () => {
        f.set(from, i32.add(p.source, i32.mul(row, columns * size)));
        f.set(to, i32.add(p.target, i32.mul(row, p.targetRowStride)));
        f.for(column, { to: p.columns }, () => {
          f.if(
            p.accumulate,
            () => f.do(element.accumulate(to, from)),
            () => f.do(element.copy(to, from)),
          );
          f.set(from, i32.add(from, size));
          f.set(to, i32.add(to, size));
        });
      });
    },
  );

  const multiplyPanels = module.function(`${prefix}_panels`, { parameters: PANEL_PARAMETERS }, (f, p) => {
    const [row, column] = [f.local('i32', 'row'), f.local('i32', 'column')];
    const [rowsLeft, columnsLeft] = [f.local('i32', 'rows_left'), f.local('i32', 'columns_left')];
    const [aAt, cAt, bAt] = [f.local('i32', 'a_at'), f.local('i32', 'c_at'), f.let(p.b, 'b_at')];
    const edge = f.local('i32', 'edge');
    const bPanel = f.let(i32.mul(p.k, columns * size), 'b_panel_bytes');
    const cPanel = f.let(i32.mul(p.cRowStride, rows), 'c_panel_bytes');
    f.for(column, { to: p.n, step: columns }, () => {
      f.set(aAt, p.a);
      f.set(cAt, i32.add(p.c, i32.mul(column, size)));
      f.set(columnsLeft, i32.sub(p.n, column));
      f.set(columnsLeft, select(i32.ltS(columnsLeft, columns), columnsLeft, i32.const(columns)));
      f.for(row, { to: p.m, step: rows }, () => {
        f.set(rowsLeft, i32.sub(p.m, row));
        f.set(rowsLeft, select(i32.ltS(rowsLeft, rows), rowsLeft, i32.const(rows)));
        f.if(
          i32.and(i32.eq(rowsLeft, rows), i32.eq(columnsLeft, columns)),
          () =>
            f.do(
              call(full, {
                a: aAt,
                b: bAt,
                c: cAt,
                cRowStride: p.cRowStride,
                depth: p.k,
                accumulate: p.accumulate,
              }),
            ),
          () => {
            const vectorsLeft = i32.divU(i32.add(columnsLeft, lanes - 1), lanes);
            f.set(edge, i32.add(i32.mul(i32.sub(rowsLeft, 1), vectors), i32.sub(vectorsLeft, 1)));
            f.if(
              i32.and(columnsLeft, lanes - 1),
              () => {
                f.do(
                  callIndirect(table, edge, full, {
                    a: aAt,
                    b: bAt,
                    c: p.scratch,
                    cRowStride: columns * size,
                    depth: p.k,
                    accumulate: 0,
                  }),
                  call(addTile, {
                    source: p.scratch,
                    target: cAt,
                    targetRowStride: p.cRowStride,
                    rows: rowsLeft,
                    columns: columnsLeft,
                    accumulate: p.accumulate,
                  }),
                );
              },
              () =>
                f.do(
                  callIndirect(table, edge, full, {
                    a: aAt,
                    b: bAt,
                    c: cAt,
                    cRowStride: p.cRowStride,
                    depth: p.k,
                    accumulate: p.accumulate,
                  }),
                ),
            );
          },
        );
        f.set(aAt, i32.add(aAt, p.aPanel));
        f.set(cAt, i32.add(cAt, cPanel));
      });
      f.set(bAt, i32.add(bAt, bPanel));
    });
  });
  const multiplyPacked = module.function(`${prefix}_packed`, { parameters: PACKED_PARAMETERS }, (f, p) => {
    f.do(call(multiplyPanels, { ...p, aPanel: i32.mul(p.k, rows * size) }));
  });

  // Scratch: one tile, then the packed blocks of A and of B.
  const tileBytes = rows * columns * size;
  const aBytes = (ROW_BLOCK + rows) * DEPTH_BLOCK * size;
  const bBytes = (COLUMN_BLOCK + columns) * DEPTH_BLOCK * size;
  const gemm = module.function(
    prefix,
    { parameters: GEMM_PARAMETERS, export: options.export ?? false },
    (f, p) => {
      for (const stride of [p.aRowStride, p.aColumnStride, p.bRowStride, p.bColumnStride, p.cRowStride]) {
        f.set(stride, i32.mul(stride, size));
      }
      const aPacked = f.let(i32.add(p.scratch, tileBytes), 'a_packed');
      const bPacked = f.let(i32.add(aPacked, aBytes), 'b_packed');
      const [row, column, depth] = [f.local('i32', 'row'), f.local('i32', 'column'), f.local('i32', 'depth')];
      const [mBlock, nBlock, kBlock] = [
        f.local('i32', 'm_block'),
        f.local('i32', 'n_block'),
        f.local('i32', 'k_block'),
      ];
      const block = (
        target: typeof mBlock,
        whole: typeof mBlock,
        from: typeof mBlock,
        limit: number,
      ): void => {
        f.set(target, i32.sub(whole, from));
        f.set(target, select(i32.ltS(target, limit), target, i32.const(limit)));
      };
      f.for(column, { to: p.n, step: COLUMN_BLOCK }, () => {
        block(nBlock, p.n, column, COLUMN_BLOCK);
        f.for(depth, { to: p.k, step: DEPTH_BLOCK }, () => {
          block(kBlock, p.k, depth, DEPTH_BLOCK);
          f.do(
            call(packB, {
              target: bPacked,
              source: i32.add(p.b, i32.add(i32.mul(depth, p.bRowStride), i32.mul(column, p.bColumnStride))),
              widthStride: p.bColumnStride,
              depthStride: p.bRowStride,
              count: nBlock,
              depth: kBlock,
            }),
          );
          f.for(row, { to: p.m, step: ROW_BLOCK }, () => {
            block(mBlock, p.m, row, ROW_BLOCK);
            f.do(
              call(packA, {
                target: aPacked,
                source: i32.add(p.a, i32.add(i32.mul(row, p.aRowStride), i32.mul(depth, p.aColumnStride))),
                widthStride: p.aRowStride,
                depthStride: p.aColumnStride,
                count: mBlock,
                depth: kBlock,
              }),
              call(multiplyPacked, {
                m: mBlock,
                n: nBlock,
                k: kBlock,
                a: aPacked,
                b: bPacked,
                c: i32.add(p.c, i32.add(i32.mul(row, p.cRowStride), i32.mul(column, size))),
                cRowStride: p.cRowStride,
                accumulate: i32.or(p.accumulate, i32.gtS(depth, 0)),
                scratch: p.scratch,
              }),
            );
          });
        });
      });
    },
  );
  return {
    gemm,
    packA,
    packB,
    multiplyPacked,
    multiplyPanels,
    scratchBytes: tileBytes + aBytes + bBytes,
    panel: { rows, columns },
    block: { rows: ROW_BLOCK, columns: COLUMN_BLOCK, depth: DEPTH_BLOCK },
  };
}

function checkTile({ rows, vectors, unroll }: KernelChoice['tile']): void {
  const fits = rows > 0 && rows % 2 === 0 && ROW_BLOCK % rows === 0 && vectors > 0;
  const powerOfTwo = unroll > 0 && (unroll & (unroll - 1)) === 0;
  if (!fits || !powerOfTwo || COLUMN_BLOCK % vectors !== 0) {
    throw new WasmError(
      `emitGemm(): a tile needs even rows that divide ${ROW_BLOCK}, vectors that divide ${COLUMN_BLOCK} and an unroll that is a power of two, ` +
        `got ${rows} rows, ${vectors} vectors, unroll ${unroll}.`,
    );
  }
}
