import { f32, f32x4, f64, i32, i8x16, select, v128, type FunctionBuilder, type Local } from '@nadir/wasm';
import type { ConvolutionGeometry } from '../../kernel.ts';
import type { Count, PlaceBlock, PlaceBlocks } from './blocks.ts';

/**
 * How the part of the images that a block of places sees lies in working memory: planes with their zeros around, and where the
 * stride along a row is s, each row as s rows of every s-th element. So what a tap sees of neighbouring places is always a run.
 */
export interface WindowLayout {
  readonly geometry: ConvolutionGeometry;
  readonly bytes: 4 | 8;
  readonly lanes: 4 | 2;
  /** Rows of a plane at most. */
  readonly rows: number;
  /** Elements of a row of the image, zeros included, before it is split. */
  readonly columns: number;
  /** Bytes of one of the rows that a row is split into. */
  readonly phaseBytes: number;
  readonly rowBytes: number;
  readonly planeBytes: number;
  readonly imageBytes: number;
  readonly totalBytes: number;
}

/** Vectors that go over the end of what they copy or read. */
const slack = 64;

export function windowLayout(
  geometry: ConvolutionGeometry,
  blocks: PlaceBlocks,
  channels: number,
): WindowLayout {
  const { kernel, stride, dilation, type } = geometry;
  const bytes = type === 'f32' ? 4 : 8;
  const [rows, columns] = ([blocks.rows, blocks.columns] as const).map(
    (count, axis) => (count - 1) * stride[axis]! + (kernel[axis]! - 1) * dilation[axis]! + 1,
  ) as [number, number];
  const phaseBytes = Math.ceil((Math.ceil(columns / stride[1]) * bytes) / 16) * 16;
  const rowBytes = phaseBytes * stride[1];
  const planeBytes = rows * rowBytes;
  const imageBytes = channels * planeBytes;
  return {
    geometry,
    bytes,
    lanes: bytes === 4 ? 4 : 2,
    rows,
    columns,
    phaseBytes,
    rowBytes,
    planeBytes,
    imageBytes,
    totalBytes: blocks.images * imageBytes + slack,
  };
}

/** Where the element that tap (row, column) of a window sees lies, from the start of the window on. */
export function tapOffset(
  { geometry, bytes, rowBytes, phaseBytes }: WindowLayout,
  row: number,
  column: number,
): number {
  const { stride, dilation } = geometry;
  const x = column * dilation[1];
  return row * dilation[0] * rowBytes + (x % stride[1]) * phaseBytes + Math.floor(x / stride[1]) * bytes;
}

/**
 * Copies what a block of places sees of some channels into working memory.
 *
 * @param image address of the first of the channels of the first image of the block
 */
