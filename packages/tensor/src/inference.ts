import { isFloat, type DType } from './dtype.ts';
import { ProgramError } from './errors.ts';
import type {
  AveragePoolAttributes,
  ConvolutionAttributes,
  Pair,
  PoolAttributes,
  PrimitiveAttributes,
  PrimitiveName,
} from './primitives.ts';
import { formatShape, reducedShape, sameShape, sizeOf, type Shape } from './shape.ts';

/** What is known of a value without its elements. */
export interface ValueType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Shape and dtype of a primitive's result. The operations above have checked their arguments; this checks what is left. */
export type InferenceRule<P extends PrimitiveName> = (
  inputs: readonly ValueType[],
  attributes: PrimitiveAttributes[P],
) => ValueType;

export type InferenceTable = { readonly [P in PrimitiveName]: InferenceRule<P> };

/** Height or width after a window of `kernel` moved over `size`. */
export function windowCount(
  size: number,
  kernel: number,
  stride: number,
  padding: Pair,
  dilation: number,
): number {
  const reach = dilation * (kernel - 1) + 1;
  return Math.floor((size + padding[0] + padding[1] - reach) / stride) + 1;
}

function at(inputs: readonly ValueType[], index: number): ValueType {
  const input = inputs[index];
  if (input === undefined) throw new ProgramError(`infer(): operand ${index} is missing.`);
  return input;
}

function describe(inputs: readonly ValueType[]): string {
  return inputs.map((input) => `${input.dtype} ${formatShape(input.shape)}`).join(', ');
}

function alike(inputs: readonly ValueType[], a = 0, b = 1): ValueType {
  const x = at(inputs, a);
  const y = at(inputs, b);
  if (x.dtype !== y.dtype || !sameShape(x.shape, y.shape)) {
    throw new ProgramError(`infer(): operands must have one shape and dtype, got ${describe(inputs)}.`);
  }
  return x;
}

const same = (inputs: readonly ValueType[]): ValueType => at(inputs, 0);
const binary = (inputs: readonly ValueType[]): ValueType => alike(inputs);
const comparison = (inputs: readonly ValueType[]): ValueType => ({
  shape: alike(inputs).shape,
  dtype: 'bool',
});

function floating(inputs: readonly ValueType[]): ValueType {
  const x = at(inputs, 0);
  if (!isFloat(x.dtype)) throw new ProgramError(`infer(): needs a float operand, got ${x.dtype}.`);
  return x;
}

/** Sums and products of bool and uint8 are int32. */
function accumulated(
  inputs: readonly ValueType[],
  { axes }: { readonly axes: readonly number[] },
): ValueType {
  const { shape, dtype } = at(inputs, 0);
  return { shape: reducedShape(shape, axes), dtype: dtype === 'bool' || dtype === 'uint8' ? 'int32' : dtype };
}

function extreme(inputs: readonly ValueType[], { axes }: { readonly axes: readonly number[] }): ValueType {
  const { shape, dtype } = at(inputs, 0);
  return { shape: reducedShape(shape, axes), dtype };
}

function index(inputs: readonly ValueType[], { axis }: { readonly axis: number }): ValueType {
  return { shape: reducedShape(at(inputs, 0).shape, [axis]), dtype: 'int32' };
}

function pooled(x: ValueType, { kernel, stride, padding, dilation }: PoolAttributes): ValueType {
  const [batch, channels, height, width] = x.shape as readonly [number, number, number, number];
  return {
    shape: [
      batch,
      channels,
      windowCount(height, kernel[0], stride[0], padding[0], dilation[0]),
      windowCount(width, kernel[1], stride[1], padding[1], dilation[1]),
    ],
    dtype: x.dtype,
  };
}

function averaged(x: ValueType, attributes: AveragePoolAttributes): ValueType {
  return pooled(x, { ...attributes, dilation: [1, 1] });
}

function convolved(
  inputs: readonly ValueType[],
  { stride, padding, dilation }: ConvolutionAttributes,
): ValueType {
  const { shape: x, dtype } = at(inputs, 0);
  const { shape: w } = at(inputs, 1);
  const size = (axis: 0 | 1) =>
    windowCount(x[axis + 2]!, w[axis + 2]!, stride[axis], padding[axis], dilation[axis]);
  return { shape: [x[0]!, w[0]!, size(0), size(1)], dtype };
}

