import { f32, f64, i32, type FunctionBuilder, type Local } from '@nadir/wasm';
import type { ConvolutionGeometry } from '../../kernel.ts';
import { along, product, type Count, type PlaceBlock, type Span } from './blocks.ts';
import { copyRun } from './window.ts';

/** What a block of places of a chunk is computed to. */
export interface BlockPlace {
  readonly block: PlaceBlock;
  readonly filterSpan: Span;
  readonly group: Local<'i32'>;
}

/** Where the first place of a block of the chunk's first filter lies. */
export function firstPlace(
  f: FunctionBuilder,
  { type, groups, filters, target }: ConvolutionGeometry,
  { block, group, filterSpan }: BlockPlace,
  result: Local<'i32'>,
): Local<'i32'> {
  const bytes = type === 'f32' ? 4 : 8;
  const [height, width] = target.size;
  const plane = height * width * bytes;
  const image = along(
    along(result, block.images.from, groups * filters * plane),
    groups === 1 ? 0 : group,
    filters * plane,
  );
  const row = along(along(image, filterSpan.from, plane), block.rows.from, target.step[0] * width * bytes);
  const column = along(row, block.columns.from, target.step[1] * bytes);
  return f.let(i32.add(column, (target.first[0] * width + target.first[1]) * bytes));
}

/** Where the sums of a block lie, of one filter: bytes from row to row and from image to image. */
export interface SumLayout {
  readonly at: Local<'i32'>;
  readonly row: Count;
  readonly image: Count;
}

/** Copies the sums of one filter to where they belong: `to` is the place of the first. */
export function deliverFilter(
  f: FunctionBuilder,
  { type, groups, filters, places, target }: ConvolutionGeometry,
  { images, rows, columns }: PlaceBlock,
  sums: SumLayout,
  to: Local<'i32'>,
): void {
  const bytes = type === 'f32' ? 4 : 8;
  const [height, width] = target.size;
  const [image, row] = [f.local('i32', 'image'), f.local('i32', 'row')];
  // Rows without gaps here and there are one run.
  const isRun =
    target.step.every((step) => step === 1) &&
    columns.count === width &&
    places[1] === width &&
    sums.row === width * bytes;
  const [imageFrom, imageTo] = [f.let(sums.at), f.let(to)];
  f.for(image, { to: images.count }, () => {
    if (isRun) copyRun(f, imageTo, imageFrom, product(f, rows.count, columns.count), bytes);
    else {
      const [from, rowTo] = [f.let(imageFrom), f.let(imageTo)];
      f.for(row, { to: rows.count }, () => {
        if (target.step[1] === 1) copyRun(f, rowTo, from, columns.count, bytes);
        else spread(f, rowTo, from, columns.count, target.step[1], bytes);
        f.set(from, along(from, sums.row, 1));
        f.set(rowTo, i32.add(rowTo, target.step[0] * width * bytes));
      });
    }
    f.set(imageFrom, along(imageFrom, sums.image, 1));
    f.set(imageTo, i32.add(imageTo, groups * filters * height * width * bytes));
  });
}

/** Copies neighbours to places that are `step` elements apart. */
function spread(
  f: FunctionBuilder,
  to: Local<'i32'>,
  from: Local<'i32'>,
  count: Count,
  step: number,
  bytes: 4 | 8,
): void {
  const [at, next] = [f.let(to), f.let(from)];
  const end = f.let(along(from, count, bytes));
  f.while(i32.ltU(next, end), () => {
    f.do(bytes === 4 ? f32.store(at, f32.load(next)) : f64.store(at, f64.load(next)));
    f.set(at, i32.add(at, step * bytes));
    f.set(next, i32.add(next, bytes));
  });
}