export function copyWindow(
  f: FunctionBuilder,
  layout: WindowLayout,
  block: PlaceBlock,
  channels: Count,
  image: Local<'i32'>,
  target: Local<'i32'>,
): void {
  const { geometry, bytes, rowBytes, planeBytes, imageBytes } = layout;
  const { height, width, stride, before, kernel, dilation } = geometry;
  const sourcePlane = height * width * bytes;
  const sourceImage = geometry.groups * geometry.channels * sourcePlane;
  const [n, c] = [f.local('i32', 'image'), f.local('i32', 'channel')];
  const [imageAt, imageTo] = [f.let(image), f.let(target)];
  // Row r of the window is row `first + r` of the image.
  const first = f.let(i32.sub(i32.mul(block.rows.from, stride[0]), before[0]));
  const reach = (kernel[0] - 1) * dilation[0] + 1 - stride[0];
  const rows = f.let(i32.add(i32.mul(block.rows.count, stride[0]), reach));
  const top = f.let(clamped(f, f.let(i32.sub(0, first)), rows));
  const bottom = f.let(clamped(f, f.let(i32.sub(height, first)), rows));
  f.set(bottom, select(i32.gtS(top, bottom), top, bottom));
  const copyRow = rowCopier(f, layout, block);
  f.for(n, { to: block.images.count }, () => {
    const [planeAt, planeTo] = [f.let(imageAt), f.let(imageTo)];
    f.for(c, { to: channels }, () => {
      const row = f.local('i32', 'row');
      const to = f.let(planeTo);
      const clear = (until: Local<'i32'>): void =>
        f.while(i32.ltS(row, until), () => {
          clearBytes(f, to, 0, rowBytes);
          f.set(to, i32.add(to, rowBytes));
          f.set(row, i32.add(row, 1));
        });
      f.set(row, 0);
      clear(top);
      const from = f.let(i32.add(planeAt, i32.mul(i32.add(first, row), width * bytes)));
      f.while(i32.ltS(row, bottom), () => {
        copyRow(from, to);
        f.set(from, i32.add(from, width * bytes));
        f.set(to, i32.add(to, rowBytes));
        f.set(row, i32.add(row, 1));
      });
      clear(rows);
      f.set(planeAt, i32.add(planeAt, sourcePlane));
      f.set(planeTo, i32.add(planeTo, planeBytes));
    });
    f.set(imageAt, i32.add(imageAt, sourceImage));
    f.set(imageTo, i32.add(imageTo, imageBytes));
  });
}

/** A number cut off at 0 and at `most`. */
export function clamped(f: FunctionBuilder, value: Local<'i32'>, most: Local<'i32'>): Local<'i32'> {
  const least = f.let(select(i32.ltS(value, most), value, most));
  return f.let(select(i32.gtS(least, 0), least, i32.const(0)));
}

/** Vectors, or elements, up to which a copy is written out. */
const mostUnrolled = 16;

/** Clears whole vectors from an address on; `size` is a multiple of 16. */
function clearBytes(f: FunctionBuilder, at: Local<'i32'>, offset: number, size: number): void {
  const zero = f.let(f32x4.const(0));
  if (size <= 16 * mostUnrolled) {
    for (let byte = 0; byte < size; byte += 16) f.do(v128.store(at, zero, offset + byte, 4));
    return;
  }
  const to = f.let(at);
  const end = f.let(i32.add(at, size));
  f.while(i32.ltU(to, end), () => {
    f.do(v128.store(to, zero, offset, 4));
    f.set(to, i32.add(to, 16));
  });
}

/** Emits the copy of one row that lies inside the image, with zeros where it begins before or ends after the image. */
function rowCopier(
  f: FunctionBuilder,
  layout: WindowLayout,
  block: PlaceBlock,
): (from: Local<'i32'>, to: Local<'i32'>) => void {
  const { geometry, columns } = layout;
  const { width, stride, before } = geometry;
  const { from: firstColumn } = block.columns;
  if (typeof firstColumn === 'number') {
    // Element x of the window is column x − before of the image.
    const low = Math.min(columns, Math.max(0, before[1]));
    const high = Math.max(low, Math.min(columns, width + before[1]));
    return (from, to) => copyKnownRow(f, layout, from, to, low, high);
  }
  const shift = f.let(i32.sub(i32.mul(firstColumn, stride[1]), before[1]));
  const all = f.let(i32.const(columns));
  const low = clamped(f, f.let(i32.sub(0, shift)), all);
  const high = clamped(f, f.let(i32.sub(width, shift)), all);
  f.set(high, select(i32.gtS(low, high), low, high));
  return (from, to) => copyRow(f, layout, from, to, shift, low, high);
}

