import { call, chooseKernel, i32, v128, f32x4, f64x2, type FunctionBuilder, type Local } from '@nadir/wasm';
import type { ConvolutionKernel } from '../../kernel.ts';
import { pointerTo, scratchStart, type Lowering } from '../lowering.ts';
import { along, openBlock, product, roundUp, spanOf, takeDigit, type Count } from './blocks.ts';
import { deliverFilter, firstPlace, type BlockPlace } from './deliver.ts';
import { epilogueEmitter, finishFilter, type PlaceRun } from './epilogue.ts';
import { planProduct, type ProductPlan } from './product-plan.ts';
import { walkQuads, walkTaps } from './quads.ts';
import { copyWindow } from './window.ts';

/**
 * Emits one chunk of a convolution as a matrix product of packed filters and what the windows of a block of places see, which is packed
 * straight from the images; for very few filters as sums. Returns how many chunks there are.
 */
export function emitProduct(
  lowering: Lowering,
  f: FunctionBuilder,
  kernel: ConvolutionKernel,
  chunk: Local<'i32'>,
): number {
  const plan = planProduct(kernel.geometry, kernel.epilogue === undefined);
  const finish = epilogueEmitter(lowering, f, kernel);
  const { geometry, bytes, taps, panelRows, blocks, perChunk, filterBlocks, window, tileBytes } = plan;
  const { groups, channels, filters, height, width } = geometry;
  const [images, packed] = kernel.operands.map((view) =>
    f.let(pointerTo(lowering, f, view.buffer, view.offset)),
  ) as [Local<'i32'>, Local<'i32'>];
  const result = finish === null ? f.let(pointerTo(lowering, f, kernel.buffer)) : null;
  const tile = f.let(scratchStart(lowering), 'tile');
  const windowAt = f.let(i32.add(tile, tileBytes), 'window');
  const panels = f.let(i32.add(windowAt, window.totalBytes), 'panels');
  const sums = f.let(i32.add(panels, plan.packedBytes), 'sums');

  const rest = f.let(chunk);
  const filterBlock = takeDigit(f, rest, filterBlocks);
  const filterSpan = spanOf(f, filterBlock, filters, plan.filters);
  const filterBytes = channels * taps * bytes;
  const groupBytes = Math.ceil(filters / panelRows) * panelRows * filterBytes;
  const range = spanOf(f, rest, plan.items, perChunk);
  const item = f.local('i32', 'item');
  f.for(item, { from: range.from, to: f.let(i32.add(range.from, range.count)) }, () => {
    const group = f.let(item);
    const index = takeDigit(f, group, blocks.count);
    const block = openBlock(f, geometry, blocks, index);
    const planeBytes = height * width * bytes;
    const image = along(images, block.images.from, groups * channels * planeBytes);
    const place = { block, filterSpan, group };
    multiplyBlock(lowering, f, plan, place, {
      image: f.let(i32.add(image, i32.mul(group, channels * planeBytes))),
      filtersAt: f.let(i32.add(along(packed, filterSpan.from, filterBytes), i32.mul(group, groupBytes))),
      tile,
      windowAt,
      panels,
      sums: plan.isDirect ? firstPlace(f, geometry, place, result!) : sums,
    });
    if (!plan.isDirect) deliver(f, plan, place, sums, result, finish);
  });
  return plan.chunks;
}

/** Puts the sums of a block where they belong, or what is computed from them. */
function deliver(
  f: FunctionBuilder,
  plan: ProductPlan,
  place: BlockPlace,
  sums: Local<'i32'>,
  result: Local<'i32'> | null,
  finish: ((run: PlaceRun) => void) | null,
): void {
  const { geometry, bytes, rowBytes } = plan;
  const { block, filterSpan, group } = place;
  const at = f.let(sums);
  const row = product(f, block.columns.count, bytes);
  const layout = { at, row, image: product(f, row, block.rows.count) };
  const to = result === null ? null : firstPlace(f, geometry, place, result);
  const filter = f.local('i32', 'filter');
  f.for(filter, { to: filterSpan.count }, () => {
    if (to === null) {
      const index = along(i32.add(i32.mul(group, geometry.filters), filter), filterSpan.from, 1);
      finishFilter(f, geometry, block, layout, index, finish!);
    } else {
      deliverFilter(f, geometry, block, layout, to);
      f.set(to, i32.add(to, geometry.target.size[0] * geometry.target.size[1] * bytes));
    }
    f.set(at, i32.add(at, rowBytes));
  });
}

/** What a block of places is computed from, and where its sums go. */
interface BlockOperands {
  readonly image: Local<'i32'>;
  readonly filtersAt: Local<'i32'>;
  readonly tile: Local<'i32'>;
  readonly windowAt: Local<'i32'>;
  readonly panels: Local<'i32'>;
  readonly sums: Local<'i32'>;
}

