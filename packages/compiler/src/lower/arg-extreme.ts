import { byteSize, sizeOf, type DType } from '@nadir/tensor';
import {
  f32,
  f32x4,
  f64,
  i32,
  i32x4,
  i8x16,
  v128,
  type Expression,
  type FunctionBuilder,
  type Local,
} from '@nadir/wasm';
import type { PrimitiveKernel } from '../kernel.ts';
import { partition, walkChunk, type ChunkRange } from './chunks.ts';
import { extreme, identity } from './fold.ts';
import { pointerTo, type Lowering } from './lowering.ts';
import { loadScalar, scalarType, type Scalar } from './scalar-point.ts';
import { choose, splat, splatInteger } from './vector-math.ts';
import { laneMask, lanesOfRest, loadLanes, storeLanes, type Lanes } from './vector-memory.ts';

type Value = Local<'v128'>;
type VectorType = 'float32' | 'int32';

function isNaNOf(dtype: DType, x: Scalar): Expression<'i32'> {
  const type = scalarType(dtype);
  if (type === 'i32') return i32.const(0);
  return type === 'f32'
    ? f32.ne(x as Local<'f32'>, x as Local<'f32'>)
    : f64.ne(x as Local<'f64'>, x as Local<'f64'>);
}

function beats(dtype: DType, isMax: boolean, a: Scalar, b: Scalar): Expression<'i32'> {
  const [x, y] = isMax ? [a, b] : [b, a];
  const type = scalarType(dtype);
  if (type === 'i32') return i32.gtS(x as Local<'i32'>, y as Local<'i32'>);
  return type === 'f32'
    ? f32.gt(x as Local<'f32'>, y as Local<'f32'>)
    : f64.gt(x as Local<'f64'>, y as Local<'f64'>);
}

interface Search {
  readonly f: FunctionBuilder;
  readonly dtype: DType;
  readonly isMax: boolean;
  /** Elements of the axis, and of one element of it to the next. */
  readonly size: number;
  readonly width: number;
}

/**
 * Emits one chunk of `argMax` or `argMin`: the first of the best elements, where NaN is best of all. Returns how many chunks
 * there are.
 */
export function emitArgExtreme(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: PrimitiveKernel,
  chunk: Local<'i32'>,
): number {
  const { primitive, attributes } = kernel.node as Extract<
    PrimitiveKernel['node'],
    { primitive: 'argMax' | 'argMin' }
  >;
  const { axis } = attributes;
  const x = kernel.operands[0]!;
  const { dtype, shape } = x;
  const size = shape[axis]!;
  const [outer, width] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis + 1))];
  const bytes = byteSize(dtype);
  const source = f.let(pointerTo(lowering, f, x.buffer, x.offset));
  const out = f.let(pointerTo(lowering, f, kernel.buffer));
  const search: Search = { f, dtype, isMax: primitive === 'argMax', size, width };
  const isVector = dtype === 'float32' || dtype === 'int32';
  const byRows = isVector && width === 1 && size >= 8;
  const byColumns = isVector && width >= 4;
  const cost = size * (byRows || byColumns ? 2 : 8);
  const cut = partition([outer, width], cost, 4);
  const steps = [
    [size * width * bytes, bytes],
    [width * 4, 4],
  ];
  walkChunk(f, cut, 1, [source, out], steps, chunk, ([from, to], range) => {
    if (byRows) f.do(i32.store(to!, alongRow(search, from!)));
    else if (byColumns) eachColumns(search, from!, to!, range);
    else {
      f.for(f.local('i32'), range ?? { to: width }, (column) => {
        const place = f.let(i32.add(from!, i32.mul(column, bytes)));
        f.do(i32.store(i32.add(to!, i32.shl(column, 2)), oneByOne(search, place)));
      });
    }
  });
  return cut.chunks;
}

/** One line, element by element. */
function oneByOne({ f, dtype, isMax, size, width }: Search, at: Local<'i32'>): Local<'i32'> {
  const best = f.let(loadScalar(dtype, at, 0)) as Scalar;
  const position = f.let(i32.const(0));
  f.for(f.local('i32'), { from: 1, to: size }, (i) => {
    f.set(at, i32.add(at, width * byteSize(dtype)));
    const value = f.let(loadScalar(dtype, at, 0)) as Scalar;
    const isNewNaN = i32.and(isNaNOf(dtype, value), i32.eqz(isNaNOf(dtype, best)));
    f.if(i32.or(beats(dtype, isMax, value, best), isNewNaN), () => {
      f.set(best as Local<'f32'>, value as Local<'f32'>);
      f.set(position, i);
    });
  });
  return position;
}

