import type { PoolAttributes } from '@nadir/tensor';
import { f32, i32, i32x4, i8x16, select, v128, type FunctionBuilder, type Local } from '@nadir/wasm';
import type { Count } from './convolution/blocks.ts';
import { wins } from './pool-pairs.ts';
import { choose } from './vector-math.ts';

const bytes = 4;
const lanes = 4;
/** Taps of a row up to which they are written out, and windows of a row that go over its ends. */
const mostTaps = 16;
const mostBorders = 8;

export type MaxPoolName = 'maxPool' | 'maxPoolGather' | 'maxPoolScatter';

/** Sizes of a pool over planes of float32. */
interface Geometry {
  readonly planes: Count;
  readonly height: number;
  readonly width: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly window: PoolAttributes;
}

/** The windows of a row that lie inside of it: from the first to one past the last. */
function interior({ width, outWidth, window }: Omit<Geometry, 'planes'>): readonly [number, number] {
  const [stride, before] = [window.stride[1], window.padding[1][0]];
  const reach = (window.kernel[1] - 1) * window.dilation[1];
  const first = Math.min(outWidth, Math.ceil(before / stride));
  const end = Math.min(outWidth, Math.floor((width - 1 - reach + before) / stride) + 1);
  return [first, Math.max(first, end)];
}

/** Whether most windows of a row can be taken four at a time. */
export function hasRows(geometry: Omit<Geometry, 'planes'>): boolean {
  const { window, outWidth } = geometry;
  const [first, end] = interior(geometry);
  return (
    window.stride[1] <= 2 &&
    window.kernel[1] <= mostTaps &&
    end - first >= lanes &&
    outWidth - (end - first) <= mostBorders
  );
}

/** Where a row of windows reads and writes. */
interface RowPlace {
  /** Address of the first row of the image that its windows see; rows that they see, and bytes between them. */
  readonly image: Local<'i32'>;
  readonly rows: Local<'i32'>;
  readonly rowStep: number;
  /** From an element of the image to what is gathered or scattered to. */
  readonly shift: Local<'i32'>;
  readonly out: Local<'i32'>;
}

/** Emits a max pool, or the gather or scatter at the greatest elements, row of windows by row. */
export function emitRowsOfWindows(
  f: FunctionBuilder,
  geometry: Geometry,
  primitive: MaxPoolName,
  image: Local<'i32'>,
  shift: Local<'i32'>,
  out: Local<'i32'>,
): void {
  const { planes, height, width, outHeight, outWidth, window } = geometry;
  const [kernel, stride, dilation, before] = [
    window.kernel[0],
    window.stride[0],
    window.dilation[0],
    window.padding[0][0],
  ];
  const [first, end] = interior(geometry);
  const plane = f.let(image);
  const [p, i] = [f.local('i32', 'plane'), f.local('i32', 'row')];
  f.for(p, { to: planes }, () => {
    f.for(i, { to: outHeight }, () => {
      const top = f.let(i32.sub(i32.mul(i, stride), before));
      const bottom = f.let(i32.add(top, (kernel - 1) * dilation + 1));
      f.if(i32.gtS(bottom, height), () => f.set(bottom, height));
      f.while(i32.ltS(top, 0), () => f.set(top, i32.add(top, dilation)));
      const rows = f.let(i32.divS(i32.add(i32.sub(bottom, top), dilation - 1), dilation));
      const place: RowPlace = {
        image: f.let(i32.add(plane, i32.mul(top, width * bytes))),
        rows,
        rowStep: dilation * width * bytes,
        shift,
        out,
      };
      f.if(
        i32.gtS(rows, 0),
        () => {
          for (let column = 0; column < first; column++) emitBorder(f, geometry, primitive, place, column);
          emitInterior(f, geometry, primitive, place, first, end);
          for (let column = end; column < outWidth; column++)
            emitBorder(f, geometry, primitive, place, column);
        },
        () => {
          for (let column = 0; column < outWidth; column++) emitNothing(f, primitive, out, column);
        },
      );
      f.set(out, i32.add(out, outWidth * bytes));
    });
    f.set(plane, i32.add(plane, height * width * bytes));
  });
}

/** The result of a window without elements. */
function emitNothing(f: FunctionBuilder, primitive: MaxPoolName, out: Local<'i32'>, column: number): void {
  if (primitive === 'maxPool') f.do(f32.store(out, -Infinity, column * bytes));
  else if (primitive === 'maxPoolGather') f.do(f32.store(out, 0, column * bytes));
}

