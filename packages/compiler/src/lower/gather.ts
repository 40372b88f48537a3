import { byteSize, sizeOf, type DType } from '@nadir/tensor';
import {
  f32,
  f64,
  i32,
  memory,
  select,
  type Expression,
  type FunctionBuilder,
  type Local,
} from '@nadir/wasm';
import type { PrimitiveKernel, View } from '../kernel.ts';
import { control } from './control.ts';
import { bufferOf, pointerTo, type Lowering } from './lowering.ts';
import { addTo } from './pool.ts';
import { loadScalar, scalarType, storeScalar, type Scalar } from './scalar-point.ts';

/** Rows of at least this many bytes are copied by `memory.copy`, shorter ones by a loop. */
const longRow = 256;

/** Emits a check of all indices before anything is written: a bad one ends the program with its value. */
function checkIndices(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: PrimitiveKernel,
  indices: Local<'i32'>,
  count: number,
  size: number,
): void {
  const i = f.local('i32');
  f.for(i, { to: count }, () => {
    const index = f.let(i32.load(i32.add(indices, i32.mul(i, 4))));
    f.if(i32.or(i32.ltS(index, -size), i32.geS(index, size)), () => {
      const number = lowering.program.kernels.indexOf(kernel) + 1;
      f.do(i32.store(lowering.control, number, control.fault));
      f.do(i32.store(lowering.control, index, control.badIndex));
      f.return();
    });
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

/** Emits `take`: rows of an array by their numbers. */
export function emitTake(lowering: Lowering, f: FunctionBuilder, kernel: PrimitiveKernel): void {
  const { axis } = (kernel.node as Extract<PrimitiveKernel['node'], { primitive: 'take' }>).attributes;
  const [x, indexView] = kernel.operands as readonly [View, View];
  const size = x.shape[axis]!;
  const count = sizeOf(indexView.shape);
  const [outer, width] = around(x.shape, axis, axis + 1);
  const bytes = byteSize(x.dtype);
  const rowBytes = width * bytes;
  const source = pointer(lowering, f, x);
  const indices = pointer(lowering, f, indexView);
  const out = pointer(lowering, f, { ...x, buffer: kernel.buffer, offset: 0 });
  checkIndices(lowering, f, kernel, indices, count, size);
  const [a, i, j] = [f.local('i32'), f.local('i32'), f.local('i32')];
  f.for(a, { to: outer }, () => {
    f.for(i, { to: count }, () => {
      const row = normalIndex(f, i32.add(indices, i32.mul(i, 4)), size);
      const from = f.let(i32.add(source, i32.mul(row, rowBytes)));
      if (rowBytes >= longRow) {
        f.do(memory.copy(out, from, rowBytes));
        f.set(out, i32.add(out, rowBytes));
      } else {
        f.for(j, { to: width }, () => {
          f.do(storeScalar(x.dtype, out, f.let(loadScalar(x.dtype, from, 0)) as Scalar, 0));
          f.set(from, i32.add(from, bytes));
          f.set(out, i32.add(out, bytes));
        });
      }
    });
    f.set(source, i32.add(source, size * rowBytes));
  });
}

/** Emits `scatterAdd`, the adjoint of `take`: rows are added in the order of the indices. */
export function emitScatterAdd(lowering: Lowering, f: FunctionBuilder, kernel: PrimitiveKernel): void {
  const { attributes, type } = kernel.node as Extract<PrimitiveKernel['node'], { primitive: 'scatterAdd' }>;
  const { axis, size } = attributes;
  const [indexView, updates] = kernel.operands as readonly [View, View];
  const count = sizeOf(indexView.shape);
  const [outer, width] = around(type.shape, axis, axis + 1);
  const bytes = byteSize(type.dtype);
  const rowBytes = width * bytes;
  const indices = pointer(lowering, f, indexView);
  const source = pointer(lowering, f, updates);
  const out = pointer(lowering, f, { ...updates, buffer: kernel.buffer, offset: 0 });
  checkIndices(lowering, f, kernel, indices, count, size);
  f.do(memory.fill(out, 0, bufferOf(lowering, kernel.buffer).size * bytes));
  const [a, i, j] = [f.local('i32'), f.local('i32'), f.local('i32')];
  f.for(a, { to: outer }, () => {
    f.for(i, { to: count }, () => {
      const row = normalIndex(f, i32.add(indices, i32.mul(i, 4)), size);
      const to = f.let(i32.add(out, i32.mul(row, rowBytes)));
      f.for(j, { to: width }, () => {
        addTo(f, type.dtype, to, f.let(loadScalar(type.dtype, source, 0)) as Scalar);
        f.set(source, i32.add(source, bytes));
        f.set(to, i32.add(to, bytes));
      });
    });
    f.set(out, i32.add(out, size * rowBytes));
  });
}

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

/** Emits `argMax` or `argMin`: the first of the best elements, where NaN is best of all. */
export function emitArgExtreme(lowering: Lowering, f: FunctionBuilder, kernel: PrimitiveKernel): void {
  const { primitive, attributes } = kernel.node as Extract<
    PrimitiveKernel['node'],
    { primitive: 'argMax' | 'argMin' }
  >;
  const x = kernel.operands[0]!;
  const { dtype, shape } = x;
  const size = shape[attributes.axis]!;
  const [outer, width] = around(shape, attributes.axis, attributes.axis + 1);
  const bytes = byteSize(dtype);
  const source = pointer(lowering, f, x);
  const out = pointer(lowering, f, { ...x, dtype: 'int32', buffer: kernel.buffer, offset: 0 });
  const [a, j, i] = [f.local('i32'), f.local('i32'), f.local('i32')];
  f.for(a, { to: outer }, () => {
    f.for(j, { to: width }, () => {
      const at = f.let(i32.add(source, i32.mul(j, bytes)));
      const best = f.let(loadScalar(dtype, at, 0)) as Scalar;
      const position = f.let(i32.const(0));
      f.for(i, { from: 1, to: size }, () => {
        f.set(at, i32.add(at, width * bytes));
        const value = f.let(loadScalar(dtype, at, 0)) as Scalar;
        const isNewNaN = i32.and(isNaNOf(dtype, value), i32.eqz(isNaNOf(dtype, best)));
        f.if(i32.or(beats(dtype, primitive === 'argMax', value, best), isNewNaN), () => {
          f.set(best as Local<'f32'>, value as Local<'f32'>);
          f.set(position, i);
        });
      });
      f.do(i32.store(out, position));
      f.set(out, i32.add(out, 4));
    });
    f.set(source, i32.add(source, size * width * bytes));
  });
}
