import type { DType } from './dtype.ts';
import type { Shape } from './shape.ts';

/** Attributes of a primitive that has none. */
export type NoAttributes = Readonly<Record<never, never>>;

/** The one value of {@link NoAttributes}. */
export const none: NoAttributes = Object.freeze({});

/** Float → float of the same shape and dtype, except `neg, abs, sign` (numbers) and `not` (bool or integer). */
export type UnaryName =
  | 'neg'
  | 'abs'
  | 'sign'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'trunc'
  | 'exp'
  | 'expm1'
  | 'log'
  | 'log1p'
  | 'sqrt'
  | 'sin'
  | 'cos'
  | 'tanh'
  | 'sigmoid'
  | 'erf'
  | 'not';

/**
 * Two operands of one shape and dtype → the same. Integers wrap; an integer division truncates, and by zero gives 0.
 * `remainder` has the sign of the divisor. `shiftRight` is logical.
 */
export type BinaryName =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'pow'
  | 'maximum'
  | 'minimum'
  | 'remainder'
  | 'atan2'
  | 'and'
  | 'or'
  | 'xor'
  | 'shiftLeft'
  | 'shiftRight';

/** Two operands of one shape and dtype → bool. */
export type ComparisonName = 'eq' | 'lt' | 'le';

/** Distinct ascending axes are reduced and dropped from the shape. `max` and `min` of no elements are an error of the op above. */
export type ReductionName = 'sum' | 'prod' | 'max' | 'min';

/** Distinct ascending axes. */
export interface AxesAttributes {
  readonly axes: readonly number[];
}

export interface AxisAttributes {
  readonly axis: number;
}

/** Two numbers: height and width. */
export type Pair = readonly [number, number];

/** Zeros around an image: before and after its height, before and after its width. */
export type ImagePadding = readonly [Pair, Pair];

/** A 2-D convolution of `[N, C, H, W]` by `[O, C / groups, KH, KW]` (a cross-correlation, as in torch). */
export interface ConvolutionAttributes {
  readonly stride: Pair;
  readonly padding: ImagePadding;
  readonly dilation: Pair;
  readonly groups: number;
}

export interface PoolAttributes {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: ImagePadding;
  readonly dilation: Pair;
}

export interface AveragePoolAttributes {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: ImagePadding;
  /** Divide by the kernel's size even where it overlaps the padding. */
  readonly countIncludePad: boolean;
}

type Elementwise = { [P in UnaryName | BinaryName | ComparisonName]: NoAttributes };
type Reductions = { [P in ReductionName]: AxesAttributes };

/**
 * The closed set of primitives and their attributes. Every operation is one of these or composed of them; every
 * executor implements exactly these. Element-wise primitives take operands of equal shape and dtype: broadcasting
 * (`expand`) and promotion (`cast`) are written out by the operations above.
 */
export interface PrimitiveAttributes extends Elementwise, Reductions {
  /** (condition: bool, a, b): a where the condition holds, else b. */
  where: NoAttributes;
  /** Float → integer truncates and saturates, NaN → 0; anything → bool is `≠ 0`. */
  cast: { readonly dtype: DType };
  /** The same elements in a storage of their own. */
  copy: NoAttributes;

  reshape: { readonly shape: Shape };
  /** Output axis i is input axis `axes[i]`. */
  permute: { readonly axes: readonly number[] };
  /** Repeats axes of size 1, and adds leading axes, without a copy. */
  expand: { readonly shape: Shape };
  /** Per axis the elements start, start + step, … below stop; 0 ≤ start ≤ stop ≤ size, step ≥ 1. */
  slice: {
    readonly starts: readonly number[];
    readonly stops: readonly number[];
    readonly steps: readonly number[];
  };
  /** Reverses the order along the axes. */
  flip: AxesAttributes;
  /** Per axis `low` and `high` elements of `value` outside and `interior` ones between each two elements; all ≥ 0. */
  pad: {
    readonly low: readonly number[];
    readonly high: readonly number[];
    readonly interior: readonly number[];
    readonly value: number;
  };
  concat: AxisAttributes;

  /** int32: index of the first greatest element; NaN counts as greatest. */
  argMax: AxisAttributes;
  /** int32: index of the first smallest element; NaN counts as smallest. */
  argMin: AxisAttributes;
  /** Running sum, from the end when `reverse`. */
  cumSum: { readonly axis: number; readonly reverse: boolean };
  /** int32: the first `count` indices of the stable order along the axis. NaN counts as greatest. */
  argSort: { readonly axis: number; readonly descending: boolean; readonly count: number };

  /** `[…, m, k]` by `[…, k, n]` with equal leading axes. */
  matmul: NoAttributes;
  conv: ConvolutionAttributes;
  /** (output gradient, weight) → gradient of the images, of height and width `size`. */
  convInputGrad: ConvolutionAttributes & { readonly size: Pair };
  /** (images, output gradient) → gradient of the weight, of kernel height and width `size`. */
  convWeightGrad: ConvolutionAttributes & { readonly size: Pair };

  /** Greatest of each window; padding never wins. */
  maxPool: PoolAttributes;
  /** (x, v): v, shaped as x, read at the first greatest element of each window of x. */
  maxPoolGather: PoolAttributes;
  /** (x, g): g, shaped as the pooled x, added at the first greatest element of each window of x. */
  maxPoolScatter: PoolAttributes;
  averagePool: AveragePoolAttributes;
  /** The adjoint of `averagePool`: gradient of the images, of height and width `size`. */
  averagePoolGrad: AveragePoolAttributes & { readonly size: Pair };

  /** (x, indices: int32 of any shape): the axis is replaced by the axes of the indices. Negative indices count from the end. */
  take: AxisAttributes;
  /** (indices, updates): zeros with an axis of `size` in place of the axes of the indices, the updates added in. Adjoint of `take`. */
  scatterAdd: { readonly axis: number; readonly size: number };

  full: { readonly shape: Shape; readonly dtype: DType; readonly value: number };
  /** 0, 1, …, size − 1. */
  iota: { readonly size: number; readonly dtype: DType };
  /** (state: int32 [4] of key and position): the next Philox bits, as int32. The state does not move. */
  randomBits: { readonly shape: Shape };
  /** (state: int32 [4]) → the state `blocks` blocks of four words later. */
  randomAdvance: { readonly blocks: number };
}

export type PrimitiveName = keyof PrimitiveAttributes;

/** Views: they share the storage of their operand where strides allow. */
export type MovementName = 'reshape' | 'permute' | 'expand' | 'slice' | 'flip';