/** Windows inside the rows, four at a time; the last four go back over windows that are done. */
function emitInterior(
  f: FunctionBuilder,
  geometry: Geometry,
  primitive: MaxPoolName,
  place: RowPlace,
  first: number,
  end: number,
): void {
  const { stride, padding } = geometry.window;
  const count = end - first;
  const column = (index: number): number => (index * stride[1] - padding[1][0]) * bytes;
  const at = f.let(i32.add(place.image, column(first)));
  const out = f.let(i32.add(place.out, first * bytes));
  const last = f.let(i32.add(out, (count - (count % lanes)) * bytes));
  f.while(i32.ltU(out, last), () => {
    emitFour(f, geometry, primitive, place, at, out, 0);
    f.set(at, i32.add(at, lanes * stride[1] * bytes));
    f.set(out, i32.add(out, lanes * bytes));
  });
  const rest = count % lanes;
  if (rest === 0) return;
  f.set(at, i32.add(place.image, column(end - lanes)));
  f.set(out, i32.add(place.out, (end - lanes) * bytes));
  emitFour(f, geometry, primitive, place, at, out, lanes - rest);
}

/** What the same tap of four windows sees. */
function loadTap(f: FunctionBuilder, at: Local<'i32'>, offset: number, stride: number): Local<'v128'> {
  const head = f.let(v128.load(at, offset, 4));
  if (stride === 1) return head;
  // Not one element behind the last that is needed.
  const tail = f.let(v128.load(at, offset + 12, 4));
  const units = [0, 2, 5, 7].flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]);
  return f.let(i8x16.shuffle(head, tail, units));
}

/** Four windows; a scatter leaves out the first `done`. */
function emitFour(
  f: FunctionBuilder,
  { window }: Geometry,
  primitive: MaxPoolName,
  { rows, rowStep, shift }: RowPlace,
  at: Local<'i32'>,
  out: Local<'i32'>,
  done: number,
): void {
  const stride = window.stride[1];
  const from = f.let(at);
  const best = loadTap(f, at, 0, stride);
  const needsPlace = primitive !== 'maxPool';
  // Bytes from the first element that a window sees to its greatest.
  const position = f.let(i32x4.const(0));
  const distance = f.let(i32.const(0));
  const row = f.local('i32', 'window_row');
  f.for(row, { to: rows }, () => {
    for (let tap = 0; tap < window.kernel[1]; tap++) {
      const offset = tap * window.dilation[1] * bytes;
      const value = loadTap(f, from, offset, stride);
      const mask = wins(f, value, best);
      f.set(best, choose(mask, value, best));
      if (needsPlace) f.set(position, choose(mask, i32x4.splat(i32.add(distance, offset)), position));
    }
    f.set(from, i32.add(from, rowStep));
    f.set(distance, i32.add(distance, rowStep));
  });
  if (!needsPlace) {
    f.do(v128.store(out, best, 0, 4));
    return;
  }
  const other = f.let(i32.add(at, shift));
  for (let lane = done; lane < lanes; lane++) {
    const place = f.let(i32.add(other, i32x4.extractLane(position, lane)));
    moveElement(f, primitive, place, lane * stride * bytes, out, lane * bytes);
  }
}

/** Gathers an element, or adds the gradient of a window to it. */
function moveElement(
  f: FunctionBuilder,
  primitive: MaxPoolName,
  place: Local<'i32'>,
  placeOffset: number,
  out: Local<'i32'>,
  outOffset: number,
): void {
  const element = f32.load(place, placeOffset);
  if (primitive === 'maxPoolGather') f.do(f32.store(out, element, outOffset));
  else f.do(f32.store(place, f32.add(element, f32.load(out, outOffset)), placeOffset));
}

/** A window that goes over an end of the row. */
function emitBorder(
  f: FunctionBuilder,
  { width, window }: Geometry,
  primitive: MaxPoolName,
  { image, rows, rowStep, shift, out }: RowPlace,
  column: number,
): void {
  const start = column * window.stride[1] - window.padding[1][0];
  const columns = Array.from({ length: window.kernel[1] }, (_, tap) => start + tap * window.dilation[1]);
  const seen = columns.filter((x) => x >= 0 && x < width);
  if (seen.length === 0) {
    emitNothing(f, primitive, out, column);
    return;
  }
  const from = f.let(image);
  const best = f.let(f32.load(image, seen[0]! * bytes));
  const position = f.let(i32.add(image, seen[0]! * bytes));
  const row = f.local('i32', 'window_row');
  f.for(row, { to: rows }, () => {
    for (const x of seen) {
      const value = f.let(f32.load(from, x * bytes));
      // Greater, or the first NaN.
      const mask = f.let(i32.and(f32.eq(best, best), i32.eqz(f32.le(value, best))));
      f.set(best, select(mask, value, best));
      f.set(position, select(mask, i32.add(from, x * bytes), position));
    }
    f.set(from, i32.add(from, rowStep));
  });
  if (primitive === 'maxPool') f.do(f32.store(out, best, column * bytes));
  else moveElement(f, primitive, f.let(i32.add(position, shift)), 0, out, column * bytes);
}
