import type { BinaryName, ComparisonName, UnaryName } from '../primitives.ts';
import { erf } from './erf.ts';

/** Half-way cases go to the even neighbour, as in IEEE 754 and torch. */
export function roundHalfEven(x: number): number {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
}

/** 1 / (1 + e^−x) without overflow on either side. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** a − b·⌊a / b⌋: the sign of the divisor. */
export function remainder(a: number, b: number): number {
  const r = a % b;
  return r !== 0 && r < 0 !== b < 0 ? r + b : r;
}

/** Math.pow, but with 1 for 1^NaN and (±1)^±∞, as in C and torch. */
export function power(a: number, b: number): number {
  if (a === 1 || (a === -1 && (b === Infinity || b === -Infinity))) return 1;
  return a ** b;
}

/** Wrapping integer power; a negative exponent gives the truncated reciprocal. */
function integerPower(base: number, exponent: number): number {
  if (exponent < 0) return base === 1 ? 1 : base === -1 ? (exponent & 1 ? -1 : 1) : 0;
  let result = 1;
  for (let b = base, e = exponent; e > 0; e >>>= 1, b = Math.imul(b, b)) {
    if (e & 1) result = Math.imul(result, b);
  }
  return result;
}

/** What each unary primitive does to a number. `not` is bitwise; on bool it is `1 − x`. */
export const unaryFunctions: { readonly [P in UnaryName]: (x: number) => number } = {
  neg: (x) => -x,
  abs: (x) => Math.abs(x),
  sign: (x) => Math.sign(x),
  floor: (x) => Math.floor(x),
  ceil: (x) => Math.ceil(x),
  round: (x) => roundHalfEven(x),
  trunc: (x) => Math.trunc(x),
  exp: (x) => Math.exp(x),
  expm1: (x) => Math.expm1(x),
  log: (x) => Math.log(x),
  log1p: (x) => Math.log1p(x),
  sqrt: (x) => Math.sqrt(x),
  sin: (x) => Math.sin(x),
  cos: (x) => Math.cos(x),
  tanh: (x) => Math.tanh(x),
  sigmoid,
  erf,
  not: (x) => ~x,
};

/** What each binary primitive does to two numbers; a comparison gives 0 or 1. */
export const binaryFunctions: {
  readonly [P in BinaryName | ComparisonName]: (a: number, b: number) => number;
} = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: power,
  maximum: (a, b) => Math.max(a, b),
  minimum: (a, b) => Math.min(a, b),
  remainder,
  atan2: (a, b) => Math.atan2(a, b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shiftLeft: (a, b) => a << b,
  shiftRight: (a, b) => a >>> b,
  eq: (a, b) => (a === b ? 1 : 0),
  lt: (a, b) => (a < b ? 1 : 0),
  le: (a, b) => (a <= b ? 1 : 0),
};

/** Where integers need arithmetic of their own: exact products, truncation. */
export const integerFunctions: {
  readonly [P in 'mul' | 'div' | 'pow']: (a: number, b: number) => number;
} = {
  mul: Math.imul,
  div: (a, b) => Math.trunc(a / b),
  pow: integerPower,
};
