import { byteSize, type DType, type PoolAttributes } from '@nadir/tensor';
import {
  f32,
  f64,
  i32,
  memory,
  select,
  v128,
  type Expression,
  type FunctionBuilder,
  type Local,
} from '@nadir/wasm';
import type { PrimitiveKernel } from '../kernel.ts';
import { partition } from './chunks.ts';
import { along, product, spanOf, type Count, type Span } from './convolution/blocks.ts';
import { pointerTo, type Lowering } from './lowering.ts';
import { eachFour, isPairs, pairsGather, pairsMax, pairsScatter } from './pool-pairs.ts';
import { emitRowsOfWindows, hasRows, type MaxPoolName } from './pool-rows.ts';
import {
  castScalar,
  loadScalar,
  scalarConstant,
  scalarType,
  storeScalar,
  type Scalar,
} from './scalar-point.ts';

interface Geometry {
  /** Planes of the chunk. */
  readonly planes: Count;
  readonly height: number;
  readonly width: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly window: PoolAttributes;
}

/** What a window that holds padding alone gives. */
function lowest(dtype: DType): number {
  return scalarType(dtype) !== 'i32' ? -Infinity : dtype === 'int32' ? -(2 ** 31) : 0;
}

/** The first tap of a window along one axis that is inside the image, and one past the last position. */
function bounds(
  f: FunctionBuilder,
  place: Local<'i32'>,
  size: number,
  kernel: number,
  stride: number,
  before: number,
  dilation: number,
): readonly [Local<'i32'>, Local<'i32'>] {
  const start = f.let(i32.sub(i32.mul(place, stride), before));
  const first = f.let(start);
  f.while(i32.ltS(first, 0), () => f.set(first, i32.add(first, dilation)));
  const end = f.let(i32.add(start, (kernel - 1) * dilation + 1));
  f.set(end, select(i32.ltS(end, size), end, i32.const(size)));
  f.set(end, select(i32.ltS(end, first), first, end));
  return [first, end];
}

/** Emits the loops over all windows; `body` gets the bounds of one, and where its plane begins. */
function walkWindows(
  f: FunctionBuilder,
  geometry: Geometry,
  planeBytes: number,
  image: Local<'i32'>,
  body: (
    plane: Local<'i32'>,
    rows: readonly [Local<'i32'>, Local<'i32'>],
    columns: readonly [Local<'i32'>, Local<'i32'>],
  ) => void,
): void {
  const { planes, height, width, outHeight, outWidth, window } = geometry;
  const { kernel, stride, padding, dilation } = window;
  const plane = f.let(image);
  const [p, i, j] = [f.local('i32'), f.local('i32'), f.local('i32')];
  f.for(p, { to: planes }, () => {
    f.for(i, { to: outHeight }, () => {
      const rows = bounds(f, i, height, kernel[0], stride[0], padding[0][0], dilation[0]);
      f.for(j, { to: outWidth }, () => {
        const columns = bounds(f, j, width, kernel[1], stride[1], padding[1][0], dilation[1]);
        body(plane, rows, columns);
      });
    });
    f.set(plane, i32.add(plane, planeBytes));
  });
}

/** Taps up to which a window that needs no bounds is written out. */
const mostTaps = 16;

/** Whether every window lies inside the image, and is small enough to be written out. */
function isInside({ height, width, outHeight, outWidth, window }: Omit<Geometry, 'planes'>): boolean {
  const { kernel, stride, padding, dilation } = window;
  const reach = (axis: 0 | 1, count: number): number =>
    (count - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis];
  return (
    padding[0][0] === 0 &&
    padding[1][0] === 0 &&
    reach(0, outHeight) < height &&
    reach(1, outWidth) < width &&
    kernel[0] * kernel[1] <= mostTaps
  );
}

/** Positions of the taps of a window, from its first element on. */
function tapsOf({ width, window }: Geometry): number[] {
  const { kernel, dilation } = window;
  const taps: number[] = [];
  for (let row = 0; row < kernel[0]; row++)
    for (let column = 0; column < kernel[1]; column++)
      taps.push(row * dilation[0] * width + column * dilation[1]);
  return taps;
}

