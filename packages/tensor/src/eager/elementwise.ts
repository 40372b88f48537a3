import type { DType, TypedArray } from '../dtype.ts';
import { allocate, categoryOf } from '../dtype.ts';
import type { BinaryName, ComparisonName, UnaryName } from '../primitives.ts';
import type { Tensor } from '../tensor.ts';
import { erf } from './erf.ts';
import type { Kernel, KernelTable } from './kernel.ts';
import { fresh, runOf } from './layout.ts';

// One loop per primitive rather than one loop over a passed function: V8 inlines the arithmetic only so.

type UnaryLoop = (x: TypedArray, at: number, step: number, out: TypedArray, n: number) => void;
type BinaryLoop = (
  x: TypedArray,
  xAt: number,
  xStep: number,
  y: TypedArray,
  yAt: number,
  yStep: number,
  out: TypedArray,
  n: number,
) => void;

/** Half-way cases go to the even neighbour, as in IEEE 754 and torch. */
function roundHalfEven(x: number): number {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
}

/** 1 / (1 + e^−x) without overflow on either side. */
function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** a − b·⌊a / b⌋: the sign of the divisor. */
function remainder(a: number, b: number): number {
  const r = a % b;
  return r !== 0 && r < 0 !== b < 0 ? r + b : r;
}

/** Math.pow, but with 1 for 1^NaN and 1^±∞, as in C and torch. */
function power(a: number, b: number): number {
  return a === 1 ? 1 : a ** b;
}

/** Wrapping integer power; a negative exponent gives the truncated reciprocal. */
function integerPower(base: number, exponent: number): number {
  if (exponent < 0) return base === 1 ? 1 : base === -1 ? (exponent & 1 ? -1 : 1) : 0;
  let result = 1;
  for (let b = base, e = exponent; e > 0; e >>>= 1, b = Math.imul(b, b)) if (e & 1) result = Math.imul(result, b);
  return result;
}

const unaryLoops: { readonly [P in UnaryName]: UnaryLoop } = {
  neg: (x, at, s, out, n) => { for (let i = 0, j = at; i < n; i++, j += s) out[i] = -x[j]!; },
  abs: (x, at, s, out, n) => { for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.abs(x[j]!); },
  sign: (x, at, s, out, n) => { for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.sign(x[j]!); },
  floor: (x, at, s, out, n) => { for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.floor(x[j]!); },
  ceil: (x, at, s, out, n) => { for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.ceil(x[j]!); },
  round: (x, at, s, out, n) => { for (let i = 0, j = at; i < n; i++, j += s) out[i] = roundHalfEven(x[j]!); },
  trunc: (x, at, s, out, n) => { for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.trunc(x[j]!); },
  exp: (x, at, s, out, n) => { for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.exp(x[j]!); },
  expm1: (x, at, s, out, n) => { for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.expm1(x[j]!); },
  log: (x, at, s, out, n) => { for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.log(x[j]!); },
  log1p: (x, at, s, out, n) => { for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.log1p(x[j]!); },
  sqrt: (x, at, s, out, n) => { for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.sqrt(x[j]!); },
  sin: (x, at, s, out, n) => { for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.sin(x[j]!); },
  cos: (x, at, s, out, n) => { for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.cos(x[j]!); },
  tanh: (x, at, s, out, n) => { for (let i = 0, j = at; i < n; i++, j += s) out[i] = Math.tanh(x[j]!); },
  sigmoid: (x, at, s, out, n) => { for (let i = 0, j = at; i < n; i++, j += s) out[i] = sigmoid(x[j]!); },
  erf: (x, at, s, out, n) => { for (let i = 0, j = at; i < n; i++, j += s) out[i] = erf(x[j]!); },
  not: (x, at, s, out, n) => { for (let i = 0, j = at; i < n; i++, j += s) out[i] = ~x[j]!; },
};

const logicalNot: UnaryLoop = (x, at, s, out, n) => {
  for (let i = 0, j = at; i < n; i++, j += s) out[i] = x[j]! ^ 1;
};

const binaryLoops: { readonly [P in BinaryName | ComparisonName]: BinaryLoop } = {
  add: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = x[a]! + y[b]!; },
  sub: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = x[a]! - y[b]!; },
  mul: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = x[a]! * y[b]!; },
  div: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = x[a]! / y[b]!; },
  pow: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = power(x[a]!, y[b]!); },
  maximum: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = Math.max(x[a]!, y[b]!); },
  minimum: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = Math.min(x[a]!, y[b]!); },
  remainder: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = remainder(x[a]!, y[b]!); },
  atan2: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = Math.atan2(x[a]!, y[b]!); },
  and: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = x[a]! & y[b]!; },
  or: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = x[a]! | y[b]!; },
  xor: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = x[a]! ^ y[b]!; },
  shiftLeft: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = x[a]! << y[b]!; },
  shiftRight: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = x[a]! >>> y[b]!; },
  eq: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = x[a]! === y[b]! ? 1 : 0; },
  lt: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = x[a]! < y[b]! ? 1 : 0; },
  le: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = x[a]! <= y[b]! ? 1 : 0; },
};

