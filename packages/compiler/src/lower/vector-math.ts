import { f32x4, features, i32x4, v128, type Expression, type FunctionBuilder, type Local } from '@nadir/wasm';

/** The body that code is emitted into. */
export type Body = FunctionBuilder;
type Vector = Expression<'v128'>;
type Value = Local<'v128'>;

/** a · b + c, with one rounding where the engine has it. */
function multiplyAdd(a: Vector, b: Vector, c: Vector): Vector {
  return features().relaxedSimd ? f32x4.relaxedMadd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

/** A number in all lanes. Constants are made once, before all loops; zeros cost nothing where they stand. */
export function splat(f: Body, value: number): Vector {
  const constant = f32x4.const(value);
  return Object.is(value, 0) ? constant : f.constant(constant);
}

export function splatInteger(f: Body, value: number): Vector {
  const constant = i32x4.const(value);
  return value === 0 ? constant : f.constant(constant);
}

/** Horner's rule, the highest coefficient first. */
function polynomial(f: Body, x: Value, coefficients: readonly number[]): Value {
  const [highest, ...rest] = coefficients;
  let sum: Vector = splat(f, highest!);
  for (const coefficient of rest) sum = f.let(multiplyAdd(sum, x, splat(f, coefficient)));
  return f.let(sum);
}

/** 2ⁿ for whole numbers n in [−126, 127], of which the low bits count. */
const powerOfTwo = (f: Body, n: Vector): Vector => i32x4.shl(i32x4.add(n, splatInteger(f, 127)), 23);

/** a where the mask holds, else b. */
export const choose = (mask: Vector, a: Vector, b: Vector): Vector => v128.bitselect(a, b, mask);

/** eʳ for |r| ≤ ln 2 / 2, the highest coefficient first (Cephes, expf.c). */
const exponential = [
  1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1, 1, 1,
];

/** eˣ as eʳ and n with x = n·ln 2 + r; n is in the low bits of `shifted`, which is n + 1.5·2²³. */
function parts(f: Body, x: Value): { readonly power: Value; readonly shifted: Value } {
  // Adding 1.5·2²³ rounds to a whole number.
  const shifted = f.let(multiplyAdd(x, splat(f, Math.LOG2E), splat(f, 12582912)));
  const n = f.let(f32x4.sub(shifted, splat(f, 12582912)));
  const high = f.let(multiplyAdd(n, splat(f, -0.693359375), x));
  const r = f.let(multiplyAdd(n, splat(f, 2.1219444e-4), high));
  return { power: polynomial(f, r, exponential), shifted };
}

/** eˣ = eʳ·2ⁿ, with 2ⁿ in two factors, so that results run smoothly into the subnormal numbers and infinity. */
export function exp(f: Body, x: Value): Value {
  // Beyond these bounds the result is 0 or infinity whatever x is. Lanes of 0, as many as a mask of −∞ makes, go through as
  // e⁰: subnormal products are slow. NaN compares false, and passes pmin because it is the first operand.
  const isZero = f.let(f32x4.lt(x, splat(f, -104)));
  const { power, shifted } = parts(f, f.let(f32x4.pmin(v128.andnot(x, isZero), splat(f, 89))));
  const whole = f.let(i32x4.sub(shifted, splatInteger(f, 0x4b400000)));
  const half = f.let(i32x4.shrS(whole, 1));
  const result = f32x4.mul(f32x4.mul(power, powerOfTwo(f, half)), powerOfTwo(f, i32x4.sub(whole, half)));
  return f.let(v128.andnot(result, isZero));
}

/** eˣ for |x| ≤ 87, and NaN for NaN. */
function nearExp(f: Body, x: Value): Vector {
  const { power, shifted } = parts(f, x);
  return f32x4.mul(power, powerOfTwo(f, shifted));
}

/** ln x: x = m·2ᵉ with m in [√½, √2), a polynomial of degree 8 in m − 1 (Cephes, logf.c). */
export function log(f: Body, x: Value): Value {
  const isTiny = f.let(f32x4.lt(x, splat(f, 1.17549435e-38)));
  const normal = f.let(choose(isTiny, f32x4.mul(x, splat(f, 8388608)), x));
  const bits = f.let(i32x4.sub(normal, splatInteger(f, 0x3f3504f3)));
  const exponent = f.let(f32x4.convertI32x4S(i32x4.shrS(bits, 23)));
  const e = f.let(f32x4.sub(exponent, v128.and(isTiny, splat(f, 23))));
  const m = f.let(i32x4.add(v128.and(bits, splatInteger(f, 0x007fffff)), splatInteger(f, 0x3f3504f3)));
  const r = f.let(f32x4.sub(m, splat(f, 1)));
  const square = f.let(f32x4.mul(r, r));
  const p = polynomial(
    f,
    r,
    [
      7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
      2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    ],
  );
  const cubic = f.let(f32x4.mul(f32x4.mul(square, r), p));
  const low = f.let(multiplyAdd(e, splat(f, -2.1219444e-4), cubic));
  const tail = f.let(multiplyAdd(square, splat(f, -0.5), low));
  const value = f.let(multiplyAdd(e, splat(f, 0.693359375), f32x4.add(r, tail)));
  // ln 0 = −∞, ln of less is NaN, ln ∞ = ∞, ln NaN = NaN.
  const special = f.let(
    choose(f32x4.eq(x, splat(f, 0)), splat(f, -Infinity), choose(f32x4.lt(x, splat(f, 0)), splat(f, NaN), x)),
  );
  const isNormal = v128.and(f32x4.gt(x, splat(f, 0)), f32x4.lt(x, splat(f, Infinity)));
  return f.let(choose(isNormal, value, special));
}

/** tanh x: an odd polynomial up to 0.625 (Cephes, tanhf.c), 1 − 2 / (e²ˣ + 1) beyond. */
export function tanh(f: Body, x: Value): Value {
  const size = f.let(f32x4.abs(x));
  const square = f.let(f32x4.mul(x, x));
  const p = polynomial(
    f,
    square,
    [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1],
  );
  const small = f.let(multiplyAdd(f32x4.mul(square, x), p, x));
  // Beyond 9.02 the result is 1. NaN passes through, because it is the first operand.
  const bounded = f.let(f32x4.pmin(size, splat(f, 9.02)));
  const e = nearExp(f, f.let(f32x4.add(bounded, bounded)));
  const large = f32x4.sub(splat(f, 1), f32x4.div(splat(f, 2), f32x4.add(e, splat(f, 1))));
  const signed = f.let(v128.or(v128.and(x, splatInteger(f, -0x80000000)), large));
  return f.let(choose(f32x4.lt(size, splat(f, 0.625)), small, signed));
}

/** 1 / (1 + e^−x), without overflow on either side. */
export function sigmoid(f: Body, x: Value): Value {
  const e = exp(f, f.let(f32x4.neg(f32x4.abs(x))));
  const upper = f.let(f32x4.div(splat(f, 1), f32x4.add(splat(f, 1), e)));
  return f.let(choose(f32x4.lt(x, splat(f, 0)), f32x4.mul(e, upper), upper));
}

/** The error function, after N. Juffa's erff (single precision, below 1 ulp with fused multiplication and addition). */
export function erf(f: Body, x: Value): Value {
  const size = f.let(f32x4.pmin(splat(f, 4), f32x4.abs(x)));
  const square = f.let(f32x4.mul(x, x));
  const small = polynomial(
    f,
    square,
    [-5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1],
  );
  const near = f.let(multiplyAdd(small, x, x));
  const r = polynomial(
    f,
    size,
    [
      -1.7285347e-5, 3.83197126e-4, -3.88396438e-3, 2.42546219e-2, -1.06777877e-1, -6.34846687e-1,
      -1.28717512e-1,
    ],
  );
  const far = f32x4.sub(splat(f, 1), nearExp(f, f.let(multiplyAdd(r, size, f32x4.neg(size)))));
  const signed = f.let(v128.or(v128.and(x, splatInteger(f, -0x80000000)), far));
  const value = choose(f32x4.gt(size, splat(f, 0.921875)), signed, near);
  return f.let(choose(f32x4.eq(x, x), value, x));
}

/** Beyond this size the reduction below loses bits: such arguments go to the engine's own functions. */
export const largestAngle = 8192;

/** sin x or cos x for |x| ≤ 8192: x = n·π/2 + r by three parts of π/2 (Cody and Waite), minimax polynomials in r. */
export function sine(f: Body, x: Value, quadrants: 0 | 1): Value {
  const n = f.let(f32x4.nearest(f32x4.mul(x, splat(f, 2 / Math.PI))));
  const a = f.let(multiplyAdd(n, splat(f, -1.5703125), x));
  const b = f.let(multiplyAdd(n, splat(f, -4.837512969970703125e-4), a));
  const c = f.let(multiplyAdd(n, splat(f, -7.54953362047672271728515625e-8), b));
  const r = f.let(multiplyAdd(n, splat(f, -2.5633441e-12), c));
  const square = f.let(f32x4.mul(r, r));
  const s = polynomial(f, square, [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1]);
  const sin = f.let(multiplyAdd(f32x4.mul(square, r), s, r));
  const t = polynomial(f, square, [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2]);
  const lower = f.let(multiplyAdd(f32x4.mul(square, square), t, f32x4.mul(square, splat(f, -0.5))));
  const cos = f.let(f32x4.add(lower, splat(f, 1)));
  const quadrant = f.let(i32x4.add(i32x4.truncSatF32x4S(n), splatInteger(f, quadrants)));
  const isOdd = f32x4.ne(f32x4.convertI32x4S(v128.and(quadrant, splatInteger(f, 1))), splat(f, 0));
  const sign = i32x4.shl(v128.and(quadrant, splatInteger(f, 2)), 30);
  return f.let(v128.xor(choose(isOdd, cos, sin), sign));
}
