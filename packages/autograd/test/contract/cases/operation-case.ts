import { isFloat, tensor, type DType, type NestedArray, type Shape, type Tensor } from '@nadir/tensor';

/** An operand: its elements, or a range to take them from. */
export interface Operand {
  readonly shape: Shape;
  /** Default `float64`. */
  readonly dtype?: DType;
  readonly low?: number;
  readonly high?: number;
  readonly values?: readonly number[];
}

/** One use of an operation, in Nadir and in PyTorch. */
export interface OperationCase {
  /** The exported name of the operation, and after a space what is special. */
  readonly name: string;
  readonly inputs: readonly Operand[];
  /** A Python expression over `a, b, c, …` with `torch` and `F`; a tensor or a tuple of tensors. */
  readonly torch: string;
  readonly run: (...inputs: Tensor[]) => Tensor | readonly Tensor[];
  /** How often finite differences can confirm it; 0 at kinks and for integers. Default 2. */
  readonly order?: 0 | 1 | 2;
}

/** The elements of operand number `position`: without a pattern, the same on every machine, four decimals. */
export function elementsOf(
  { shape, dtype = 'float64', low = -2, high = 2, values }: Operand,
  position: number,
): number[] {
  if (values !== undefined) return [...values];
  const size = shape.reduce((product, length) => product * length, 1);
  return Array.from({ length: size }, (_, i) => {
    const fraction = ((i + 1) * 0.618_033_988_749_895 + (position + 1) * 0.414_213_562_373_095) % 1;
    if (dtype === 'bool') return Number(fraction < 0.5);
    const value = low + (high - low) * fraction;
    return isFloat(dtype) ? Math.round(value * 1e4) / 1e4 : Math.floor(value);
  });
}

export function operandTensor({ shape, dtype = 'float64' }: Operand, elements: readonly number[]): Tensor {
  return tensor([...elements], { dtype: 'float64' })
    .cast(dtype)
    .reshape(shape);
}

function leavesOf(values: NestedArray): number[] {
  return typeof values === 'object' ? values.flatMap(leavesOf) : [Number(values)];
}

/** An operand of the given elements. */
export function given(values: NestedArray, dtype: DType = 'float64'): Operand {
  const shape: number[] = [];
  for (let level: NestedArray | undefined = values; Array.isArray(level); level = level[0])
    shape.push(level.length);
  return { shape, dtype, values: leavesOf(values) };
}

/** An operand of the given shape. */
export function of(shape: Shape, low?: number, high?: number, dtype?: DType): Operand {
  return {
    shape,
    ...(low === undefined ? {} : { low }),
    ...(high === undefined ? {} : { high }),
    ...(dtype === undefined ? {} : { dtype }),
  };
}

type Run = OperationCase['run'];

/** An element-wise function of one operand on a matrix, a scalar, nothing, and axes of size 1. */
export function unary(name: string, torch: string, run: Run, low?: number, high?: number): OperationCase[] {
  const shapes: readonly Shape[] = [[2, 3], [], [0, 2], [1, 3, 1]];
  return shapes.map((shape) => ({
    name: `${name} [${shape.join(', ')}]`,
    inputs: [of(shape, low, high)],
    torch,
    run,
  }));
}

interface Range {
  readonly low?: number;
  readonly high?: number;
}

/** An element-wise function of two operands that broadcast in every way. */
export function binary(
  name: string,
  torch: string,
  run: Run,
  left: Range = {},
  right: Range = {},
): OperationCase[] {
  const shapes: readonly (readonly [Shape, Shape])[] = [
    [
      [2, 3],
      [2, 3],
    ],
    [[2, 3], [3]],
    [
      [2, 1],
      [1, 3],
    ],
    [[], [2, 2]],
    [
      [0, 3],
      [1, 3],
    ],
  ];
  return shapes.map(([a, b]) => ({
    name: `${name} [${a.join(', ')}] and [${b.join(', ')}]`,
    inputs: [
      { shape: a, ...left },
      { shape: b, ...right },
    ],
    torch,
    run,
  }));
}