const inference: InferenceTable = {
  neg: same,
  abs: same,
  sign: same,
  not: same,
  floor: floating,
  ceil: floating,
  round: floating,
  trunc: floating,
  exp: floating,
  expm1: floating,
  log: floating,
  log1p: floating,
  sqrt: floating,
  sin: floating,
  cos: floating,
  tanh: floating,
  sigmoid: floating,
  erf: floating,

  add: binary,
  sub: binary,
  mul: binary,
  div: binary,
  pow: binary,
  maximum: binary,
  minimum: binary,
  remainder: binary,
  atan2: binary,
  and: binary,
  or: binary,
  xor: binary,
  shiftLeft: binary,
  shiftRight: binary,

  eq: comparison,
  lt: comparison,
  le: comparison,
  where: (inputs) => {
    const condition = at(inputs, 0);
    const value = alike(inputs, 1, 2);
    if (condition.dtype !== 'bool' || !sameShape(condition.shape, value.shape)) {
      throw new ProgramError(
        `infer(): where needs a bool condition of the operands' shape, got ${describe(inputs)}.`,
      );
    }
    return value;
  },
  cast: (inputs, { dtype }) => ({ shape: at(inputs, 0).shape, dtype }),
  copy: same,

  reshape: (inputs, { shape }) => {
    const x = at(inputs, 0);
    if (sizeOf(x.shape) !== sizeOf(shape)) {
      throw new ProgramError(
        `infer(): reshape of ${formatShape(x.shape)} to ${formatShape(shape)} changes the size.`,
      );
    }
    return { shape, dtype: x.dtype };
  },
  permute: (inputs, { axes }) => ({
    shape: axes.map((axis) => at(inputs, 0).shape[axis]!),
    dtype: at(inputs, 0).dtype,
  }),
  expand: (inputs, { shape }) => ({ shape, dtype: at(inputs, 0).dtype }),
  slice: (inputs, { starts, stops, steps }) => ({
    shape: starts.map((start, axis) => Math.ceil((stops[axis]! - start) / steps[axis]!)),
    dtype: at(inputs, 0).dtype,
  }),
  flip: same,
  pad: (inputs, { low, high, interior }) => ({
    shape: at(inputs, 0).shape.map(
      (size, axis) => low[axis]! + high[axis]! + size + Math.max(0, size - 1) * interior[axis]!,
    ),
    dtype: at(inputs, 0).dtype,
  }),
  concat: (inputs, { axis }) => {
    const first = at(inputs, 0);
    const total = inputs.reduce((sum, input) => sum + input.shape[axis]!, 0);
    return { shape: first.shape.map((size, i) => (i === axis ? total : size)), dtype: first.dtype };
  },

  sum: accumulated,
  prod: accumulated,
  max: extreme,
  min: extreme,
  argMax: index,
  argMin: index,
  cumSum: (inputs) => accumulated(inputs, { axes: [] }),
  argSort: (inputs, { axis, count }) => ({
    shape: at(inputs, 0).shape.map((size, i) => (i === axis ? count : size)),
    dtype: 'int32',
  }),

  matmul: (inputs) => {
    const { shape: a, dtype } = at(inputs, 0);
    const { shape: b } = at(inputs, 1);
    return { shape: [...a.slice(0, -1), b.at(-1)!], dtype };
  },
  conv: convolved,
  convInputGrad: (inputs, { size, groups }) => {
    const { shape: g, dtype } = at(inputs, 0);
    const { shape: w } = at(inputs, 1);
    return { shape: [g[0]!, w[1]! * groups, size[0], size[1]], dtype };
  },
  convWeightGrad: (inputs, { size, groups }) => {
    const { shape: x, dtype } = at(inputs, 0);
    const { shape: g } = at(inputs, 1);
    return { shape: [g[1]!, x[1]! / groups, size[0], size[1]], dtype };
  },

  maxPool: (inputs, attributes) => pooled(at(inputs, 0), attributes),
  maxPoolGather: (inputs, attributes) => pooled(alike(inputs), attributes),
  maxPoolScatter: same,
  averagePool: (inputs, attributes) => averaged(at(inputs, 0), attributes),
  averagePoolGrad: (inputs, { size }) => {
    const { shape, dtype } = at(inputs, 0);
    return { shape: [shape[0]!, shape[1]!, size[0], size[1]], dtype };
  },

  take: (inputs, { axis }) => {
    const { shape, dtype } = at(inputs, 0);
    return { shape: [...shape.slice(0, axis), ...at(inputs, 1).shape, ...shape.slice(axis + 1)], dtype };
  },
  scatterAdd: (inputs, { axis, size }) => {
    const indices = at(inputs, 0);
    const { shape, dtype } = at(inputs, 1);
    return { shape: [...shape.slice(0, axis), size, ...shape.slice(axis + indices.shape.length)], dtype };
  },

  full: (_, { shape, dtype }) => ({ shape, dtype }),
  iota: (_, { size, dtype }) => ({ shape: [size], dtype }),
  randomBits: (_, { shape }) => ({ shape, dtype: 'int32' }),
  randomAdvance: same,
};

/** Shape and dtype of the result of primitive `name`. Throws a ProgramError for operands that it cannot take. */
export function infer<P extends PrimitiveName>(
  name: P,
  inputs: readonly ValueType[],
  attributes: PrimitiveAttributes[P],
): ValueType {
  return (inference[name] as InferenceRule<P>)(inputs, attributes);
}