/** Elements `low … high − 1` of a row come from the image, where `low` is known when the code is made; the others are 0. */
function copyKnownRow(
  f: FunctionBuilder,
  layout: WindowLayout,
  from: Local<'i32'>,
  to: Local<'i32'>,
  low: number,
  high: number,
): void {
  const { geometry, columns, phaseBytes, bytes, lanes } = layout;
  const [step, before] = [geometry.stride[1], geometry.before[1]];
  // Zeros first, in whole vectors that may go over what is copied then.
  for (let phase = 0; phase < step; phase++) {
    const index = (x: number): number => Math.max(0, Math.ceil((x - phase) / step));
    const [first, end, count] = [index(low), index(high), index(columns)];
    const start = phase * phaseBytes;
    if (first > 0) clearBytes(f, to, start, Math.ceil(first / lanes) * 16);
    if (end < count) clearBytes(f, to, start + end * bytes, Math.ceil((count - end) / lanes) * 16);
  }
  if (high === low) return;
  const source = f.let(i32.add(from, (low - before) * bytes));
  if (step === 1) {
    copyRun(f, f.let(i32.add(to, low * bytes)), source, high - low, bytes);
    return;
  }
  if (step === 2) {
    const odd = low % 2;
    const [even, rest] = [low + odd, high - low - odd];
    if (odd === 1) f.do(copyElement(bytes, to, phaseBytes + ((low - 1) / 2) * bytes, source, 0));
    if (rest <= 0) return;
    const evens = f.let(i32.add(to, (even / 2) * bytes));
    splitPairs(f, layout, evens, f.let(i32.add(source, odd * bytes)), rest);
    return;
  }
  for (let phase = 0; phase < step; phase++) {
    const first = Math.max(0, Math.ceil((low - phase) / step));
    const end = Math.max(0, Math.ceil((high - phase) / step));
    if (end <= first) continue;
    const at = f.let(i32.add(from, (phase + first * step - before) * bytes));
    const place = f.let(i32.add(to, phase * phaseBytes + first * bytes));
    const last = f.let(i32.add(place, (end - first) * bytes));
    f.while(i32.ltU(place, last), () => {
      f.do(copyElement(bytes, place, 0, at, 0));
      f.set(at, i32.add(at, step * bytes));
      f.set(place, i32.add(place, bytes));
    });
  }
}

function copyElement(
  bytes: 4 | 8,
  to: Local<'i32'>,
  toOffset: number,
  from: Local<'i32'>,
  fromOffset: number,
): ReturnType<typeof f32.store> {
  return bytes === 4
    ? f32.store(to, f32.load(from, fromOffset), toOffset)
    : f64.store(to, f64.load(from, fromOffset), toOffset);
}

/** Copies `count` neighbours: the last vector goes back over what is there already, so that none goes over the end. */
export function copyRun(
  f: FunctionBuilder,
  to: Local<'i32'>,
  from: Local<'i32'>,
  count: Count,
  bytes: 4 | 8,
): void {
  const lanes = 16 / bytes;
  if (typeof count !== 'number') {
    const [at, place] = [f.let(from), f.let(to)];
    const end = f.let(i32.add(place, i32.mul(count, bytes)));
    const whole = f.let(i32.sub(end, 15));
    f.while(i32.ltS(place, whole), () => {
      f.do(v128.store(place, v128.load(at, 0, 4), 0, 4));
      f.set(at, i32.add(at, 16));
      f.set(place, i32.add(place, 16));
    });
    f.while(i32.ltU(place, end), () => {
      f.do(copyElement(bytes, place, 0, at, 0));
      f.set(at, i32.add(at, bytes));
      f.set(place, i32.add(place, bytes));
    });
    return;
  }
  if (count < lanes) {
    for (let i = 0; i < count; i++) f.do(copyElement(bytes, to, i * bytes, from, i * bytes));
    return;
  }
  const vectors = Math.floor(count / lanes);
  const copy = (at: Local<'i32'>, place: Local<'i32'>, offset: number): void =>
    f.do(v128.store(place, v128.load(at, offset, 4), offset, 4));
  if (vectors <= mostUnrolled) {
    for (let i = 0; i < vectors; i++) copy(from, to, 16 * i);
  } else {
    const [at, place] = [f.let(from), f.let(to)];
    const end = f.let(i32.add(place, 16 * (vectors - (vectors % 4))));
    f.while(i32.ltU(place, end), () => {
      for (let i = 0; i < 4; i++) copy(at, place, 16 * i);
      f.set(at, i32.add(at, 64));
      f.set(place, i32.add(place, 64));
    });
    for (let i = 0; i < vectors % 4; i++) copy(at, place, 16 * i);
  }
  if (count % lanes > 0) copy(from, to, (count - lanes) * bytes);
}

