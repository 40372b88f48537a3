import type { BinaryName, ComparisonName, UnaryName } from '../primitives.ts';
import { erf } from './erf.ts';
import { power, remainder, roundHalfEven, sigmoid } from './scalar-functions.ts';

// Arrays of float32 are where the time goes. They have one loop per primitive: V8 inlines arithmetic and element access
// only in a loop that sees one function and one kind of array, and is then about five times as fast.

/** Element i of the operand lies at `at + i · step`. */
export type Float32UnaryLoop = (
  x: Float32Array,
  at: number,
  step: number,
  out: Float32Array,
  n: number,
) => void;

/** Elements i of the operands lie at `a + i · s` and `b + i · t`. */
type Float32Loop<Out> = (
  x: Float32Array,
  a: number,
  s: number,
  y: Float32Array,
  b: number,
  t: number,
  out: Out,
  n: number,
) => void;

/** Unary primitives of floats. */
export type FloatUnaryName = Exclude<UnaryName, 'not'>;

/** Binary primitives of floats. */
export type FloatBinaryName = Exclude<BinaryName, 'and' | 'or' | 'xor' | 'shiftLeft' | 'shiftRight'>;

export const float32UnaryLoops: { readonly [P in FloatUnaryName]: Float32UnaryLoop } = {
  neg: (x, at, s, out, n) => {
    for (let i = 0, j = at; i < n; i++, j += s) out[i] = -x[j]!;
  },
  abs: (x, at, s, out, n) => {
    for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.abs(x[j]!);
  },
  sign: (x, at, s, out, n) => {
    for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.sign(x[j]!);
  },
  floor: (x, at, s, out, n) => {
    for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.floor(x[j]!);
  },
  ceil: (x, at, s, out, n) => {
    for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.ceil(x[j]!);
  },
  round: (x, at, s, out, n) => {
    for (let i = 0, j = at; i < n; i++, j += s) out[i] = roundHalfEven(x[j]!);
  },
  trunc: (x, at, s, out, n) => {
    for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.trunc(x[j]!);
  },
  exp: (x, at, s, out, n) => {
    for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.exp(x[j]!);
  },
  expm1: (x, at, s, out, n) => {
    for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.expm1(x[j]!);
  },
  log: (x, at, s, out, n) => {
    for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.log(x[j]!);
  },
  log1p: (x, at, s, out, n) => {
    for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.log1p(x[j]!);
  },
  sqrt: (x, at, s, out, n) => {
    for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.sqrt(x[j]!);
  },
  sin: (x, at, s, out, n) => {
    for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.sin(x[j]!);
  },
  cos: (x, at, s, out, n) => {
    for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.cos(x[j]!);
  },
  tanh: (x, at, s, out, n) => {
    for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.tanh(x[j]!);
  },
  sigmoid: (x, at, s, out, n) => {
    for (let i = 0, j = at; i < n; i++, j += s) out[i] = sigmoid(x[j]!);
  },
  erf: (x, at, s, out, n) => {
    for (let i = 0, j = at; i < n; i++, j += s) out[i] = erf(x[j]!);
  },
};

export const float32BinaryLoops: { readonly [P in FloatBinaryName]: Float32Loop<Float32Array> } = {
  add: (x, a, s, y, b, t, out, n) => {
    for (let i = 0; i < n; i++, a += s, b += t) out[i] = x[a]! + y[b]!;
  },
  sub: (x, a, s, y, b, t, out, n) => {
    for (let i = 0; i < n; i++, a += s, b += t) out[i] = x[a]! - y[b]!;
  },
  mul: (x, a, s, y, b, t, out, n) => {
    for (let i = 0; i < n; i++, a += s, b += t) out[i] = x[a]! * y[b]!;
  },
  div: (x, a, s, y, b, t, out, n) => {
    for (let i = 0; i < n; i++, a += s, b += t) out[i] = x[a]! / y[b]!;
  },
  pow: (x, a, s, y, b, t, out, n) => {
    for (let i = 0; i < n; i++, a += s, b += t) out[i] = power(x[a]!, y[b]!);
  },
  maximum: (x, a, s, y, b, t, out, n) => {
    for (let i = 0; i < n; i++, a += s, b += t) out[i] = Math.max(x[a]!, y[b]!);
  },
  minimum: (x, a, s, y, b, t, out, n) => {
    for (let i = 0; i < n; i++, a += s, b += t) out[i] = Math.min(x[a]!, y[b]!);
  },
  remainder: (x, a, s, y, b, t, out, n) => {
    for (let i = 0; i < n; i++, a += s, b += t) out[i] = remainder(x[a]!, y[b]!);
  },
  atan2: (x, a, s, y, b, t, out, n) => {
    for (let i = 0; i < n; i++, a += s, b += t) out[i] = Math.atan2(x[a]!, y[b]!);
  },
};

export const float32ComparisonLoops: { readonly [P in ComparisonName]: Float32Loop<Uint8Array> } = {
  eq: (x, a, s, y, b, t, out, n) => {
    for (let i = 0; i < n; i++, a += s, b += t) out[i] = x[a]! === y[b]! ? 1 : 0;
  },
  lt: (x, a, s, y, b, t, out, n) => {
    for (let i = 0; i < n; i++, a += s, b += t) out[i] = x[a]! < y[b]! ? 1 : 0;
  },
  le: (x, a, s, y, b, t, out, n) => {
    for (let i = 0; i < n; i++, a += s, b += t) out[i] = x[a]! <= y[b]! ? 1 : 0;
  },
};

/** x where the condition holds, else y. */
export function float32Where(
  condition: Uint8Array,
  c: number,
  r: number,
  x: Float32Array,
  a: number,
  s: number,
  y: Float32Array,
  b: number,
  t: number,
  out: Float32Array,
  n: number,
): void {
  for (let i = 0; i < n; i++, c += r, a += s, b += t) out[i] = condition[c] !== 0 ? x[a]! : y[b]!;
}