/** Some channels of a block. */
interface Channels {
  readonly first: Local<'i32'>;
  readonly count: number;
}

/** Sums a block of places over all channels, some at a time. */
function multiplyBlock(
  lowering: Lowering,
  f: FunctionBuilder,
  plan: ProductPlan,
  place: BlockPlace,
  operands: BlockOperands,
): void {
  const { geometry, bytes, window } = plan;
  const { channels, height, width } = geometry;
  const first = f.local('i32', 'first_channel');
  const multiply = (count: number): void => {
    const source = f.let(i32.add(operands.image, i32.mul(first, height * width * bytes)));
    copyWindow(f, window, place.block, count, source, operands.windowAt);
    if (plan.isPacked) multiplyPanels(lowering, f, plan, place, operands, { first, count });
    else sumTaps(f, plan, place, operands, { first, count });
  };
  const whole = channels - (channels % plan.channels);
  f.for(first, { to: whole, step: plan.channels }, () => multiply(plan.channels));
  if (whole < channels) {
    f.set(first, whole);
    multiply(channels - whole);
  }
}

/** Bytes from the sums of one filter to those of the next. */
function sumStride({ geometry, bytes, isDirect, rowBytes }: ProductPlan): number {
  return isDirect ? geometry.target.size[0] * geometry.target.size[1] * bytes : rowBytes;
}

function multiplyPanels(
  lowering: Lowering,
  f: FunctionBuilder,
  plan: ProductPlan,
  { block, filterSpan }: BlockPlace,
  { filtersAt, tile, windowAt, panels, sums }: BlockOperands,
  { first, count }: Channels,
): void {
  const { geometry, bytes, lanes, taps, panelRows, panelColumns, window, isDirect } = plan;
  const panelBytes = count * taps * panelColumns * bytes;
  const vectors = panelColumns / lanes;
  walkQuads(f, window, block, windowAt, (quad) => {
    const panel = i32.mul(i32.divU(quad.index, vectors), panelBytes);
    const to = f.let(i32.add(i32.add(panels, panel), i32.shl(i32.remU(quad.index, vectors), 4)));
    walkTaps(f, window, quad, count, to, panelColumns * bytes, (value, at, offset) =>
      f.do(v128.store(at, value, offset, 4)),
    );
  });
  const places: Count = product(f, block.images.count, block.rows.count, block.columns.count);
  f.do(
    call(lowering.gemm(geometry.type).multiplyPanels, {
      m: filterSpan.count,
      n: isDirect ? places : roundUp(f, places, lanes),
      k: count * taps,
      a: i32.add(filtersAt, i32.mul(first, taps * panelRows * bytes)),
      b: panels,
      c: sums,
      cRowStride: sumStride(plan),
      accumulate: i32.gtS(first, 0),
      scratch: tile,
      aPanel: geometry.channels * taps * panelRows * bytes,
    }),
  );
}

/** Adds up what the taps of each vector of places see, times the weights of each filter. */
function sumTaps(
  f: FunctionBuilder,
  plan: ProductPlan,
  { block }: BlockPlace,
  { filtersAt, windowAt, sums }: BlockOperands,
  { first, count }: Channels,
): void {
  const { geometry, bytes, taps, window } = plan;
  const { channels, filters, type } = geometry;
  const { fused } = chooseKernel();
  const [splat, vectors] =
    type === 'f32' ? ([v128.load32Splat, f32x4] as const) : ([v128.load64Splat, f64x2] as const);
  const weights = f.let(i32.add(filtersAt, i32.mul(first, taps * bytes)));
  const stride = sumStride(plan);
  walkQuads(f, window, block, windowAt, (quad) => {
    const at = f.let(i32.add(sums, i32.shl(quad.index, 4)));
    const totals = Array.from({ length: filters }, () => f.local('v128', 'total'));
    f.if(
      first,
      () => totals.forEach((total, filter) => f.set(total, v128.load(at, filter * stride, 4))),
      () => {
        for (const total of totals) f.set(total, f32x4.const(0));
      },
    );
    walkTaps(f, window, quad, count, weights, bytes, (value, weight, offset) => {
      const seen = f.let(value);
      totals.forEach((total, filter) => {
        const factor = splat(weight, offset + filter * channels * taps * bytes);
        f.set(
          total,
          fused ? vectors.relaxedMadd(factor, seen, total) : vectors.add(vectors.mul(factor, seen), total),
        );
      });
    });
    totals.forEach((total, filter) => f.do(v128.store(at, total, filter * stride, 4)));
  });
}
