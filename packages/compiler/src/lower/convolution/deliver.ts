import { f32, f64, i32, type FunctionBuilder, type Local } from '@nadir/wasm';
import { along, product, type PlaceBlock, type Span } from './blocks.ts';
import type { ProductPlan } from './product-plan.ts';
import { copyRun } from './window.ts';

/** What a block of places of a chunk is computed to. */
export interface BlockPlace {
  readonly block: PlaceBlock;
  readonly filterSpan: Span;
  readonly group: Local<'i32'>;
  readonly result: Local<'i32'>;
}

/** Where the first place of a block of the chunk's first filter lies. */
export function firstPlace(
  f: FunctionBuilder,
  { geometry, bytes }: ProductPlan,
  place: BlockPlace,
): Local<'i32'> {
  const { groups, filters, target } = geometry;
  const { block, result, group, filterSpan } = place;
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

/** Copies the sums of a block to where they belong. */
export function deliver(f: FunctionBuilder, plan: ProductPlan, place: BlockPlace, sums: Local<'i32'>): void {
  const { geometry, bytes, rowBytes, blocks } = plan;
  const { groups, filters, places, target } = geometry;
  const { block, filterSpan } = place;
  const [height, width] = target.size;
  const plane = height * width * bytes;
  const start = firstPlace(f, plan, place);
  const [filter, image, row] = [f.local('i32', 'filter'), f.local('i32', 'image'), f.local('i32', 'row')];
  const line = f.let(sums);
  // Rows that are whole in the block and in the result are one run.
  const isRun =
    target.step[0] === 1 && target.step[1] === 1 && blocks.columns === width && places[1] === width;
  f.for(filter, { to: filterSpan.count }, () => {
    const to = f.let(start);
    const from = f.let(line);
    f.for(image, { to: block.images.count }, () => {
      if (isRun) {
        const run = product(f, block.rows.count, block.columns.count);
        copyRun(f, to, from, run, bytes);
        f.set(from, along(from, run, bytes));
      } else {
        const rowTo = f.let(to);
        f.for(row, { to: block.rows.count }, () => {
          if (target.step[1] === 1) copyRun(f, rowTo, from, block.columns.count, bytes);
          else {
            const at = f.let(rowTo);
            const end = f.let(along(from, block.columns.count, bytes));
            const next = f.let(from);
            f.while(i32.ltU(next, end), () => {
              f.do(bytes === 4 ? f32.store(at, f32.load(next)) : f64.store(at, f64.load(next)));
              f.set(at, i32.add(at, target.step[1] * bytes));
              f.set(next, i32.add(next, bytes));
            });
          }
          f.set(from, along(from, block.columns.count, bytes));
          f.set(rowTo, i32.add(rowTo, target.step[0] * width * bytes));
        });
      }
      f.set(to, i32.add(to, groups * filters * plane));
    });
    f.set(line, i32.add(line, rowBytes));
    f.set(start, i32.add(start, plane));
  });
}
