import type { Expression, Local } from '../expression.ts';
import type { FunctionHandle } from '../handles.ts';
import { f32, f32x4, f64, f64x2, i32, v128 } from '../instructions/index.ts';
import type { ModuleBuilder } from '../module-builder.ts';
import { FLOAT32, FLOAT64, type Element } from './element.ts';

/** What to generate: a tile of products of rows that lie in memory as they are, `stride` bytes apart. */
export interface EmitRowTileOptions {
  readonly type: 'f32' | 'f64';
  readonly name: string;
  /** Rows of A, and of B, which are the columns of C. */
  readonly rows: number;
  readonly columns: number;
  readonly aStride: number;
  readonly bStride: number;
  readonly cStride: number;
  /** Relaxed multiply-add; else a multiplication and an addition. */
  readonly fused: boolean;
}

/** Addresses of the first row of A, of B and of C; `depth` in bytes, a multiple of 16. */
export const ROW_TILE_PARAMETERS = {
  a: 'i32',
  b: 'i32',
  c: 'i32',
  depth: 'i32',
  /** 0: C = A·Bᵀ, else C = C + A·Bᵀ. */
  accumulate: 'i32',
} as const;

export type RowTileParameters = typeof ROW_TILE_PARAMETERS;

/** The largest row tile that stays in registers: its sums, one vector of each row of A, and one of B. */
export const ROW_TILE = { rows: 2, columns: 6 } as const;

/**
 * Emits C (+)= A·Bᵀ for a few rows of A and of B, both contiguous along the depth: each lane of a register sums every fourth (float64:
 * every second) product, and the lanes are added up at the end. Where the depth is long this needs no packing at all.
 */
export function emitRowTile(
  module: ModuleBuilder,
  options: EmitRowTileOptions,
): FunctionHandle<RowTileParameters, 'void'> {
  const { rows, columns, aStride, bStride, cStride } = options;
  const element = options.type === 'f32' ? FLOAT32 : FLOAT64;
  const madd = options.fused ? element.relaxedMadd : element.mulAdd;
  return module.function(options.name, { parameters: ROW_TILE_PARAMETERS }, (f, p) => {
    const sums = Array.from({ length: columns }, (_c, column) =>
      Array.from({ length: rows }, (_r, row) => f.local('v128', `sum_${row}_${column}`)),
    );
    const as = Array.from({ length: rows }, (_, row) => f.local('v128', `a_${row}`));
    const b = f.local('v128', 'b_row');
    const end = f.let(i32.add(p.a, p.depth), 'a_end');
    f.while(i32.ltU(p.a, end), () => {
      for (const [row, a] of as.entries()) f.set(a, v128.load(p.a, row * aStride, 4));
      for (const [column, line] of sums.entries()) {
        f.set(b, v128.load(p.b, column * bStride, 4));
        for (const [row, sum] of line.entries()) f.set(sum, madd(as[row]!, b, sum));
      }
      f.set(p.a, i32.add(p.a, 16));
      f.set(p.b, i32.add(p.b, 16));
    });
    // Lanes of several registers are added up together: a square of them is transposed.
    const places = sums.flatMap((line, column) =>
      line.map((sum, row) => ({ sum, at: row * cStride + column * element.size })),
    );
    places.sort((x, y) => x.at - y.at);
    const totals: { readonly total: Local<'v128'>; readonly at: readonly number[] }[] = [];
    for (let first = 0; first < places.length; first += element.lanes) {
      const square = places.slice(first, first + element.lanes);
      const vectors = Array.from({ length: element.lanes }, (_, i) => (square[i] ?? square[0]!).sum);
      const total = element.transpose(vectors).reduce((x, y) => element.add(x, y));
      totals.push({ total: f.let(total), at: square.map(({ at }) => at) });
    }
    const store = (accumulate: boolean): void => {
      for (const { total, at } of totals) storeLanes(f.do.bind(f), element, p.c, total, at, accumulate);
    };
    f.if(
      p.accumulate,
      () => store(true),
      () => store(false),
    );
  });
}

/** Stores the lanes of a vector at their places: as one vector where they are neighbours. */
function storeLanes(
  emit: (statement: Expression<'void'>) => void,
  element: Element,
  c: Local<'i32'>,
  total: Local<'v128'>,
  places: readonly number[],
  accumulate: boolean,
): void {
  const isRun =
    places.length === element.lanes && places.every((at, i) => at === places[0]! + i * element.size);
  if (isRun) {
    const value = accumulate ? element.add(v128.load(c, places[0]!, 4), total) : total;
    emit(v128.store(c, value, places[0]!, 4));
    return;
  }
  for (const [lane, at] of places.entries()) {
    if (element.size === 4) {
      const value = f32x4.extractLane(total, lane);
      emit(f32.store(c, accumulate ? f32.add(f32.load(c, at), value) : value, at));
    } else {
      const value = f64x2.extractLane(total, lane);
      emit(f64.store(c, accumulate ? f64.add(f64.load(c, at), value) : value, at));
    }
  }
}
