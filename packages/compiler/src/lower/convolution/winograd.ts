import { f32x4, type Expression } from '@nadir/wasm';
import type { ConvolutionGeometry } from '../../kernel.ts';

/**
 * Winograd's minimal filtering F(2×2, 3×3): four neighbouring places of a 3 × 3 window from a tile of 4 × 4 elements with 16 products
 * where there were 36: Y = Aᵀ·[(G·g·Gᵀ) ∘ (Bᵀ·d·B)]·A. See Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015).
 */
export type Matrix = readonly (readonly number[])[];

/** Bᵀ: of a tile of the image. */
export const tileMatrix: Matrix = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, 1, 0, -1],
];

/** G: of a filter. Halves are exact, so that only sums round. */
export const filterMatrix: Matrix = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
];

/** Aᵀ: of the products, to two by two places. */
export const placeMatrix: Matrix = [
  [1, 1, 1, 0],
  [0, 1, -1, -1],
];

export function transposed(matrix: Matrix): Matrix {
  return matrix[0]!.map((_, column) => matrix.map((row) => row[column]!));
}

/** The products of a tile, and the side of the square that they form. */
export const side = 4;
export const products: number = side * side;

/** How numbers of a kind are added up. */
export interface Algebra<T> {
  add(a: T, b: T): T;
  sub(a: T, b: T): T;
  neg(a: T): T;
  half(a: T): T;
}

/** The sum of values with factors that are 0, ±1 or ±½. */
function combine<T>(factors: readonly number[], values: readonly T[], algebra: Algebra<T>): T {
  const sumOf = (size: number): { readonly sum: T; readonly isNegative: boolean } | undefined => {
    let total: { readonly sum: T; readonly isNegative: boolean } | undefined;
    factors.forEach((factor, i) => {
      if (Math.abs(factor) !== size) return;
      const value = values[i]!;
      const isMinus = factor < 0;
      if (total === undefined) total = { sum: value, isNegative: isMinus };
      else if (total.isNegative === isMinus) total = { ...total, sum: algebra.add(total.sum, value) };
      else if (total.isNegative) total = { sum: algebra.sub(value, total.sum), isNegative: false };
      else total = { ...total, sum: algebra.sub(total.sum, value) };
    });
    return total;
  };
  const [ones, halves] = [sumOf(1), sumOf(0.5)];
  if (halves === undefined) return ones!.isNegative ? algebra.neg(ones!.sum) : ones!.sum;
  const half = algebra.half(halves.isNegative ? algebra.neg(halves.sum) : halves.sum);
  if (ones === undefined) return half;
  return ones.isNegative ? algebra.sub(half, ones.sum) : algebra.add(half, ones.sum);
}

/**
 * `matrix · values · matrixᵀ` for a square of values, row by row of the result: `load` gives the rows of the square, each once at most
 * per row of the result.
 */
export function transform<T>(
  matrix: Matrix,
  load: (row: number) => readonly T[],
  algebra: Algebra<T>,
  store: (row: number, column: number, value: T) => void,
): void {
  matrix.forEach((factors, row) => {
    const rows = factors.map((factor, i) => (factor === 0 ? [] : load(i)));
    const width = rows.find((values) => values.length > 0)!.length;
    const sums = Array.from({ length: width }, (_, column) =>
      combine(
        factors,
        rows.map((values) => values[column]!),
        algebra,
      ),
    );
    matrix.forEach((across, column) => store(row, column, combine(across, sums, algebra)));
  });
}

type Vector = Expression<'v128'>;

/** Vectors of four float32; `keep` makes a value of each result. */
export function vectorAlgebra<V extends Vector>(keep: (value: Vector) => V): Algebra<V> {
  return {
    add: (a, b) => keep(f32x4.add(a, b)),
    sub: (a, b) => keep(f32x4.sub(a, b)),
    neg: (a) => keep(f32x4.neg(a)),
    half: (a) => keep(f32x4.mul(a, f32x4.const(0.5))),
  };
}

/** Channels and filters from which on transforming pays. */
const fewest = 12;
/** Tiles that go over the border may not make up for what is saved: elements of tiles at most, for an element of a plane. */
const mostWaste = 1.4;

/** Whether a convolution of float32 is computed in this way: windows of 3 × 3 side by side, over enough channels and filters. */
export function isWinograd(geometry: ConvolutionGeometry): boolean {
  const { type, kernel, stride, dilation, places, target, channels, filters } = geometry;
  const isPlain = [
    ...kernel.map((size) => size === 3),
    ...stride.map((step) => step === 1),
    ...dilation.map((gap) => gap === 1),
  ];
  const isDense = target.step.every((step) => step === 1);
  const tiles = 4 * Math.ceil(places[0] / 2) * Math.ceil(places[1] / 2);
  return (
    type === 'f32' &&
    isPlain.every((is) => is) &&
    isDense &&
    channels >= fewest &&
    filters >= fewest &&
    tiles <= mostWaste * places[0] * places[1]
  );
}

/** The tiles of a convolution as the places of a window of 4 × 4 that moves by two. */
export function tilesOf(geometry: ConvolutionGeometry): ConvolutionGeometry {
  const places = [Math.ceil(geometry.places[0] / 2), Math.ceil(geometry.places[1] / 2)] as const;
  return {
    ...geometry,
    kernel: [side, side],
    stride: [2, 2],
    places,
    target: { size: places, first: [0, 0], step: [1, 1] },
  };
}

/** An odd number of lines of the cache, so that sets do not push each other out. */
export function oddLines(size: number): number {
  const count = Math.ceil(size / 64);
  return (count + 1 - (count % 2)) * 64;
}