function better({ f, dtype, isMax }: Search, best: Value, value: Value): Value {
  const name = isMax ? 'max' : 'min';
  if (dtype === 'float32') return f.let(extreme(name, best, value));
  return f.let(isMax ? i32x4.maxS(best, value) : i32x4.minS(best, value));
}

function worst({ f, dtype, isMax }: Search): Expression<'v128'> {
  const start = identity(isMax ? 'max' : 'min', dtype);
  return dtype === 'float32' ? splat(f, start) : splatInteger(f, start);
}

/** A line of neighbours: the best of them in vectors, and then the first that equals it. */
function alongRow(search: Search, row: Local<'i32'>): Local<'i32'> {
  const { f, size } = search;
  const dtype = search.dtype as VectorType;
  const rest = lanesOfRest(size);
  const end = f.let(i32.add(row, 4 * (size - rest)));
  const at = f.let(row);
  const best = f.let(worst(search));
  f.while(i32.ltU(at, end), () => {
    f.set(best, better(search, best, f.let(loadLanes(f, dtype, at, 0, 1, 4))));
    f.set(at, i32.add(at, 16));
  });
  if (rest !== 0) {
    const last = loadLanes(f, dtype, at, 0, 1, rest);
    f.set(best, better(search, best, f.let(v128.bitselect(last, worst(search), laneMask(f, rest)))));
  }
  // The best lane in all lanes.
  for (const lanes of [
    [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7],
    [4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11],
  ])
    f.set(best, better(search, best, f.let(i8x16.shuffle(best, best, lanes))));
  const matches = (value: Value): Expression<'i32'> => {
    if (dtype === 'int32') return i32x4.bitmask(i32x4.eq(value, best));
    const areNaN = v128.and(f32x4.ne(value, value), f32x4.ne(best, best));
    return i32x4.bitmask(v128.or(f32x4.eq(value, best), areNaN));
  };
  const found = f.local('i32');
  f.set(at, row);
  f.block((done) => {
    f.loop((next) => {
      f.set(found, matches(f.let(loadLanes(f, dtype, at, 0, 1, 4))));
      f.branch(done, found);
      f.set(at, i32.add(at, 16));
      f.branch(next, i32.ltU(at, end));
    });
    if (rest !== 0) f.set(found, matches(f.let(loadLanes(f, dtype, at, 0, 1, rest))));
  });
  return f.let(i32.add(i32.shrU(i32.sub(at, row), 2), i32.ctz(found)));
}

/** Lines side by side, four at a time. */
function eachColumns(search: Search, from: Local<'i32'>, to: Local<'i32'>, range: ChunkRange | null): void {
  const { f, width } = search;
  const column = f.local('i32');
  const rest = lanesOfRest(width);
  f.set(column, range === null ? 0 : range.from);
  const block = (lanes: Lanes): void => {
    const place = f.let(i32.add(from, i32.shl(column, 2)));
    const positions = bestOfColumns(search, place, lanes);
    storeLanes(f, 'int32', i32.add(to, i32.shl(column, 2)), positions, 0, lanes);
    f.set(column, i32.add(column, 4));
  };
  const end = range === null ? i32.const(width - rest) : f.let(i32.and(range.to, -4));
  f.while(i32.ltS(column, end), () => block(4));
  // Blocks of columns are multiples of four: only the last one has a rest.
  if (rest !== 0) f.if(i32.ltS(column, range === null ? width : range.to), () => block(rest));
}

function bestOfColumns(search: Search, at: Local<'i32'>, lanes: Lanes): Value {
  const { f, isMax, size, width } = search;
  const dtype = search.dtype as VectorType;
  const load = (): Value => f.let(loadLanes(f, dtype, at, 0, 1, lanes));
  const best = f.let(load());
  const positions = f.let(i32x4.const(0));
  f.for(f.local('i32'), { from: 1, to: size }, (i) => {
    f.set(at, i32.add(at, width * 4));
    const value = load();
    const [x, y] = isMax ? [value, best] : [best, value];
    const isBetter =
      dtype === 'int32'
        ? i32x4.gtS(x, y)
        : v128.or(f32x4.gt(x, y), v128.andnot(f32x4.ne(value, value), f32x4.ne(best, best)));
    const mask = f.let(isBetter);
    f.set(best, choose(mask, value, best));
    f.set(positions, choose(mask, i32x4.splat(i), positions));
  });
  return positions;
}