/** Puts `count` neighbours, from an even one on, into the row of even elements at `evens` and the row of odd ones behind it. */
function splitPairs(
  f: FunctionBuilder,
  { bytes, lanes, phaseBytes }: WindowLayout,
  evens: Local<'i32'>,
  from: Local<'i32'>,
  count: number,
): void {
  const units = (start: number): number[] =>
    Array.from({ length: lanes }, (_, lane) => 2 * lane + start).flatMap((unit) =>
      Array.from({ length: bytes }, (__, byte) => unit * bytes + byte),
    );
  const split = (at: Local<'i32'>, place: Local<'i32'>, element: number): void => {
    const left = f.let(v128.load(at, element * bytes, 4));
    const right = f.let(v128.load(at, element * bytes + 16, 4));
    const offset = (element / 2) * bytes;
    f.do(v128.store(place, i8x16.shuffle(left, right, units(0)), offset, 4));
    f.do(v128.store(place, i8x16.shuffle(left, right, units(1)), phaseBytes + offset, 4));
  };
  const wide = 2 * lanes;
  const blocks = Math.floor(count / wide);
  if (blocks <= mostUnrolled / 2) {
    for (let i = 0; i < blocks; i++) split(from, evens, i * wide);
  } else {
    const [at, place] = [f.let(from), f.let(evens)];
    const end = f.let(i32.add(place, 16 * blocks));
    f.while(i32.ltU(place, end), () => {
      split(at, place, 0);
      f.set(at, i32.add(at, 32));
      f.set(place, i32.add(place, 16));
    });
  }
  let rest = blocks * wide;
  if (blocks > 0 && count - rest > 2) {
    // The last block goes back over what is there already.
    const start = (count - wide) & ~1;
    split(from, evens, start);
    rest = start + wide;
  }
  for (let x = rest; x < count; x++) {
    const offset = (x >> 1) * bytes + (x % 2) * phaseBytes;
    f.do(copyElement(bytes, evens, offset, from, x * bytes));
  }
}

/** As {@link copyKnownRow}, with bounds that are known when the code runs. */
function copyRow(
  f: FunctionBuilder,
  layout: WindowLayout,
  from: Local<'i32'>,
  to: Local<'i32'>,
  shift: Local<'i32'>,
  low: Local<'i32'>,
  high: Local<'i32'>,
): void {
  const { geometry, phaseBytes, rowBytes, bytes } = layout;
  const step = geometry.stride[1];
  clearBytes(f, to, 0, rowBytes);
  for (let phase = 0; phase < step; phase++) {
    const index = (x: Local<'i32'>): Local<'i32'> => {
      const distance = f.let(i32.add(x, step - 1 - phase));
      return f.let(step === 1 ? distance : i32.divS(distance, step));
    };
    const first = index(low);
    const end = index(high);
    const column = i32.add(i32.add(i32.mul(first, step), phase), shift);
    const at = f.let(i32.add(from, i32.mul(column, bytes)));
    const place = f.let(i32.add(i32.add(to, phase * phaseBytes), i32.mul(first, bytes)));
    const count = f.let(i32.sub(end, first));
    if (step === 1) {
      copyRun(f, place, at, count, bytes);
      continue;
    }
    const last = f.let(i32.add(place, i32.mul(count, bytes)));
    f.while(i32.ltU(place, last), () => {
      f.do(copyElement(bytes, place, 0, at, 0));
      f.set(at, i32.add(at, step * bytes));
      f.set(place, i32.add(place, bytes));
    });
  }
}
