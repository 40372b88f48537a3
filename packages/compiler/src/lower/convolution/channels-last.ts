import { f32x4, i32, i8x16, v128, type Expression, type FunctionBuilder, type Local } from '@nadir/wasm';
import { along, type Count } from './blocks.ts';
import { clamped } from './window.ts';

const bytes = 4;
const lanes = 4;

/** Part of a few planes of float32 as vectors over channels: [image, row, column, channel], with zeros around what the planes have. */
export interface ChannelsLast {
  /** Of a plane. */
  readonly height: number;
  readonly width: number;
  /** Planes of an image. */
  readonly planes: number;
  /** Rows and columns of what is copied, at most. */
  readonly rows: number;
  readonly columns: number;
  /** Columns of zeros before the first of a plane. */
  readonly before: number;
  /** Channels of a place, a multiple of four; and whether there may be fewer than that which four do not divide. */
  readonly channels: number;
  readonly isRagged: boolean;
}

/** Bytes from one row to the next. */
export function rowStride({ columns, channels }: ChannelsLast): number {
  return columns * channels * bytes;
}

export function imageStride(layout: ChannelsLast): number {
  return layout.rows * rowStride(layout);
}

type Four = readonly [Local<'v128'>, Local<'v128'>, Local<'v128'>, Local<'v128'>];

function interleaved(
  a: Expression<'v128'>,
  b: Expression<'v128'>,
  units: readonly number[],
): Expression<'v128'> {
  return i8x16.shuffle(
    a,
    b,
    units.flatMap((unit) => [4 * unit, 4 * unit + 1, 4 * unit + 2, 4 * unit + 3]),
  );
}

/** The transpose of a square of four by four. */
function transposeFour(f: FunctionBuilder, [a, b, c, d]: Four): Four {
  const [low, high] = [
    [0, 4, 1, 5],
    [2, 6, 3, 7],
  ] as const;
  const [abLow, abHigh] = [f.let(interleaved(a, b, low)), f.let(interleaved(a, b, high))];
  const [cdLow, cdHigh] = [f.let(interleaved(c, d, low)), f.let(interleaved(c, d, high))];
  const [first, second] = [
    [0, 1, 4, 5],
    [2, 3, 6, 7],
  ] as const;
  return [
    f.let(interleaved(abLow, cdLow, first)),
    f.let(interleaved(abLow, cdLow, second)),
    f.let(interleaved(abHigh, cdHigh, first)),
    f.let(interleaved(abHigh, cdHigh, second)),
  ];
}

/**
 * Copies some channels of some images.
 *
 * @param first the row of the planes that the first row of the copy is; outside of them there are zeros
 * @param source address of the first of the channels of the first image
 */
export function copyChannelsLast(
  f: FunctionBuilder,
  layout: ChannelsLast,
  images: Count,
  rows: Local<'i32'>,
  first: Local<'i32'>,
  channels: Local<'i32'>,
  source: Local<'i32'>,
  target: Local<'i32'>,
): void {
  const { height, width, planes } = layout;
  const rowBytes = rowStride(layout);
  const planeBytes = height * width * bytes;
  const [image, row] = [f.local('i32', 'image'), f.local('i32', 'row')];
  const [imageAt, imageTo] = [f.let(source), f.let(target)];
  const top = clamped(f, f.let(i32.sub(0, first)), rows);
  const bottom = clamped(f, f.let(i32.sub(height, first)), rows);
  f.for(image, { to: images }, () => {
    const to = f.let(imageTo);
    const clear = (until: Local<'i32'>): void =>
      f.while(i32.ltS(row, until), () => {
        clearPlaces(f, to, rowBytes);
        f.set(to, i32.add(to, rowBytes));
        f.set(row, i32.add(row, 1));
      });
    f.set(row, 0);
    clear(top);
    const at = f.let(i32.add(imageAt, i32.mul(i32.add(first, row), width * bytes)));
    f.while(i32.ltS(row, bottom), () => {
      copyRow(f, layout, channels, at, to);
      f.set(at, i32.add(at, width * bytes));
      f.set(to, i32.add(to, rowBytes));
      f.set(row, i32.add(row, 1));
    });
    clear(rows);
    f.set(imageAt, i32.add(imageAt, planes * planeBytes));
    f.set(imageTo, i32.add(imageTo, imageStride(layout)));
  });
}

