/**
 * A linear smoother: local quadratic regression with a Gaussian kernel. Value and slope at a place are weighted sums
 * of the data (Fan and Gijbels, "Local Polynomial Modelling and Its Applications", 1996, §3.1).
 */
export interface Smoother {
  /** Where the curve is evaluated, evenly spaced. */
  readonly places: Float64Array;
  /** Row i gives the value at place i. */
  readonly value: readonly Float64Array[];
  /** Row i gives the derivative at place i. */
  readonly slope: readonly Float64Array[];
}

/** Adds nothing but to a fit without data. */
const ridge = 1e-9;

/** Solves a symmetric positive definite system of three equations by elimination. */
function solve(a: number[][], b: number[]): void {
  for (let i = 0; i < 3; i++) {
    for (let row = i + 1; row < 3; row++) {
      const factor = a[row]![i]! / a[i]![i]!;
      for (let column = i; column < 3; column++) a[row]![column]! -= factor * a[i]![column]!;
      b[row]! -= factor * b[i]!;
    }
  }
  for (let i = 2; i >= 0; i--) {
    for (let column = i + 1; column < 3; column++) b[i]! -= a[i]![column]! * b[column]!;
    b[i]! /= a[i]![i]!;
  }
}

/** The coefficients of the local fit at `place` as weights of the data: of its value, and of its slope. */
function weightsAt(
  xs: Float64Array,
  place: number,
  bandwidth: number,
): readonly [Float64Array, Float64Array] {
  // In units of the bandwidth, so that the system is well scaled.
  const us = xs.map((x) => (x - place) / bandwidth);
  const kernel = us.map((u) => Math.exp(-0.5 * u * u));
  const moments = [0, 0, 0, 0, 0];
  us.forEach((u, j) => {
    for (let power = 0, term = kernel[j]!; power < 5; power++, term *= u) moments[power]! += term;
  });
  const columns = [0, 1].map((unknown) => {
    const a = [0, 1, 2].map((row) =>
      [0, 1, 2].map((column) => moments[row + column]! + (row === column ? ridge : 0)),
    );
    const b = [0, 0, 0];
    b[unknown] = 1;
    solve(a, b);
    return us.map((u, j) => kernel[j]! * (b[0]! + b[1]! * u + b[2]! * u * u));
  });
  return [columns[0]!, columns[1]!.map((weight) => weight / bandwidth)];
}

/**
 * Makes the smoother of data at `xs`, ascending and evenly spaced.
 *
 * @param bandwidth standard deviation of the kernel, in the unit of `xs`
 * @param density places for each step of `xs`
 */
export function localRegression(xs: Float64Array, bandwidth: number, density: number): Smoother {
  const count = (xs.length - 1) * density + 1;
  const [first, last] = [xs[0]!, xs.at(-1)!];
  const places = Float64Array.from(
    { length: count },
    (_, i) => first + ((last - first) * i) / Math.max(1, count - 1),
  );
  const rows = Array.from(places, (place) => weightsAt(xs, place, bandwidth));
  return { places, value: rows.map(([value]) => value), slope: rows.map(([, slope]) => slope) };
}

/** A row of a smoother times the data. */
export function applyRow(row: Float64Array, ys: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < row.length; j++) sum += row[j]! * ys[j]!;
  return sum;
}
