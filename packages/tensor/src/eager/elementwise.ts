import { allocate, categoryOf, type DType, type TypedArray } from '../dtype.ts';
import type { BinaryName, ComparisonName, UnaryName } from '../primitives.ts';
import type { Tensor } from '../tensor.ts';
import {
  float32BinaryLoops,
  float32ComparisonLoops,
  float32UnaryLoops,
  float32Where,
  type FloatUnaryName,
} from './float32-loops.ts';
import type { Kernel, KernelTable } from './kernel.ts';
import { fresh, readContiguous, runOf } from './layout.ts';
import { binaryFunctions, integerFunctions, unaryFunctions } from './scalar-functions.ts';

/** Up to this many elements a call per element costs less than a loop of its own is worth. */
const few = 8;

function unary(name: UnaryName): Kernel<UnaryName> {
  const f = unaryFunctions[name];
  const loop = name === 'not' ? null : float32UnaryLoops[name satisfies FloatUnaryName];
  return (inputs) => {
    const x = inputs[0]!;
    const { array, offset, step } = runOf(x);
    const n = x.size;
    const out = allocate(x.dtype, n);
    if (loop !== null && n > few && array instanceof Float32Array) {
      loop(array, offset, step, out as Float32Array, n);
    } else if (name === 'not' && x.dtype === 'bool') {
      for (let i = 0, j = offset; i < n; i++, j += step) out[i] = array[j]! ^ 1;
    } else {
      for (let i = 0, j = offset; i < n; i++, j += step) out[i] = f(array[j]!);
    }
    return fresh(out, x.shape, x.dtype);
  };
}

type BinaryLoop = (typeof float32BinaryLoops)['add'];

function binary(name: BinaryName | ComparisonName, result?: DType): Kernel<BinaryName | ComparisonName> {
  const loops: Readonly<Record<string, unknown>> = { ...float32BinaryLoops, ...float32ComparisonLoops };
  const loop = loops[name] as BinaryLoop | undefined;
  const f = binaryFunctions[name];
  const integers: Readonly<Record<string, typeof f>> = integerFunctions;
  const integer = integers[name] ?? f;
  return (inputs) => {
    const x = inputs[0]!;
    const y = inputs[1]!;
    const { array, offset: xAt, step: xStep } = runOf(x);
    const { array: other, offset: yAt, step: yStep } = runOf(y);
    const dtype = result ?? x.dtype;
    const n = x.size;
    const out = allocate(dtype, n);
    if (loop !== undefined && n > few && array instanceof Float32Array) {
      loop(array, xAt, xStep, other as Float32Array, yAt, yStep, out as Float32Array, n);
    } else {
      const g = categoryOf(x.dtype) === 2 ? f : integer;
      for (let i = 0, a = xAt, b = yAt; i < n; i++, a += xStep, b += yStep) out[i] = g(array[a]!, other[b]!);
    }
    return fresh(out, x.shape, dtype);
  };
}

/** Truncates, saturates at the ends of the type, and maps NaN to 0. */
function saturate(
  x: TypedArray,
  at: number,
  step: number,
  out: TypedArray,
  n: number,
  low: number,
  high: number,
): void {
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
  else if (step === 1)
    out.set(offset === 0 && array.length === n ? array : array.subarray(offset, offset + n));
  else out.fill(array[offset]!);
  return out;
}

/** The elements of `x` in row-major order, in an array of their own. */
function copyOf(x: Tensor): TypedArray {
  const array = readContiguous(x);
  // Of a strided view it is a copy already.
  return x.isContiguous ? array.slice() : array;
}

export const elementwiseKernels: KernelTable<
  UnaryName | BinaryName | ComparisonName | 'where' | 'cast' | 'copy'
> = {
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
    if (out instanceof Float32Array) {
      const mask = condition.array as Uint8Array;
      const a = x.array as Float32Array;
      const b = y.array as Float32Array;
      float32Where(
        mask,
        condition.offset,
        condition.step,
        a,
        x.offset,
        x.step,
        b,
        y.offset,
        y.step,
        out,
        size,
      );
    } else {
      let c = condition.offset;
      for (
        let i = 0, a = x.offset, b = y.offset;
        i < size;
        i++, c += condition.step, a += x.step, b += y.step
      ) {
        out[i] = condition.array[c] !== 0 ? x.array[a]! : y.array[b]!;
      }
    }
    return fresh(out, shape, dtype);
  },
  cast: (inputs, { dtype }) => fresh(castElements(inputs[0]!, dtype), inputs[0]!.shape, dtype),
  copy: (inputs) => fresh(copyOf(inputs[0]!), inputs[0]!.shape, inputs[0]!.dtype),
};
