import { byteSize, sizeOf, type DType } from '@nadir/tensor';
import {
  f32x4,
  i32,
  i32x4,
  memory,
  select,
  type Expression,
  type FunctionBuilder,
  type Local,
  type Operand,
} from '@nadir/wasm';
import type { PrimitiveKernel, View } from '../kernel.ts';
import { partition, walkChunk, type ChunkRange } from './chunks.ts';
import { control } from './control.ts';
import { pointerTo, type Lowering } from './lowering.ts';
import { addTo } from './pool.ts';
import { loadScalar, storeScalar, type Scalar } from './scalar-point.ts';
import { lanesOfRest, loadLanes, storeLanes, type Lanes } from './vector-memory.ts';

/** Rows of at least this many bytes are copied by `memory.copy`, shorter ones by a loop. */
const longRow = 2048;
/** What looking up one row costs, in elements of a simple vector loop. */
const lookup = 8;
/** Columns that one chunk of an addition of rows takes at least: a line of the cache. */
const leastColumns = 16;

/** Emits the end of the program where an index is bad: the first bad one of all is reported, whichever chunk finds one. */
function reportBad(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: PrimitiveKernel,
  indices: Local<'i32'>,
  size: number,
): void {
  const at = f.let(indices);
  const index = f.local('i32');
  f.loop((next) => {
    f.set(index, i32.load(at));
    f.set(at, i32.add(at, 4));
    f.branch(next, i32.and(i32.geS(index, -size), i32.ltS(index, size)));
  });
  const number = lowering.program.kernels.indexOf(kernel) + 1;
  f.do(i32.store(lowering.control, number, control.fault));
  f.do(i32.store(lowering.control, index, control.badIndex));
  f.return();
}

/** Emits a check of indices before anything is written: a bad one ends the program. */
function checkIndices(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: PrimitiveKernel,
  indices: Local<'i32'>,
  range: { readonly from: Operand<'i32'>; readonly to: Operand<'i32'> },
  size: number,
): void {
  f.for(f.local('i32'), range, (i) => {
    const index = f.let(i32.load(i32.add(indices, i32.shl(i, 2))));
    f.if(i32.or(i32.ltS(index, -size), i32.geS(index, size)), () =>
      reportBad(lowering, f, kernel, indices, size),
    );
  });
}

/** The index at `at`, counted from the start. */
function normalIndex(f: FunctionBuilder, at: Expression<'i32'>, size: number): Local<'i32'> {
  const index = f.let(i32.load(at));
  f.set(index, select(i32.ltS(index, 0), i32.add(index, size), index));
  return index;
}

/** Sizes of the axes before and behind `axis`. */
function around(shape: readonly number[], from: number, to: number): readonly [outer: number, width: number] {
  return [sizeOf(shape.slice(0, from)), sizeOf(shape.slice(to))];
}

function pointer(lowering: Lowering, f: FunctionBuilder, view: View): Local<'i32'> {
  return f.let(pointerTo(lowering, f, view.buffer, view.offset));
}

/** Emits a loop over `count` neighbours: vectors, and what is left of them. */
function eachVector(
  f: FunctionBuilder,
  count: number,
  body: (offset: Local<'i32'>, lanes: Lanes) => void,
): void {
  const offset = f.local('i32');
  const rest = lanesOfRest(count);
  const whole = 4 * (count - rest);
  f.for(offset, { to: whole, step: 16 }, () => body(offset, 4));
  if (rest === 0) return;
  f.set(offset, whole);
  body(offset, rest);
}

function isFourBytes(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'int32';
}

function copyRow(
  f: FunctionBuilder,
  dtype: DType,
  to: Local<'i32'>,
  from: Local<'i32'>,
  width: number,
): void {
  const bytes = byteSize(dtype);
  if (width * bytes >= longRow) f.do(memory.copy(to, from, width * bytes));
  else if (isFourBytes(dtype)) {
    eachVector(f, width, (offset, lanes) => {
      const value = f.let(loadLanes(f, dtype, i32.add(from, offset), 0, 1, lanes));
      storeLanes(f, dtype, i32.add(to, offset), value, 0, lanes);
    });
  } else {
    f.for(f.local('i32'), { to: width * bytes, step: bytes }, (offset) => {
      const value = f.let(loadScalar(dtype, i32.add(from, offset), 0)) as Scalar;
      f.do(storeScalar(dtype, i32.add(to, offset), value, 0));
    });
  }
}

/** Emits one chunk of `take`: rows of an array by their numbers. Returns how many chunks there are. */
export function emitTake(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: PrimitiveKernel,
  chunk: Local<'i32'>,
): number {
  const { axis } = (kernel.node as Extract<PrimitiveKernel['node'], { primitive: 'take' }>).attributes;
  const [x, indexView] = kernel.operands as readonly [View, View];
  const size = x.shape[axis]!;
  const count = sizeOf(indexView.shape);
  const [outer, width] = around(x.shape, axis, axis + 1);
  const rowBytes = width * byteSize(x.dtype);
  const source = pointer(lowering, f, x);
  const indices = pointer(lowering, f, indexView);
  const out = pointer(lowering, f, { ...x, buffer: kernel.buffer, offset: 0 });
  const cut = partition([outer, count], width + lookup);
  const steps = [
    [size * rowBytes, 0],
    [count * rowBytes, 0],
  ];
  walkChunk(f, cut, 1, [source, out], steps, chunk, ([from, to], range) => {
    const indexRange = range ?? { from: 0, to: count };
    checkIndices(lowering, f, kernel, indices, indexRange, size);
    f.for(f.local('i32'), indexRange, (i) => {
      const row = normalIndex(f, i32.add(indices, i32.shl(i, 2)), size);
      const target = f.let(i32.add(to!, i32.mul(i, rowBytes)));
      copyRow(f, x.dtype, target, f.let(i32.add(from!, i32.mul(row, rowBytes))), width);
    });
  });
  return cut.chunks;
}

