import { i32, i32x4, v128, type Expression, type FunctionBuilder, type Local } from '@nadir/wasm';
import { product, roundUp, type Count, type PlaceBlock } from './blocks.ts';
import { tapOffset, type WindowLayout } from './window.ts';

/** As many neighbouring places as a vector has lanes, and how what one of their taps sees is loaded. */
export interface Quad {
  /** Its number in the block of places. */
  readonly index: Local<'i32'>;
  /** Where the windows of its lanes begin; loads may be moved by the same distance all. */
  readonly pointers: readonly Local<'i32'>[];
  /** What the lanes see at an offset from `pointers`, which are those of the quad or as many moved ones. */
  load(pointers: readonly Local<'i32'>[], offset: number): Expression<'v128'>;
}

/**
 * Goes through the places of a block, a vector of them at a time, row after row and image after image. `body` is emitted once for
 * vectors within a row, and once more where there are vectors that go over its end. Lanes behind the last place see something.
 */
export function walkQuads(
  f: FunctionBuilder,
  layout: WindowLayout,
  block: PlaceBlock,
  window: Local<'i32'>,
  body: (quad: Quad) => void,
): void {
  const { lanes, bytes, rowBytes, imageBytes, geometry } = layout;
  const { images, rows, columns } = block;
  const quads = roundUp(f, product(f, images.count, rows.count, columns.count), lanes);
  const count = typeof quads === 'number' ? quads / lanes : f.let(i32.divU(quads, lanes));
  const index = f.local('i32', 'quad');
  const at = f.let(window);
  const asLocal = (value: Count): Local<'i32'> =>
    typeof value === 'number' ? f.let(i32.const(value)) : f.let(value);
  const left = asLocal(columns.count);
  const rowsLeft = asLocal(rows.count);
  const imagesLeft = asLocal(images.count);
  const rowStep = geometry.stride[0] * rowBytes;
  const used = i32.mul(columns.count, bytes);
  const rowGap = f.let(i32.sub(rowStep, used));
  const imageGap = f.let(i32.sub(imageBytes, i32.add(i32.mul(i32.sub(rows.count, 1), rowStep), used)));
  /** From the end of a row to the start of the next; behind the last one it stays. */
  const nextRow = (): void => {
    f.set(left, columns.count);
    f.set(rowsLeft, i32.sub(rowsLeft, 1));
    f.if(
      rowsLeft,
      () => f.set(at, i32.add(at, rowGap)),
      () => {
        f.set(rowsLeft, rows.count);
        f.set(imagesLeft, i32.sub(imagesLeft, 1));
        f.if(i32.gtS(imagesLeft, 0), () => f.set(at, i32.add(at, imageGap)));
      },
    );
  };
  const known = typeof columns.count === 'number' ? columns.count : null;
  const run = (): void => {
    body({ index, pointers: [at], load: ([pointer], offset) => v128.load(pointer!, offset, bytes) });
    f.set(at, i32.add(at, 16));
    f.set(left, i32.sub(left, lanes));
    f.if(i32.eqz(left), nextRow);
  };
  const broken = (): void => {
    const first = f.let(at);
    const head = f.let(left);
    const mask = f.let(
      i32x4.ltS(lanes === 4 ? i32x4.const(0, 1, 2, 3) : i32x4.const(0, 0, 1, 1), i32x4.splat(head)),
    );
    f.set(at, i32.add(at, i32.mul(head, bytes)));
    nextRow();
    // Lane `head` is the first of the next row.
    const second = f.let(i32.sub(at, i32.mul(head, bytes)));
    body({
      index,
      pointers: [first, second],
      load: ([a, b], offset) =>
        v128.bitselect(v128.load(a!, offset, bytes), v128.load(b!, offset, bytes), mask),
    });
    f.set(at, i32.add(second, 16));
    f.set(left, i32.sub(i32.add(left, head), lanes));
    f.if(i32.eqz(left), nextRow);
  };
  /** Rows so short that a vector goes over several of them. */
  const scattered = (): void => {
    const pointers = Array.from({ length: lanes }, () => {
      const pointer = f.let(at);
      f.set(at, i32.add(at, bytes));
      f.set(left, i32.sub(left, 1));
      f.if(i32.eqz(left), nextRow);
      return pointer;
    });
    body({ index, pointers, load: (moved, offset) => gather(moved, offset, bytes) });
  };
  f.for(index, { to: count }, () => {
    if (known !== null && known % lanes === 0) run();
    else if (known !== null && known < lanes - 1) scattered();
    else f.if(i32.geS(left, lanes), run, broken);
  });
}

