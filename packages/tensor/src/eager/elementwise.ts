import { allocateUnset } from '../allocation.ts';
import { categoryOf, type DType, type TypedArray } from '../dtype.ts';
import type { BinaryName, ComparisonName, UnaryName } from '../primitives.ts';
import type { Tensor } from '../tensor.ts';
import {
  float32BinaryLoops,
  float32ComparisonLoops,
  float32UnaryLoops,
  selectWords,
  type FloatUnaryName,
} from './float32-loops.ts';
import type { Kernel, KernelTable } from './kernel.ts';
import { asRun, copyRun, freshLike, manyWords, readContiguous, stepOf, wordsOf } from './layout.ts';
import { binaryFunctions, integerFunctions, unaryFunctions } from './scalar-functions.ts';

/** Up to this many elements a call per element costs less than a loop of its own is worth. */
const few = 8;

/** The array of float32 whose first elements are those that a run shows. */
function float32From(run: Tensor): Float32Array {
  const array = run.storage.read() as Float32Array;
  const { offset } = run;
  if (offset === 0) return array;
  return stepOf(run) === 0 ? Float32Array.of(array[offset]!) : array.subarray(offset, offset + run.size);
}

function unary(name: UnaryName): Kernel<UnaryName> {
  const f = unaryFunctions[name];
  const loop = name === 'not' ? null : float32UnaryLoops[name satisfies FloatUnaryName];
  return (inputs) => {
    const x = asRun(inputs[0]!);
    const n = x.size;
    const out = allocateUnset(x.dtype, n);
    // One element that is repeated is computed once.
    const distinct = stepOf(x) === 0 ? 1 : n;
    if (loop !== null && distinct > few && x.dtype === 'float32') {
      loop(float32From(x), out as Float32Array);
    } else {
      const array = x.storage.read();
      const { offset } = x;
      if (name === 'not' && x.dtype === 'bool') {
        for (let i = 0; i < distinct; i++) out[i] = array[offset + i]! ^ 1;
      } else {
        for (let i = 0; i < distinct; i++) out[i] = f(array[offset + i]!);
      }
    }
    if (distinct < n) out.fill(out[0]!);
    return freshLike(x, out, x.dtype);
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
    const x = asRun(inputs[0]!);
    const y = asRun(inputs[1]!);
    const dtype = result ?? x.dtype;
    const n = x.size;
    const out = allocateUnset(dtype, n);
    const xStep = stepOf(x);
    const yStep = stepOf(y);
    const distinct = xStep + yStep === 0 ? 1 : n;
    if (loop !== undefined && distinct > few && x.dtype === 'float32') {
      const repeated = xStep === 0 ? 'x' : yStep === 0 ? 'y' : 'neither';
      loop(float32From(x), float32From(y), out as Float32Array, repeated);
    } else {
      const g = categoryOf(x.dtype) === 2 ? f : integer;
      const array = x.storage.read();
      const other = y.storage.read();
      for (let i = 0, a = x.offset, b = y.offset; i < distinct; i++, a += xStep, b += yStep) {
        out[i] = g(array[a]!, other[b]!);
      }
    }
    if (distinct < n) out.fill(out[0]!);
    return freshLike(x, out, dtype);
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
  const array = x.storage.read();
  const step = stepOf(x);
  const { size: n, offset } = x;
  const out = allocateUnset(dtype, n);
  const fromFloat = categoryOf(x.dtype) === 2;
  if (dtype === 'bool') for (let i = 0, j = offset; i < n; i++, j += step) out[i] = array[j] === 0 ? 0 : 1;
  else if (fromFloat && dtype === 'int32') saturate(array, offset, step, out, n, -(2 ** 31), 2 ** 31 - 1);
  else if (fromFloat && dtype === 'uint8') saturate(array, offset, step, out, n, 0, 255);
  else if (step === 1) copyRun(array, offset, out, 0, n);
  else out.fill(array[offset]!);
  return out;
}

/** The elements of `x` in row-major order, in an array of their own. */
function copyOf(x: Tensor): TypedArray {
  // Of a strided view the run is a copy already.
  if (!x.isContiguous) return readContiguous(x);
  const out = allocateUnset(x.dtype, x.size);
  copyRun(x.storage.read(), x.offset, out, 0, x.size);
  return out;
}

/** The words of 32 bits that a run shows from its first element on. */
function wordsFrom(run: Tensor): Int32Array {
  const array = run.storage.read();
  if (stepOf(run) === 1) return wordsOf(array, run.offset, run.size);
  return wordsOf(
    run.dtype === 'int32' ? Int32Array.of(array[run.offset]!) : Float32Array.of(array[run.offset]!),
  );
}

const where: Kernel<'where'> = (inputs) => {
  const condition = asRun(inputs[0]!);
  const x = asRun(inputs[1]!);
  const y = asRun(inputs[2]!);
  const n = x.size;
  const out = allocateUnset(x.dtype, n);
  const [cStep, xStep, yStep] = [stepOf(condition), stepOf(x), stepOf(y)];
  const mask = condition.storage.read();
  if (n >= manyWords && out.BYTES_PER_ELEMENT === 4 && cStep === 1 && xStep + yStep > 0) {
    const first = condition.offset;
    const bits = (first === 0 ? mask : mask.subarray(first, first + n)) as Uint8Array;
    const repeated = xStep === 0 ? 'x' : yStep === 0 ? 'y' : 'neither';
    selectWords(bits, wordsFrom(x), wordsFrom(y), wordsOf(out), repeated);
  } else {
    const array = x.storage.read();
    const other = y.storage.read();
    let c = condition.offset;
    for (let i = 0, a = x.offset, b = y.offset; i < n; i++, c += cStep, a += xStep, b += yStep) {
      out[i] = mask[c] !== 0 ? array[a]! : other[b]!;
    }
  }
  return freshLike(x, out, x.dtype);
};

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
  where,
  cast: (inputs, { dtype }) => {
    const x = asRun(inputs[0]!);
    return freshLike(x, castElements(x, dtype), dtype);
  },
  copy: (inputs) => freshLike(inputs[0]!, copyOf(inputs[0]!), inputs[0]!.dtype),
};