function clearPlaces(f: FunctionBuilder, from: Local<'i32'>, size: number): void {
  const at = f.let(from);
  const end = f.let(i32.add(from, size));
  f.while(i32.ltU(at, end), () => {
    f.do(v128.store(at, f32x4.const(0), 0, 4));
    f.set(at, i32.add(at, 16));
  });
}

/** Copies a row of all channels, four of them at a time. */
function copyRow(
  f: FunctionBuilder,
  layout: ChannelsLast,
  channels: Local<'i32'>,
  from: Local<'i32'>,
  to: Local<'i32'>,
): void {
  const planeBytes = layout.height * layout.width * bytes;
  const [at, place] = [f.let(from), f.let(to)];
  const left = f.let(channels);
  f.while(i32.geS(left, lanes), () => {
    copyFour(f, layout, lanes, at, place);
    f.set(at, i32.add(at, lanes * planeBytes));
    f.set(place, i32.add(place, 16));
    f.set(left, i32.sub(left, lanes));
  });
  if (!layout.isRagged) return;
  for (let count = 1; count < lanes; count++)
    f.if(i32.eq(left, count), () => copyFour(f, layout, count, at, place));
}

/** Copies a row of `count` channels, at most four, as vectors of four; the others are zeros. */
function copyFour(
  f: FunctionBuilder,
  { height, width, columns, before, channels }: ChannelsLast,
  count: number,
  from: Local<'i32'>,
  to: Local<'i32'>,
): void {
  const step = channels * bytes;
  const planeBytes = height * width * bytes;
  const pointers = Array.from({ length: count }, (_, i) =>
    i === 0 ? from : f.let(i32.add(from, i * planeBytes)),
  );
  const zero = f32x4.const(0);
  // Element x of the copy is column x − before of the planes.
  const low = Math.min(columns, Math.max(0, before));
  const high = Math.max(low, Math.min(columns, width + before));
  for (let x = 0; x < low; x++) f.do(v128.store(to, zero, x * step, 4));
  for (let x = high; x < columns; x++) f.do(v128.store(to, zero, x * step, 4));
  const known = high - low;
  const four = (column: number, at: readonly Local<'i32'>[], place: Local<'i32'>, offset: number): void => {
    const square = Array.from({ length: lanes }, (_, i) =>
      f.let(i < count ? v128.load(at[i]!, column * bytes, bytes) : zero),
    );
    transposeFour(f, square as unknown as Four).forEach((vector, i) =>
      f.do(v128.store(place, vector, offset + i * step, 4)),
    );
  };
  if (known < lanes) {
    for (let x = low; x < high; x++) {
      const vector = pointers.reduce<Expression<'v128'>>(
        (value, pointer, i) => v128.load32Lane(pointer, value, i, (x - before) * bytes),
        zero,
      );
      f.do(v128.store(to, vector, x * step, 4));
    }
    return;
  }
  const fours = Math.floor(known / lanes);
  const first = low - before;
  if (fours <= 4) {
    for (let i = 0; i < fours; i++) four(first + lanes * i, pointers, to, (low + lanes * i) * step);
  } else {
    const moved = pointers.map((pointer) => f.let(pointer));
    const place = f.let(to);
    const end = f.let(along(to, fours, lanes * step));
    f.while(i32.ltU(place, end), () => {
      four(first, moved, place, low * step);
      for (const pointer of moved) f.set(pointer, i32.add(pointer, lanes * bytes));
      f.set(place, i32.add(place, lanes * step));
    });
  }
  // The last four go back over what is there already.
  if (known % lanes > 0) four(first + known - lanes, pointers, to, (high - lanes) * step);
}
