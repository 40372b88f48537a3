import { byteSize, isFloat, sizeOf } from '@nadir/tensor';
import { f64, i32, select, type Expression, type FunctionBuilder, type Local } from '@nadir/wasm';
import type { PrimitiveKernel } from '../kernel.ts';
import { partition, walkChunk } from './chunks.ts';
import { pointerTo, scratchStart, type Lowering } from './lowering.ts';
import { castScalar, loadScalar, storeScalar, type Scalar } from './scalar-point.ts';

/** What one element of a sum, and of each round of a sort, costs, in elements of a simple vector loop. */
const costOfScalar = 8;
const costOfSort = 20;

/** Emits one chunk of `cumSum`; running sums are kept in double precision. Returns how many chunks there are. */
export function emitCumSum(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: PrimitiveKernel,
  chunk: Local<'i32'>,
): number {
  const { attributes, type } = kernel.node as Extract<PrimitiveKernel['node'], { primitive: 'cumSum' }>;
  const { axis, reverse } = attributes;
  const x = kernel.operands[0]!;
  const [from, to] = [byteSize(x.dtype), byteSize(type.dtype)];
  const size = x.shape[axis]!;
  const outer = sizeOf(x.shape.slice(0, axis));
  const width = sizeOf(x.shape.slice(axis + 1));
  const source = f.let(pointerTo(lowering, f, x.buffer, x.offset));
  const target = f.let(pointerTo(lowering, f, kernel.buffer));
  const wide = isFloat(type.dtype) ? 'float64' : 'int32';
  const sum = (wide === 'float64' ? f.local('f64') : f.local('i32')) as Scalar;
  const cut = partition([outer, width], size * costOfScalar);
  const steps = [
    [size * width * from, from],
    [size * width * to, to],
  ];
  walkChunk(f, cut, 1, [source, target], steps, chunk, ([first, last], range) => {
    f.for(f.local('i32'), range ?? { to: width }, (j) => {
      const start = f.let(i32.add(j, reverse ? (size - 1) * width : 0));
      const read = f.let(i32.add(first!, i32.mul(start, from)));
      const write = f.let(i32.add(last!, i32.mul(start, to)));
      f.set(sum as Local<'f64'>, (wide === 'float64' ? f64.const(0) : i32.const(0)) as Expression<'f64'>);
      f.for(f.local('i32'), { to: size }, () => {
        const value = castScalar(f, x.dtype, wide, f.let(loadScalar(x.dtype, read, 0)) as Scalar);
        const next =
          wide === 'float64'
            ? f64.add(sum as Local<'f64'>, value as Local<'f64'>)
            : i32.add(sum as Local<'i32'>, value as Local<'i32'>);
        f.set(sum as Local<'f64'>, next as Expression<'f64'>);
        f.do(storeScalar(type.dtype, write, castScalar(f, wide, type.dtype, sum), 0));
        f.set(read, i32.add(read, reverse ? -width * from : width * from));
        f.set(write, i32.add(write, reverse ? -width * to : width * to));
      });
    });
  });
  return cut.chunks;
}

/** Bytes that the sort of one line needs: keys in double precision, and two arrays of indices. */
export function sortBytes(kernel: PrimitiveKernel): number {
  const { attributes } = kernel.node as Extract<PrimitiveKernel['node'], { primitive: 'argSort' }>;
  return kernel.operands[0]!.shape[attributes.axis]! * 16;
}

/** Whether `a` stands before `b` in ascending order, NaN behind every number. */
function isLess(a: Local<'f64'>, b: Local<'f64'>): Expression<'i32'> {
  return i32.or(f64.lt(a, b), i32.and(f64.ne(b, b), f64.eq(a, a)));
}

/**
 * Emits one chunk of `argSort`: a merge sort of the indices of each line, stable in both directions. Returns how many chunks
 * there are.
 */