/**
 * Emits one chunk of `scatterAdd`, the adjoint of `take`: rows are added in the order of the indices. Chunks share the columns
 * of wide rows, and else the rows of the result. Returns how many chunks there are.
 */
export function emitScatterAdd(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: PrimitiveKernel,
  chunk: Local<'i32'>,
): number {
  const { attributes, type } = kernel.node as Extract<PrimitiveKernel['node'], { primitive: 'scatterAdd' }>;
  const { axis, size } = attributes;
  const [indexView, updates] = kernel.operands as readonly [View, View];
  const count = sizeOf(indexView.shape);
  const [outer, width] = around(type.shape, axis, axis + 1);
  const rows: Rows = { dtype: type.dtype, size, count, width };
  const bytes = byteSize(type.dtype);
  const indices = pointer(lowering, f, indexView);
  const source = pointer(lowering, f, updates);
  const out = pointer(lowering, f, { ...updates, buffer: kernel.buffer, offset: 0 });
  checkIndices(lowering, f, kernel, indices, { from: 0, to: count }, size);
  const steps = [
    [count * width * bytes, width >= leastColumns ? bytes : 0],
    [size * width * bytes, width >= leastColumns ? bytes : 0],
  ];
  if (width >= leastColumns) {
    const cut = partition([outer, width], 2 * count + size, leastColumns);
    walkChunk(f, cut, 1, [source, out], steps, chunk, ([from, to], range) => {
      if (range === null) addRows(f, rows, indices, from!, to!, width, null);
      else {
        const start = (at: Local<'i32'>): Local<'i32'> => f.let(i32.add(at, i32.mul(range.from, bytes)));
        const add = (columns: number): void =>
          addRows(f, rows, indices, start(from!), start(to!), columns, null);
        const last = width % cut.block;
        if (last === 0) add(cut.block);
        else
          f.if(
            i32.eq(i32.sub(range.to, range.from), cut.block),
            () => add(cut.block),
            () => add(last),
          );
      }
    });
    return cut.chunks;
  }
  // Each chunk looks at all indices, for those of its own rows.
  const least = Math.ceil((count * lookup) / Math.max(1, width));
  const cut = partition([outer, size], width + Math.ceil((count * width) / size));
  const isWorth = cut.axis === 0 || cut.block >= least;
  const used = isWorth ? cut : { ...cut, axis: 0, block: 1, chunks: outer };
  walkChunk(f, used, 1, [source, out], steps, chunk, ([from, to], range) =>
    addRows(f, rows, indices, from!, to!, width, range),
  );
  return used.chunks;
}

interface Rows {
  readonly dtype: DType;
  /** Of the result, of the indices, and the elements of one. */
  readonly size: number;
  readonly count: number;
  readonly width: number;
}

/** Adds `columns` neighbours of every row of updates to that of its index, or to those of a range of the rows alone. */
function addRows(
  f: FunctionBuilder,
  { dtype, size, count, width }: Rows,
  indices: Local<'i32'>,
  source: Local<'i32'>,
  out: Local<'i32'>,
  columns: number,
  range: ChunkRange | null,
): void {
  const bytes = byteSize(dtype);
  const rowBytes = width * bytes;
  const to = f.let(range === null ? out : i32.add(out, i32.mul(range.from, rowBytes)));
  if (columns === width) {
    const length =
      range === null ? i32.const(size * rowBytes) : i32.mul(i32.sub(range.to, range.from), rowBytes);
    f.do(memory.fill(to, 0, length));
  } else {
    f.for(f.local('i32'), { to: size }, () => {
      f.do(memory.fill(to, 0, columns * bytes));
      f.set(to, i32.add(to, rowBytes));
    });
  }
  f.for(f.local('i32'), { to: count }, (i) => {
    const row = normalIndex(f, i32.add(indices, i32.shl(i, 2)), size);
    const add = (): void => {
      const from = f.let(i32.add(source, i32.mul(i, rowBytes)));
      addRow(f, dtype, f.let(i32.add(out, i32.mul(row, rowBytes))), from, columns);
    };
    if (range === null) add();
    else f.if(i32.and(i32.geS(row, range.from), i32.ltS(row, range.to)), add);
  });
}

function addRow(
  f: FunctionBuilder,
  dtype: DType,
  to: Local<'i32'>,
  from: Local<'i32'>,
  columns: number,
): void {
  if (isFourBytes(dtype)) {
    const plus = dtype === 'float32' ? f32x4.add : i32x4.add;
    eachVector(f, columns, (offset, lanes) => {
      const at = f.let(i32.add(to, offset));
      const update = loadLanes(f, dtype, i32.add(from, offset), 0, 1, lanes);
      const sum = f.let(plus(loadLanes(f, dtype, at, 0, 1, lanes), update));
      storeLanes(f, dtype, at, sum, 0, lanes);
    });
    return;
  }
  const bytes = byteSize(dtype);
  f.for(f.local('i32'), { to: columns * bytes, step: bytes }, (offset) => {
    const value = f.let(loadScalar(dtype, i32.add(from, offset), 0)) as Scalar;
    addTo(f, dtype, f.let(i32.add(to, offset)), value);
  });
}