/** Where integers need arithmetic of their own: exact products, truncation, no −0. */
const integerLoops: { readonly [P in 'mul' | 'div' | 'pow' | 'remainder']: BinaryLoop } = {
  mul: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = Math.imul(x[a]!, y[b]!); },
  div: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = Math.trunc(x[a]! / y[b]!); },
  pow: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = integerPower(x[a]!, y[b]!); },
  remainder: (x, a, s, y, b, t, out, n) => { for (let i = 0; i < n; i++, a += s, b += t) out[i] = remainder(x[a]!, y[b]!); },
};

function unary(name: UnaryName): Kernel<UnaryName> {
  return (inputs) => {
    const x = inputs[0]!;
    const { array, offset, step } = runOf(x);
    const n = x.size;
    const out = allocate(x.dtype, n);
    const loop = name === 'not' && x.dtype === 'bool' ? logicalNot : unaryLoops[name];
    loop(array, offset, step, out, n);
    return fresh(out, x.shape, x.dtype);
  };
}

function binary(name: BinaryName | ComparisonName, result?: DType): Kernel<BinaryName | ComparisonName> {
  const integerLoop = name in integerLoops ? integerLoops[name as keyof typeof integerLoops] : binaryLoops[name];
  return (inputs) => {
    const x = inputs[0]!;
    const y = inputs[1]!;
    const a = runOf(x);
    const b = runOf(y);
    const dtype = result ?? x.dtype;
    const n = x.size;
    const out = allocate(dtype, n);
    const loop = categoryOf(x.dtype) === 2 ? binaryLoops[name] : integerLoop;
    loop(a.array, a.offset, a.step, b.array, b.offset, b.step, out, n);
    return fresh(out, x.shape, dtype);
  };
}

/** Truncates, saturates at the ends of the type, and maps NaN to 0. */
function saturate(x: TypedArray, at: number, step: number, out: TypedArray, n: number, low: number, high: number): void {
  for (let i = 0, j = at; i < n; i++, j += step) {
    const value = x[j]!;
    out[i] = value >= high ? high : value <= low ? low : value;
  }
}

function castElements(x: Tensor, dtype: DType): TypedArray {
  const { array, offset, step } = runOf(x);
  const n = x.size;
  const out = allocate(dtype, n);
  const fromFloat = categoryOf(x.dtype) === 2;
  if (dtype === 'bool') for (let i = 0, j = offset; i < n; i++, j += step) out[i] = array[j] === 0 ? 0 : 1;
  else if (fromFloat && dtype === 'int32') saturate(array, offset, step, out, n, -(2 ** 31), 2 ** 31 - 1);
  else if (fromFloat && dtype === 'uint8') saturate(array, offset, step, out, n, 0, 255);
  else for (let i = 0, j = offset; i < n; i++, j += step) out[i] = array[j]!;
  return out;
}

export const elementwiseKernels: KernelTable<UnaryName | BinaryName | ComparisonName | 'where' | 'cast' | 'copy'> = {
  neg: unary('neg'),
  abs: unary('abs'),
  sign: unary('sign'),
  floor: unary('floor'),
  ceil: unary('ceil'),
  round: unary('round'),
  trunc: unary('trunc'),
  exp: unary('exp'),
  expm1: unary('expm1'),
  log: unary('log'),
  log1p: unary('log1p'),
  sqrt: unary('sqrt'),
  sin: unary('sin'),
  cos: unary('cos'),
  tanh: unary('tanh'),
  sigmoid: unary('sigmoid'),
  erf: unary('erf'),
  not: unary('not'),

  add: binary('add'),
  sub: binary('sub'),
  mul: binary('mul'),
  div: binary('div'),
  pow: binary('pow'),
  maximum: binary('maximum'),
  minimum: binary('minimum'),
  remainder: binary('remainder'),
  atan2: binary('atan2'),
  and: binary('and'),
  or: binary('or'),
  xor: binary('xor'),
  shiftLeft: binary('shiftLeft'),
  shiftRight: binary('shiftRight'),

  eq: binary('eq', 'bool'),
  lt: binary('lt', 'bool'),
  le: binary('le', 'bool'),
  where: (inputs) => {
    const condition = runOf(inputs[0]!);
    const x = runOf(inputs[1]!);
    const y = runOf(inputs[2]!);
    const { shape, dtype, size } = inputs[1]!;
    const out = allocate(dtype, size);
    let c = condition.offset;
    for (let i = 0, a = x.offset, b = y.offset; i < size; i++, c += condition.step, a += x.step, b += y.step) {
      out[i] = condition.array[c] !== 0 ? x.array[a]! : y.array[b]!;
    }
    return fresh(out, shape, dtype);
  },
  cast: (inputs, { dtype }) => fresh(castElements(inputs[0]!, dtype), inputs[0]!.shape, dtype),
  copy: (inputs) => fresh(castElements(inputs[0]!, inputs[0]!.dtype), inputs[0]!.shape, inputs[0]!.dtype),
};
