// The standard normal distribution in double precision, far into its tails.

const SQRT_HALF = Math.SQRT1_2;
const SQRT_PI_INVERSE = 1 / Math.sqrt(Math.PI);
const LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

// Rational approximations of W. J. Cody, "Rational Chebyshev approximations for the error function" (1969), as in his
// CALERF: erf on |x| <= 0.46875, erfc up to 4 and above it, each to the precision of a double.
const ERF_P = [
  3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694, 0.18577770618460315,
];
const ERF_Q = [23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171];
const MIDDLE_P = [
  0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001, 881.952221241769,
  1712.0476126340707, 2051.0783778260716, 1230.3393547979972, 2.1531153547440383e-8,
];
const MIDDLE_Q = [
  15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597,
  4362.619090143247, 3439.3676741437216, 1230.3393548037495,
];
const TAIL_P = [
  0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275, 0.0006587491615298378,
  0.016315387137302097,
];
const TAIL_Q = [
  2.568520192289822, 1.8729528499234673, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918,
];

/** A polynomial quotient: `p` ends with its leading coefficient, that of `q` is 1. */
function quotient(p: readonly number[], q: readonly number[], x: number): number {
  let numerator = (p[q.length] as number) * x;
  let denominator = x;
  for (let i = 0; i < q.length - 1; i++) {
    numerator = (numerator + (p[i] as number)) * x;
    denominator = (denominator + (q[i] as number)) * x;
  }
  return (numerator + (p[q.length - 1] as number)) / (denominator + (q[q.length - 1] as number));
}

/** e^(x²)·erfc(x) for x > 0.46875. */
function scaledTail(x: number): number {
  if (x <= 4) return quotient(MIDDLE_P, MIDDLE_Q, x);
  const y = 1 / (x * x);
  return (SQRT_PI_INVERSE - y * quotient(TAIL_P, TAIL_Q, y)) / x;
}

/** e^(−x²), with x² split so that its rounding is not magnified. */
function expMinusSquare(x: number): number {
  const coarse = Math.trunc(x * 16) / 16;
  return Math.exp(-coarse * coarse) * Math.exp(-(x - coarse) * (x + coarse));
}

/** The complementary error function. */
export function erfc(x: number): number {
  const size = Math.abs(x);
  if (size <= 0.46875) return 1 - x * quotient(ERF_P, ERF_Q, x * x);
  const tail = expMinusSquare(size) * scaledTail(size);
  return x > 0 ? tail : 2 - tail;
}

/** e^(x²)·erfc(x), which does not underflow. */
export function erfcx(x: number): number {
  if (x > 0.46875) return scaledTail(x);
  return erfc(x) / expMinusSquare(x);
}

/** The density. */
export function normalDensity(x: number): number {
  return Math.exp(normalLogDensity(x));
}

/** The logarithm of the density. */
function normalLogDensity(x: number): number {
  return -0.5 * x * x - LOG_SQRT_2PI;
}

/** The probability of a value below x. */
export function normalCdf(x: number): number {
  return 0.5 * erfc(-x * SQRT_HALF);
}

/** The logarithm of the probability of a value below x. */
export function normalLogCdf(x: number): number {
  if (x > 0) return Math.log1p(-normalCdf(-x));
  if (x > -5) return Math.log(normalCdf(x));
  return -0.5 * x * x + Math.log(0.5 * erfcx(-x * SQRT_HALF));
}

// Acklam's rational approximation of the quantile, good to 1.15e-9, and then made exact.
const CENTRE_P = [
  -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
  2.506628277459239,
];
const CENTRE_Q = [
  -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1,
];
const SIDE_P = [
  -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const SIDE_Q = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1];

function horner(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (const coefficient of coefficients) value = value * x + coefficient;
  return value;
}

/** The value below which the probability is p; ±Infinity for 1 and 0. */
export function normalQuantile(p: number): number {
  if (!(p > 0)) return p === 0 ? -Infinity : Number.NaN;
  if (p >= 1) return p === 1 ? Infinity : Number.NaN;
  // Where 1 − p is exact, by symmetry, so that the tail is the lower one.
  if (p > 0.5) return -lowerQuantile(1 - p);
  return lowerQuantile(p);
}

function lowerQuantile(p: number): number {
  let x: number;
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    x = horner(SIDE_P, q) / horner(SIDE_Q, q);
  } else {
    const q = p - 0.5;
    x = (horner(CENTRE_P, q * q) * q) / horner(CENTRE_Q, q * q);
  }
  // A step of Halley's method, in logarithms so that it works in the tail.
  const logCdf = normalLogCdf(x);
  const slope = Math.exp(normalLogDensity(x) - logCdf);
  const error = (logCdf - Math.log(p)) / slope;
  return x - error / (1 + 0.5 * error * (x + slope));
}