/** Emits the loops over rows of windows that lie inside the image; `body` gets the address of the first element of the first. */
function walkInside(
  f: FunctionBuilder,
  geometry: Geometry,
  bytes: number,
  image: Local<'i32'>,
  body: (first: Local<'i32'>) => void,
): void {
  const { planes, height, width, outHeight, window } = geometry;
  const plane = f.let(image);
  const [p, i] = [f.local('i32', 'plane'), f.local('i32', 'row')];
  f.for(p, { to: planes }, () => {
    const row = f.let(plane);
    f.for(i, { to: outHeight }, () => {
      body(row);
      f.set(row, i32.add(row, window.stride[0] * width * bytes));
    });
    f.set(plane, i32.add(plane, height * width * bytes));
  });
}

/** The planes that a chunk has, and how many chunks there are. */
interface PlaneSpan extends Span {
  readonly chunks: number;
}

/** Cuts planes into chunks, each of `cost` in elements of a simple vector loop. */
function cutPlanes(f: FunctionBuilder, chunk: Local<'i32'>, planes: number, cost: number): PlaneSpan {
  const { block, chunks } = partition([planes], cost);
  return { ...spanOf(f, chunk, planes, block), chunks };
}

/** Emits the loops over the elements of one window that are inside the image, with the position of each in its plane. */
function walkWindow(
  f: FunctionBuilder,
  geometry: Geometry,
  rows: readonly [Local<'i32'>, Local<'i32'>],
  columns: readonly [Local<'i32'>, Local<'i32'>],
  body: (position: Local<'i32'>) => void,
): void {
  const { width, window } = geometry;
  const [row, column] = [f.local('i32'), f.local('i32')];
  f.for(row, { from: rows[0], to: rows[1], step: window.dilation[0] }, () => {
    const start = f.let(i32.mul(row, width));
    f.for(column, { from: columns[0], to: columns[1], step: window.dilation[1] }, () => {
      body(f.let(i32.add(start, column)));
    });
  });
}

function greater(dtype: DType, a: Scalar, b: Scalar): Expression<'i32'> {
  const type = scalarType(dtype);
  if (type === 'i32') return i32.gtS(a as Local<'i32'>, b as Local<'i32'>);
  const ops = type === 'f32' ? f32 : f64;
  const [x, y] = [a as Local<'f32'> & Local<'f64'>, b as Local<'f32'> & Local<'f64'>];
  // NaN is greatest, and the first of several stays.
  return i32.or(ops.gt(x, y), i32.and(ops.ne(x, x), ops.eq(y, y)));
}

/** What an element that is computed alone costs, in elements of a simple vector loop. */
const scalarCost = 4;

/** Emits one chunk of `maxPool`, or of the gather or scatter at the first greatest element of each window; returns how many there are. */
export function emitMaxPool(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: PrimitiveKernel,
  chunk: Local<'i32'>,
): number {
  const { node, operands, buffer } = kernel;
  const { primitive, attributes } = node as Extract<
    PrimitiveKernel['node'],
    { primitive: 'maxPool' | 'maxPoolGather' | 'maxPoolScatter' }
  >;
  const { dtype, shape } = operands[0]!;
  const isScatter = primitive === 'maxPoolScatter';
  const outShape = isScatter ? operands[1]!.shape : node.type.shape;
  const bytes = byteSize(dtype);
  const [outHeight, outWidth] = [outShape[2]!, outShape[3]!];
  const sizes = { height: shape[2]!, width: shape[3]!, outHeight, outWidth, window: attributes };
  const fits = isInside(sizes);
  const pairs = fits && dtype === 'float32' && isPairs(attributes) && outWidth >= 4;
  const rows = !pairs && dtype === 'float32' && hasRows(sizes);
  const taps = outHeight * outWidth * attributes.kernel[0] * attributes.kernel[1];
  const span = cutPlanes(f, chunk, shape[0]! * shape[1]!, pairs || rows ? taps : scalarCost * taps);
  const geometry: Geometry = { ...sizes, planes: span.count };
  const planeBytes = geometry.height * geometry.width * bytes;
  const outBytes = outHeight * outWidth * bytes;
  const start = (pointer: Expression<'i32'>, step: number): Local<'i32'> =>
    f.let(along(pointer, span.from, step));
  const view = (index: number): Expression<'i32'> =>
    pointerTo(lowering, f, operands[index]!.buffer, operands[index]!.offset);
  const image = start(view(0), planeBytes);
  const result = start(pointerTo(lowering, f, buffer), isScatter ? planeBytes : outBytes);
  // Moves window by window: through the result, or for the scatter through the gradient.
  const out = isScatter ? start(view(1), outBytes) : f.let(result);
  // Of the shape of the image: what is gathered from, or scattered to.
  const other = primitive === 'maxPoolGather' ? start(view(1), planeBytes) : result;
  const isCovered = 2 * outHeight === geometry.height && 2 * outWidth === geometry.width;
  if (isScatter && !(pairs && isCovered)) f.do(memory.fill(result, 0, product(f, span.count, planeBytes)));
  const shift = f.let(i32.sub(other, image));
  if (pairs) {
    walkInside(f, geometry, bytes, image, (first) => {
      const place = f.let(i32.add(first, shift));
      const rowBytes = geometry.width * bytes;
      eachFour(f, outWidth, [first, place], out, (windows, at) => {
        if (primitive === 'maxPool')
          f.do(v128.store(at.base, pairsMax(f, windows[0], rowBytes), at.offset, 4));
        else if (primitive === 'maxPoolGather')
          f.do(v128.store(at.base, pairsGather(f, windows[0], windows[1], rowBytes), at.offset, 4));
        else pairsScatter(f, windows[0], at, windows[1], rowBytes);
      });
      f.set(out, i32.add(out, outWidth * bytes));
    });
  } else if (rows) emitRowsOfWindows(f, geometry, primitive, image, shift, out);
  else if (fits) emitInside(f, geometry, primitive, dtype, image, shift, out);
  else emitBounded(f, geometry, primitive, dtype, image, shift, out);
  return span.chunks;
}