export function emitArgSort(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: PrimitiveKernel,
  chunk: Local<'i32'>,
): number {
  const { attributes } = kernel.node as Extract<PrimitiveKernel['node'], { primitive: 'argSort' }>;
  const { axis, descending, count } = attributes;
  const x = kernel.operands[0]!;
  const bytes = byteSize(x.dtype);
  const size = x.shape[axis]!;
  const outer = sizeOf(x.shape.slice(0, axis));
  const width = sizeOf(x.shape.slice(axis + 1));
  const source = f.let(pointerTo(lowering, f, x.buffer, x.offset));
  const target = f.let(pointerTo(lowering, f, kernel.buffer));
  const keys = f.let(scratchStart(lowering));
  const [from, to] = [f.local('i32'), f.local('i32')];
  const [i, run] = [f.local('i32'), f.local('i32')];
  const index = (array: Local<'i32'>, at: Expression<'i32'>): Expression<'i32'> =>
    i32.add(array, i32.mul(at, 4));
  const keyOf = (array: Local<'i32'>, at: Local<'i32'>): Local<'f64'> =>
    f.let(f64.load(i32.add(keys, i32.mul(i32.load(index(array, at)), 8))));
  const cut = partition([outer, width], size * costOfSort * Math.ceil(Math.log2(size + 1)));
  const steps = [
    [size * width * bytes, bytes],
    [count * width * 4, 4],
  ];
  walkChunk(f, cut, 1, [source, target], steps, chunk, ([first, last], range) => {
    f.for(f.local('i32'), range ?? { to: width }, (j) => {
      f.set(from, i32.add(keys, size * 8));
      f.set(to, i32.add(keys, size * 12));
      const read = f.let(i32.add(first!, i32.mul(j, bytes)));
      f.for(i, { to: size }, () => {
        const value = f.let(loadScalar(x.dtype, read, 0)) as Scalar;
        f.do(
          f64.store(i32.add(keys, i32.mul(i, 8)), castScalar(f, x.dtype, 'float64', value) as Local<'f64'>),
          i32.store(index(from, i), i),
        );
        f.set(read, i32.add(read, width * bytes));
      });
      f.set(run, 1);
      f.while(i32.ltS(run, size), () => {
        mergeRuns(f, size, run, from, to, index, (left, right) =>
          descending
            ? isLess(keyOf(from, left), keyOf(from, right))
            : isLess(keyOf(from, right), keyOf(from, left)),
        );
        const swap = f.let(from);
        f.set(from, to);
        f.set(to, swap);
        f.set(run, i32.shl(run, 1));
      });
      const write = f.let(i32.add(last!, i32.mul(j, 4)));
      f.for(i, { to: count }, () => {
        f.do(i32.store(write, i32.load(index(from, i))));
        f.set(write, i32.add(write, width * 4));
      });
    });
  });
  return cut.chunks;
}

/** Merges neighbouring sorted runs; `rightFirst` says that the right one must come before the left one. */
function mergeRuns(
  f: FunctionBuilder,
  size: number,
  run: Local<'i32'>,
  from: Local<'i32'>,
  to: Local<'i32'>,
  index: (array: Local<'i32'>, at: Expression<'i32'>) => Expression<'i32'>,
  rightFirst: (left: Local<'i32'>, right: Local<'i32'>) => Expression<'i32'>,
): void {
  const [left, right, middle, end, out] = [0, 1, 2, 3, 4].map(() => f.local('i32')) as [
    Local<'i32'>,
    Local<'i32'>,
    Local<'i32'>,
    Local<'i32'>,
    Local<'i32'>,
  ];
  const atMost = (value: Expression<'i32'>): Expression<'i32'> => {
    const bounded = f.let(value);
    return select(i32.ltS(bounded, size), bounded, i32.const(size));
  };
  f.set(out, 0);
  f.while(i32.ltS(out, size), () => {
    f.set(left, out);
    f.set(middle, atMost(i32.add(out, run)));
    f.set(right, middle);
    f.set(end, atMost(i32.add(middle, run)));
    f.while(i32.ltS(out, end), () => {
      const takeRight = f.let(i32.const(0));
      f.if(
        i32.geS(left, middle),
        () => f.set(takeRight, 1),
        () => {
          f.if(i32.ltS(right, end), () => f.set(takeRight, rightFirst(left, right)));
        },
      );
      f.if(
        takeRight,
        () => {
          f.do(i32.store(index(to, out), i32.load(index(from, right))));
          f.set(right, i32.add(right, 1));
        },
        () => {
          f.do(i32.store(index(to, out), i32.load(index(from, left))));
          f.set(left, i32.add(left, 1));
        },
      );
      f.set(out, i32.add(out, 1));
    });
  });
}
