import { i32, select, type Expression, type FunctionBuilder, type Local } from '@nadir/wasm';
import type { ConvolutionGeometry } from '../../kernel.ts';

/** A count that is known when the code is made, or when it runs. */
export type Count = number | Local<'i32'>;

/**
 * How the places of a convolution are cut into blocks: several whole images, some rows of one, or a part of one row. It follows from
 * the sizes alone.
 */
export interface PlaceBlocks {
  readonly images: number;
  readonly rows: number;
  readonly columns: number;
  /** Blocks along images, rows and columns. */
  readonly counts: readonly [number, number, number];
  /** All of them. */
  readonly count: number;
  /** Places of a block, at most. */
  readonly places: number;
}

/** The size of blocks that cut `size` evenly, none longer than `most`, as multiples of `unit`. */
export function evenBlock(size: number, most: number, unit = 1): number {
  const blocks = Math.ceil(size / Math.max(unit, most));
  return Math.min(size, Math.ceil(size / Math.max(1, blocks) / unit) * unit);
}

/** Blocks of at most about `most` places. */
export function placeBlocks(geometry: ConvolutionGeometry, most: number): PlaceBlocks {
  const { batch, places } = geometry;
  const [height, width] = places;
  const images = height * width <= most ? evenBlock(batch, Math.floor(most / (height * width))) : 1;
  const columns = width <= most ? width : evenBlock(width, most, 8);
  const rows = height * width <= most ? height : evenBlock(height, Math.floor(most / columns));
  const counts = [Math.ceil(batch / images), Math.ceil(height / rows), Math.ceil(width / columns)] as const;
  const count = counts[0] * counts[1] * counts[2];
  return { images, rows, columns, counts, count, places: images * rows * columns };
}

/** Whether every block holds a number of places that vectors divide. */
export function hasWholeVectors(
  { batch, places }: ConvolutionGeometry,
  { images, rows, columns }: PlaceBlocks,
  lanes: number,
): boolean {
  const lasts = [batch, ...places].map((size, axis) => size % [images, rows, columns][axis]!);
  const sides = [images, rows, columns].map((block, axis) =>
    lasts[axis] === 0 ? [block] : [block, lasts[axis]!],
  );
  return sides[0]!.every((n) => sides[1]!.every((i) => sides[2]!.every((j) => (n * i * j) % lanes === 0)));
}

/** A part of an axis. */
export interface Span {
  readonly from: Count;
  readonly count: Count;
}

/** Part `index` of an axis of `size` that is cut into parts of `block`. */
export function spanOf(f: FunctionBuilder, index: Local<'i32'>, size: number, block: number): Span {
  if (block >= size) return { from: 0, count: size };
  const from = f.let(i32.mul(index, block));
  if (size % block === 0) return { from, count: block };
  const rest = f.let(i32.sub(size, from));
  return { from, count: f.let(select(i32.ltS(rest, block), rest, i32.const(block))) };
}

/** The images, rows and columns of one block of places. */
export interface PlaceBlock {
  readonly images: Span;
  readonly rows: Span;
  readonly columns: Span;
}

/** The block of a number; columns change fastest. */
export function openBlock(
  f: FunctionBuilder,
  geometry: ConvolutionGeometry,
  blocks: PlaceBlocks,
  index: Local<'i32'>,
): PlaceBlock {
  const [, down, across] = blocks.counts;
  const rest = f.let(index);
  const column = takeDigit(f, rest, across);
  const row = takeDigit(f, rest, down);
  const [height, width] = geometry.places;
  return {
    images: spanOf(f, rest, geometry.batch, blocks.images),
    rows: spanOf(f, row, height, blocks.rows),
    columns: spanOf(f, column, width, blocks.columns),
  };
}

/** The lowest digit, of base `size`, of a mixed-radix number, which loses it. */
export function takeDigit(f: FunctionBuilder, rest: Local<'i32'>, size: number): Local<'i32'> {
  if (size === 1) return f.let(i32.const(0));
  const digit = f.let(i32.remU(rest, size));
  f.set(rest, i32.divU(rest, size));
  return digit;
}

/** A product of counts, as a number where all are known. */
export function product(f: FunctionBuilder, ...counts: readonly Count[]): Count {
  return counts.reduce((a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return a * b;
    if (a === 1) return b;
    return b === 1 ? a : f.let(i32.mul(a, b));
  });
}

/** A count rounded up to a multiple of `unit`, a power of two. */
export function roundUp(f: FunctionBuilder, count: Count, unit: number): Count {
  if (typeof count === 'number') return Math.ceil(count / unit) * unit;
  return f.let(i32.and(i32.add(count, unit - 1), -unit));
}

/** A count, times a constant, plus a base. */
export function along(base: Expression<'i32'>, count: Count, step: number): Expression<'i32'> {
  if (count === 0 || step === 0) return base;
  return i32.add(base, typeof count === 'number' ? count * step : i32.mul(count, step));
}
