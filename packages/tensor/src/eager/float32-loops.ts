import type { BinaryName, ComparisonName, UnaryName } from '../primitives.ts';
import { erf } from './erf.ts';
import { power, remainder, roundHalfEven, sigmoid } from './scalar-functions.ts';

// Arrays of float32 are where the time goes. They have loops of their own per primitive: V8 inlines arithmetic and element
// access only in a loop that sees one function and one kind of array, and is then about five times as fast. That all
// arrays are read at one index, from 0, makes another third: operands that lie elsewhere are shown by an array that begins
// there. A comparison is `Number(a < b)`, for which V8 needs no branch.

/** Element i of the result is that of element i. */
export type Float32UnaryLoop = (x: Float32Array, out: Float32Array) => void;

/** Which operand is one element for all of the other. */
export type RepeatedOperand = 'neither' | 'x' | 'y';

/** Element i of the result is that of elements i of the operands, or of element 0 of the one that is repeated. */
type Float32BinaryLoop<Out> = (x: Float32Array, y: Float32Array, out: Out, repeated: RepeatedOperand) => void;

/** Unary primitives of floats. */
export type FloatUnaryName = Exclude<UnaryName, 'not'>;

/** Binary primitives of floats. */
export type FloatBinaryName = Exclude<BinaryName, 'and' | 'or' | 'xor' | 'shiftLeft' | 'shiftRight'>;

export const float32UnaryLoops: { readonly [P in FloatUnaryName]: Float32UnaryLoop } = {
  neg: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = -x[i]!;
  },
  abs: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.abs(x[i]!);
  },
  sign: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.sign(x[i]!);
  },
  floor: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.floor(x[i]!);
  },
  ceil: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.ceil(x[i]!);
  },
  round: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = roundHalfEven(x[i]!);
  },
  trunc: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.trunc(x[i]!);
  },
  exp: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.exp(x[i]!);
  },
  expm1: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.expm1(x[i]!);
  },
  log: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.log(x[i]!);
  },
  log1p: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.log1p(x[i]!);
  },
  sqrt: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.sqrt(x[i]!);
  },
  sin: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.sin(x[i]!);
  },
  cos: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.cos(x[i]!);
  },
  tanh: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.tanh(x[i]!);
  },
  sigmoid: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = sigmoid(x[i]!);
  },
  erf: (x, out) => {
    for (let i = 0; i < out.length; i++) out[i] = erf(x[i]!);
  },
};