function gather(pointers: readonly Local<'i32'>[], offset: number, bytes: 4 | 8): Expression<'v128'> {
  const [first, ...rest] = pointers as [Local<'i32'>, ...Local<'i32'>[]];
  return rest.reduce<Expression<'v128'>>(
    (value, pointer, i) =>
      bytes === 4
        ? v128.load32Lane(pointer, value, i + 1, offset)
        : v128.load64Lane(pointer, value, i + 1, offset),
    bytes === 4 ? v128.load32Zero(first, offset) : v128.load64Zero(first, offset),
  );
}

/** Taps of a window up to which they are written out. */
const mostTaps = 32;

/**
 * Goes through the taps of a quad over `channels` planes: `store` gets what the lanes see, and where to put it. Tap t of channel c
 * belongs at `target + (c · taps + t) · step`.
 */
export function walkTaps(
  f: FunctionBuilder,
  layout: WindowLayout,
  quad: Quad,
  channels: Count,
  target: Local<'i32'>,
  step: number,
  store: (value: Expression<'v128'>, at: Local<'i32'>, offset: number) => void,
): void {
  const [height, width] = layout.geometry.kernel;
  const planes = quad.pointers.map((pointer) => f.let(pointer));
  const to = f.let(target);
  const move = (pointers: readonly Local<'i32'>[], distance: number | Local<'i32'>): void => {
    for (const pointer of pointers) f.set(pointer, i32.add(pointer, distance));
  };
  const channel = f.local('i32', 'channel');
  f.for(channel, { to: channels }, () => {
    if (height * width <= mostTaps) {
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          store(quad.load(planes, tapOffset(layout, row, column)), to, (row * width + column) * step);
        }
      }
      f.set(to, i32.add(to, height * width * step));
    } else {
      const rows = planes.map((pointer) => f.let(pointer));
      const row = f.local('i32', 'tap_row');
      f.for(row, { to: height }, () => {
        if (width <= mostTaps) {
          for (let column = 0; column < width; column++)
            store(quad.load(rows, tapOffset(layout, 0, column)), to, column * step);
          f.set(to, i32.add(to, width * step));
        } else walkLongRow(f, layout, quad, rows, to, step, store);
        move(rows, tapOffset(layout, 1, 0));
      });
    }
    move(planes, layout.planeBytes);
  });
}

/** The taps of a row of many: one at a time, phase after phase of the stride in turn. */
function walkLongRow(
  f: FunctionBuilder,
  layout: WindowLayout,
  quad: Quad,
  rows: readonly Local<'i32'>[],
  to: Local<'i32'>,
  step: number,
  store: (value: Expression<'v128'>, at: Local<'i32'>, offset: number) => void,
): void {
  const { kernel, stride, dilation } = layout.geometry;
  const column = f.local('i32', 'tap_column');
  f.for(column, { to: kernel[1] }, () => {
    const x = f.let(i32.mul(column, dilation[1]));
    const phase = i32.mul(i32.remU(x, stride[1]), layout.phaseBytes);
    const distance = f.let(i32.add(phase, i32.mul(i32.divU(x, stride[1]), layout.bytes)));
    store(
      quad.load(
        rows.map((row) => f.let(i32.add(row, distance))),
        0,
      ),
      to,
      0,
    );
    f.set(to, i32.add(to, step));
  });
}