/** Windows inside the image, one at a time. */
function emitInside(
  f: FunctionBuilder,
  geometry: Geometry,
  primitive: MaxPoolName,
  dtype: DType,
  image: Local<'i32'>,
  shift: Local<'i32'>,
  out: Local<'i32'>,
): void {
  const bytes = byteSize(dtype);
  const column = f.local('i32', 'column');
  walkInside(f, geometry, bytes, image, (row) => {
    const first = f.let(row);
    f.for(column, { to: geometry.outWidth }, () => {
      const [head, ...rest] = tapsOf(geometry);
      const best = f.let(loadScalar(dtype, first, head! * bytes)) as Scalar;
      const position = f.let(i32.const(0));
      for (const tap of rest) {
        const value = f.let(loadScalar(dtype, first, tap * bytes)) as Scalar;
        const wins = f.let(greater(dtype, value, best));
        f.set(best as Local<'f32'>, select(wins, value as Local<'f32'>, best as Local<'f32'>));
        if (primitive !== 'maxPool') f.set(position, select(wins, i32.const(tap * bytes), position));
      }
      const place = f.let(i32.add(i32.add(first, shift), position));
      if (primitive === 'maxPool') f.do(storeScalar(dtype, out, best, 0));
      else if (primitive === 'maxPoolGather')
        f.do(storeScalar(dtype, out, f.let(loadScalar(dtype, place, 0)) as Scalar, 0));
      else addTo(f, dtype, place, f.let(loadScalar(dtype, out, 0)) as Scalar);
      f.set(out, i32.add(out, bytes));
      f.set(first, i32.add(first, geometry.window.stride[1] * bytes));
    });
  });
}

/** Windows that may go over the border, one at a time. */
function emitBounded(
  f: FunctionBuilder,
  geometry: Geometry,
  primitive: MaxPoolName,
  dtype: DType,
  image: Local<'i32'>,
  shift: Local<'i32'>,
  out: Local<'i32'>,
): void {
  const bytes = byteSize(dtype);
  walkWindows(f, geometry, geometry.height * geometry.width * bytes, image, (plane, rows, columns) => {
    const best = f.let(scalarConstant(dtype, lowest(dtype))) as Scalar;
    const position = f.let(i32.const(-1));
    walkWindow(f, geometry, rows, columns, (at) => {
      const value = f.let(loadScalar(dtype, i32.add(plane, i32.mul(at, bytes)), 0)) as Scalar;
      f.if(i32.or(i32.ltS(position, 0), greater(dtype, value, best)), () => {
        f.set(best as Local<'f32'>, value as Local<'f32'>);
        f.set(position, at);
      });
    });
    const place = (): Local<'i32'> => f.let(i32.add(i32.add(plane, shift), i32.mul(position, bytes)));
    if (primitive === 'maxPool') f.do(storeScalar(dtype, out, best, 0));
    else if (primitive === 'maxPoolGather') {
      const value = f.let(scalarConstant(dtype, 0)) as Scalar;
      f.if(i32.geS(position, 0), () => {
        f.set(value as Local<'f32'>, loadScalar(dtype, place(), 0) as Expression<'f32'>);
      });
      f.do(storeScalar(dtype, out, value, 0));
    } else {
      f.if(i32.geS(position, 0), () => addTo(f, dtype, place(), f.let(loadScalar(dtype, out, 0)) as Scalar));
    }
    f.set(out, i32.add(out, bytes));
  });
}

