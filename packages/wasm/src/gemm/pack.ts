import type { Local } from '../expression.ts';
import type { FunctionBuilder } from '../function-builder.ts';
import type { FunctionHandle } from '../handles.ts';
import { i32, memory, select, v128 } from '../instructions/index.ts';
import type { ModuleBuilder } from '../module-builder.ts';
import type { Element } from './element.ts';

type I32 = Local<'i32'>;

/** The parameters of a packing function; strides are bytes, counts elements, `depth` the contracted dimension. */
export const PACK_PARAMETERS = {
  target: 'i32',
  source: 'i32',
  /** Bytes between neighbours along the panel's width: A's row stride, B's column stride. */
  widthStride: 'i32',
  /** Bytes between neighbours along the depth: A's column stride, B's row stride. */
  depthStride: 'i32',
  /** Elements along the width, split into panels. */
  count: 'i32',
  depth: 'i32',
} as const;

export type PackParameters = typeof PACK_PARAMETERS;

/** Steps of depth that are copied at a time, panel by panel: few enough to read rows in one go, enough to write whole lines of the cache. */
const DEPTH_TILE = 4;

/**
 * Emits a function that packs a strided matrix into panels of `width`: element (p, j) of a panel at p · width + j.
 * With `fill`, the places of the last panel that no element takes are zero; else they are left as they were.
 * Both orders of the source, and any strides besides, give the same panels.
 */
export function emitPack(
  module: ModuleBuilder,
  name: string,
  element: Element,
  width: number,
  fill: boolean,
): FunctionHandle<PackParameters, 'void'> {
  const { size } = element;
  return module.function(name, { parameters: PACK_PARAMETERS }, (f, p) => {
    const panelBytes = f.let(i32.mul(p.depth, width * size), 'panel_bytes');
    f.if(
      i32.eq(p.widthStride, size),
      () => emitContiguousWidth(f, element, width, p, panelBytes),
      () =>
        f.while(i32.geS(p.count, width), () => {
          f.if(
            i32.eq(p.depthStride, size),
            () => emitTransposed(f, element, width, p),
            () => emitGathered(f, element, width, p, f.let(i32.const(width), 'all')),
          );
          f.set(p.target, i32.add(p.target, panelBytes));
          f.set(p.source, i32.add(p.source, i32.mul(p.widthStride, width)));
          f.set(p.count, i32.sub(p.count, width));
        }),
    );
    f.if(i32.gtS(p.count, 0), () => {
      if (fill) f.do(memory.fill(p.target, 0, panelBytes));
      emitGathered(f, element, width, p, p.count);
    });
  });
}

type Pack = { readonly [K in keyof PackParameters]: I32 };

// One step of depth is `width` neighbours in memory; leaves what does not fill a panel.
function emitContiguousWidth(
  f: FunctionBuilder<'void'>,
  { size }: Element,
  width: number,
  p: Pack,
  panelBytes: I32,
): void {
  const bytes = width * size;
  const panels = f.let(i32.divU(p.count, width), 'panels');
  const [from, step, panel] = [f.local('i32', 'depth_from'), f.local('i32', 'step'), f.local('i32', 'panel')];
  const steps = f.local('i32', 'steps');
  const [source, target] = [f.local('i32', 'source_at'), f.local('i32', 'target_at')];
  const [tileSource, tileTarget] = [f.local('i32', 'tile_source'), f.local('i32', 'tile_target')];
  f.for(from, { to: p.depth, step: DEPTH_TILE }, () => {
    f.set(steps, i32.sub(p.depth, from));
    f.set(steps, select(i32.ltS(steps, DEPTH_TILE), steps, i32.const(DEPTH_TILE)));
    f.set(tileSource, i32.add(p.source, i32.mul(from, p.depthStride)));
    f.set(tileTarget, i32.add(p.target, i32.mul(from, bytes)));
    f.for(panel, { to: panels }, () => {
      f.set(source, tileSource);
      f.set(target, tileTarget);
      f.for(step, { to: steps }, () => {
        let at = 0;
        for (; at + 16 <= bytes; at += 16) f.do(v128.store(target, v128.load(source, at, 4), at, 4));
        if (at < bytes) f.do(v128.store64Lane(target, v128.load64Zero(source, at, 4), 0, at, 4));
        f.set(target, i32.add(target, bytes));
        f.set(source, i32.add(source, p.depthStride));
      });
      f.set(tileSource, i32.add(tileSource, bytes));
      f.set(tileTarget, i32.add(tileTarget, panelBytes));
    });
  });
  const done = f.let(i32.mul(panels, width), 'done');
  f.set(p.target, i32.add(p.target, i32.mul(panels, panelBytes)));
  f.set(p.source, i32.add(p.source, i32.mul(done, size)));
  f.set(p.count, i32.sub(p.count, done));
}

// Neighbours in memory run along the depth: squares of `lanes` by `lanes` are transposed in registers.
function emitTransposed(f: FunctionBuilder<'void'>, element: Element, width: number, p: Pack): void {
  const { size, lanes } = element;
  const done = f.let(i32.and(p.depth, -lanes), 'depth_in_squares');
  const step = f.local('i32', 'step');
  for (let first = 0; first < width; first += lanes) {
    const used = Math.min(lanes, width - first);
    const target = f.let(i32.add(p.target, first * size), `target_${first}`);
    const rows = Array.from({ length: lanes }, (_, row) => {
      const inside = Math.min(first + row, width - 1);
      return row < used
        ? f.let(i32.add(p.source, i32.mul(p.widthStride, inside)), `row_${inside}`)
        : undefined;
    });
    const vectors = rows.map((_, row) => f.local('v128', `square_${first + row}`));
    f.for(step, { to: done, step: lanes }, () => {
      for (const [row, pointer] of rows.entries()) {
        if (pointer === undefined) continue;
        f.set(vectors[row]!, v128.load(pointer, 0, 4));
        f.set(pointer, i32.add(pointer, lanes * size));
      }
      for (const [depth, column] of element.transpose(vectors).entries()) {
        const at = depth * width * size;
        f.do(used === lanes ? v128.store(target, column, at, 4) : v128.store64Lane(target, column, 0, at, 4));
      }
      f.set(target, i32.add(target, lanes * width * size));
    });
    f.for(step, { from: done, to: p.depth }, () => {
      for (const [row, pointer] of rows.entries()) {
        if (pointer === undefined) continue;
        f.do(element.copy(target, pointer, row * size));
        f.set(pointer, i32.add(pointer, size));
      }
      f.set(target, i32.add(target, width * size));
    });
  }
}

// Any strides, element by element, for the first `used` columns of the panel.
function emitGathered(f: FunctionBuilder<'void'>, element: Element, width: number, p: Pack, used: I32): void {
  const { size } = element;
  const [column, step] = [f.local('i32', 'column'), f.local('i32', 'depth_at')];
  const [source, target] = [f.local('i32', 'gather_from'), f.local('i32', 'gather_to')];
  f.for(column, { to: used }, () => {
    f.set(source, i32.add(p.source, i32.mul(column, p.widthStride)));
    f.set(target, i32.add(p.target, i32.mul(column, size)));
    f.for(step, { to: p.depth }, () => {
      f.do(element.copy(target, source));
      f.set(source, i32.add(source, p.depthStride));
      f.set(target, i32.add(target, width * size));
    });
  });
}