export const float32BinaryLoops: { readonly [P in FloatBinaryName]: Float32BinaryLoop<Float32Array> } = {
  add: (x, y, out, repeated) => {
    if (repeated === 'neither') for (let i = 0; i < out.length; i++) out[i] = x[i]! + y[i]!;
    else if (repeated === 'y') for (let i = 0, b = y[0]!; i < out.length; i++) out[i] = x[i]! + b;
    else for (let i = 0, a = x[0]!; i < out.length; i++) out[i] = a + y[i]!;
  },
  sub: (x, y, out, repeated) => {
    if (repeated === 'neither') for (let i = 0; i < out.length; i++) out[i] = x[i]! - y[i]!;
    else if (repeated === 'y') for (let i = 0, b = y[0]!; i < out.length; i++) out[i] = x[i]! - b;
    else for (let i = 0, a = x[0]!; i < out.length; i++) out[i] = a - y[i]!;
  },
  mul: (x, y, out, repeated) => {
    if (repeated === 'neither') for (let i = 0; i < out.length; i++) out[i] = x[i]! * y[i]!;
    else if (repeated === 'y') for (let i = 0, b = y[0]!; i < out.length; i++) out[i] = x[i]! * b;
    else for (let i = 0, a = x[0]!; i < out.length; i++) out[i] = a * y[i]!;
  },
  div: (x, y, out, repeated) => {
    if (repeated === 'neither') for (let i = 0; i < out.length; i++) out[i] = x[i]! / y[i]!;
    else if (repeated === 'y') for (let i = 0, b = y[0]!; i < out.length; i++) out[i] = x[i]! / b;
    else for (let i = 0, a = x[0]!; i < out.length; i++) out[i] = a / y[i]!;
  },
  pow: (x, y, out, repeated) => {
    if (repeated === 'neither') for (let i = 0; i < out.length; i++) out[i] = power(x[i]!, y[i]!);
    else if (repeated === 'y') for (let i = 0, b = y[0]!; i < out.length; i++) out[i] = power(x[i]!, b);
    else for (let i = 0, a = x[0]!; i < out.length; i++) out[i] = power(a, y[i]!);
  },
  maximum: (x, y, out, repeated) => {
    if (repeated === 'neither') for (let i = 0; i < out.length; i++) out[i] = Math.max(x[i]!, y[i]!);
    else if (repeated === 'y') for (let i = 0, b = y[0]!; i < out.length; i++) out[i] = Math.max(x[i]!, b);
    else for (let i = 0, a = x[0]!; i < out.length; i++) out[i] = Math.max(a, y[i]!);
  },
  minimum: (x, y, out, repeated) => {
    if (repeated === 'neither') for (let i = 0; i < out.length; i++) out[i] = Math.min(x[i]!, y[i]!);
    else if (repeated === 'y') for (let i = 0, b = y[0]!; i < out.length; i++) out[i] = Math.min(x[i]!, b);
    else for (let i = 0, a = x[0]!; i < out.length; i++) out[i] = Math.min(a, y[i]!);
  },
  remainder: (x, y, out, repeated) => {
    if (repeated === 'neither') for (let i = 0; i < out.length; i++) out[i] = remainder(x[i]!, y[i]!);
    else if (repeated === 'y') for (let i = 0, b = y[0]!; i < out.length; i++) out[i] = remainder(x[i]!, b);
    else for (let i = 0, a = x[0]!; i < out.length; i++) out[i] = remainder(a, y[i]!);
  },
  atan2: (x, y, out, repeated) => {
    if (repeated === 'neither') for (let i = 0; i < out.length; i++) out[i] = Math.atan2(x[i]!, y[i]!);
    else if (repeated === 'y') for (let i = 0, b = y[0]!; i < out.length; i++) out[i] = Math.atan2(x[i]!, b);
    else for (let i = 0, a = x[0]!; i < out.length; i++) out[i] = Math.atan2(a, y[i]!);
  },
};

export const float32ComparisonLoops: { readonly [P in ComparisonName]: Float32BinaryLoop<Uint8Array> } = {
  eq: (x, y, out, repeated) => {
    if (repeated === 'neither') for (let i = 0; i < out.length; i++) out[i] = Number(x[i]! === y[i]!);
    else if (repeated === 'y') for (let i = 0, b = y[0]!; i < out.length; i++) out[i] = Number(x[i]! === b);
    else for (let i = 0, a = x[0]!; i < out.length; i++) out[i] = Number(a === y[i]!);
  },
  lt: (x, y, out, repeated) => {
    if (repeated === 'neither') for (let i = 0; i < out.length; i++) out[i] = Number(x[i]! < y[i]!);
    else if (repeated === 'y') for (let i = 0, b = y[0]!; i < out.length; i++) out[i] = Number(x[i]! < b);
    else for (let i = 0, a = x[0]!; i < out.length; i++) out[i] = Number(a < y[i]!);
  },
  le: (x, y, out, repeated) => {
    if (repeated === 'neither') for (let i = 0; i < out.length; i++) out[i] = Number(x[i]! <= y[i]!);
    else if (repeated === 'y') for (let i = 0, b = y[0]!; i < out.length; i++) out[i] = Number(x[i]! <= b);
    else for (let i = 0, a = x[0]!; i < out.length; i++) out[i] = Number(a <= y[i]!);
  },
};

/**
 * x where the condition (0 or 1) holds, else y, of elements of 32 bits: by masks, since a branch on data that varies costs
 * five times as much.
 */
export function selectWords(
  condition: Uint8Array,
  x: Int32Array,
  y: Int32Array,
  out: Int32Array,
  repeated: RepeatedOperand,
): void {
  if (repeated === 'neither') {
    for (let i = 0; i < out.length; i++) out[i] = (x[i]! & -condition[i]!) | (y[i]! & (condition[i]! - 1));
  } else if (repeated === 'y') {
    for (let i = 0, b = y[0]!; i < out.length; i++) {
      out[i] = (x[i]! & -condition[i]!) | (b & (condition[i]! - 1));
    }
  } else {
    for (let i = 0, a = x[0]!; i < out.length; i++) {
      out[i] = (a & -condition[i]!) | (y[i]! & (condition[i]! - 1));
    }
  }
}