/** Adds a number to the element at an address. */
export function addTo(f: FunctionBuilder, dtype: DType, at: Local<'i32'>, value: Scalar): void {
  const type = scalarType(dtype);
  const before = f.let(loadScalar(dtype, at, 0));
  const sum =
    type === 'f32'
      ? f32.add(before as Expression<'f32'>, value as Local<'f32'>)
      : type === 'f64'
        ? f64.add(before as Expression<'f64'>, value as Local<'f64'>)
        : i32.add(before as Expression<'i32'>, value as Local<'i32'>);
  f.do(storeScalar(dtype, at, f.let<'f32' | 'f64' | 'i32'>(sum) as Scalar, 0));
}

/** Emits one chunk of `averagePool` or of its adjoint; sums are kept in double precision. Returns how many chunks there are. */
export function emitAveragePool(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: PrimitiveKernel,
  chunk: Local<'i32'>,
): number {
  const { node, operands, buffer } = kernel;
  const { primitive, attributes } = node as Extract<
    PrimitiveKernel['node'],
    { primitive: 'averagePool' | 'averagePoolGrad' }
  >;
  const isGradient = primitive === 'averagePoolGrad';
  const { dtype } = operands[0]!;
  const image = isGradient ? node.type.shape : operands[0]!.shape;
  const outShape = isGradient ? operands[0]!.shape : node.type.shape;
  const bytes = byteSize(dtype);
  const taps = outShape[2]! * outShape[3]! * attributes.kernel[0] * attributes.kernel[1];
  const span = cutPlanes(f, chunk, image[0]! * image[1]!, scalarCost * taps);
  const geometry: Geometry = {
    planes: span.count,
    height: image[2]!,
    width: image[3]!,
    outHeight: outShape[2]!,
    outWidth: outShape[3]!,
    window: { ...attributes, dilation: [1, 1] },
  };
  const planeBytes = geometry.height * geometry.width * bytes;
  const outBytes = geometry.outHeight * geometry.outWidth * bytes;
  const [operandBytes, resultBytes] = isGradient ? [outBytes, planeBytes] : [planeBytes, outBytes];
  const operand = f.let(
    along(pointerTo(lowering, f, operands[0]!.buffer, operands[0]!.offset), span.from, operandBytes),
  );
  const result = f.let(along(pointerTo(lowering, f, buffer), span.from, resultBytes));
  if (isGradient) f.do(memory.fill(result, 0, product(f, span.count, planeBytes)));
  const out = f.let(isGradient ? operand : result);
  const { countIncludePad, kernel: window } = attributes;
  walkWindows(f, geometry, planeBytes, isGradient ? result : operand, (plane, rows, columns) => {
    const inside = i32.mul(i32.sub(rows[1], rows[0]), i32.sub(columns[1], columns[0]));
    const count = f.let(countIncludePad ? i32.const(window[0] * window[1]) : inside);
    f.set(count, select(i32.gtS(count, 0), count, i32.const(1)));
    const divisor = f.let(f64.convertI32S(count));
    if (isGradient) {
      const whole = castScalar(
        f,
        dtype,
        'float64',
        f.let(loadScalar(dtype, out, 0)) as Scalar,
      ) as Local<'f64'>;
      const share = castScalar(f, 'float64', dtype, f.let(f64.div(whole, divisor)));
      walkWindow(f, geometry, rows, columns, (position) => {
        addTo(f, dtype, f.let(i32.add(plane, i32.mul(position, bytes))), share);
      });
    } else {
      const sum = f.let(f64.const(0));
      walkWindow(f, geometry, rows, columns, (position) => {
        const value = f.let(loadScalar(dtype, i32.add(plane, i32.mul(position, bytes)), 0)) as Scalar;
        f.set(sum, f64.add(sum, castScalar(f, dtype, 'float64', value) as Local<'f64'>));
      });
      f.do(storeScalar(dtype, out, castScalar(f, 'float64', dtype, f.let(f64.div(sum, divisor))), 0));
    }
    f.set(out, i32.add(out, bytes));
  });
  return span.chunks;
}
