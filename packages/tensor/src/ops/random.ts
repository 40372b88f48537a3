import { apply } from '../dispatch.ts';
import { isFloat, type DType, type FloatDType } from '../dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../errors.ts';
import { defaultGenerator, type Generator } from '../generator.ts';
import { binary, scalar, type Operand } from '../operands.ts';
import { none, type UnaryName } from '../primitives.ts';
import {
  broadcastShapes,
  checkInteger,
  checkShape,
  formatShape,
  sameShape,
  sizeOf,
  type Shape,
} from '../shape.ts';
import { Tensor } from '../tensor.ts';

/** Options of random operations. */
export interface RandomOptions<D extends DType = DType> {
  /** Default `float32`, or what the operation says. */
  readonly dtype?: D;
  /** Default: the one that `manualSeed()` seeds. */
  readonly generator?: Generator;
}

function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : apply('cast', [x], { dtype });
}

function unary(name: UnaryName, x: Tensor): Tensor {
  return apply(name, [x], none);
}

/** The bits moved right, as non-negative numbers of `dtype`. */
function highBits(bits: Tensor, drop: number, dtype: FloatDType): Tensor {
  return cast(binary('rand', 'shiftRight', bits, drop), dtype);
}

/** Word `index` of every pair of words along the last axis. */
function wordOf(bits: Tensor, index: 0 | 1): Tensor {
  const last = bits.rank - 1;
  const word = apply('slice', [bits], {
    starts: bits.shape.map((_, axis) => (axis === last ? index : 0)),
    stops: bits.shape.map((size, axis) => (axis === last ? index + 1 : size)),
    steps: bits.shape.map(() => 1),
  });
  return apply('reshape', [word], { shape: bits.shape.slice(0, -1) });
}

/** Uniform in [0, 1): 24 random bits in float32; 53 in float64, of words 2i (27 bits) and 2i + 1 (26 bits). */
function uniform(shape: Shape, dtype: FloatDType, generator: Generator): Tensor {
  if (dtype === 'float32') {
    return binary('rand', 'mul', highBits(generator.bits(shape), 8, dtype), 2 ** -24);
  }
  const bits = generator.bits([...shape, 2]);
  const high = binary('rand', 'mul', highBits(wordOf(bits, 0), 5, dtype), 2 ** 26);
  return binary('rand', 'mul', binary('rand', 'add', high, highBits(wordOf(bits, 1), 6, dtype)), 2 ** -53);
}

function floatDType(op: string, dtype: FloatDType | undefined): FloatDType {
  if (dtype === undefined) return 'float32';
  if (!isFloat(dtype))
    throw new DTypeError(
      `${op}(): needs float32 or float64, got ${String(dtype)}. Use randint() for integers.`,
    );
  return dtype;
}

/**
 * Uniform random numbers in [0, 1).
 *
 * float32 numbers have 24 random bits, `(bits >>> 8)·2^−24` of one word each; float64 numbers have 53, of two words each.
 *
 * @param options `dtype`: `float32` (default) or `float64`; `generator`
 * @throws ShapeError for sizes that are not whole numbers ≥ 0, DTypeError for another dtype
 * @example
 * ```ts
 * import { manualSeed, rand } from '@nadir/tensor';
 * manualSeed(0);
 * rand([3]).lt(1).all().item(); // => 1
 * ```
 */
export function rand(shape: Shape, options: RandomOptions<FloatDType> = {}): Tensor {
  const dtype = floatDType('rand', options.dtype);
  checkShape('rand', shape);
  return uniform(shape, dtype, options.generator ?? defaultGenerator());
}

/**
 * Normal random numbers of mean 0 and variance 1, by the Box–Muller transform: of n elements, rounded up to even, the first
 * half are `r·cos θ` and the second `r·sin θ` with `r = √(−2 ln(1 − u))` and `θ = 2πv`. In float32 no element is beyond 5.8,
 * in float64 beyond 8.6.
 *
 * @param options `dtype`: `float32` (default) or `float64`; `generator`
 * @throws ShapeError for sizes that are not whole numbers ≥ 0, DTypeError for another dtype
 * @example
 * ```ts
 * import { randn } from '@nadir/tensor';
 * randn([2, 3]).shape; // => [2, 3]
 * ```
 */
export function randn(shape: Shape, options: RandomOptions<FloatDType> = {}): Tensor {
  const dtype = floatDType('randn', options.dtype);
  checkShape('randn', shape);
  const size = sizeOf(shape);
  const half = Math.ceil(size / 2);
  const draws = uniform([2 * half], dtype, options.generator ?? defaultGenerator());
  const part = (x: Tensor, start: number, stop: number): Tensor =>
    apply('slice', [x], { starts: [start], stops: [stop], steps: [1] });
  // 1 − u lies in (0, 1], where the logarithm is finite.
  const u = binary('randn', 'sub', scalar(1, dtype), part(draws, 0, half));
  const radius = unary('sqrt', binary('randn', 'mul', unary('log', u), -2));
  const angle = binary('randn', 'mul', part(draws, half, 2 * half), 2 * Math.PI);
  const pair = [unary('cos', angle), unary('sin', angle)].map((x) => binary('randn', 'mul', radius, x));
  const flat = apply('concat', pair, { axis: 0 });
  return apply('reshape', [size === 2 * half ? flat : part(flat, 0, size)], { shape: [...shape] });
}

/**
 * Uniform random integers from `low` to before `high`: `low + ⌊u·(high − low)⌋` with u of 53 random bits, so no
 * integer's probability is off by more than 2^−53.
 *
 * @param options `dtype`: default `int32`; `generator`
 * @throws ValueError unless low < high are whole numbers that int32 holds
 * @example
 * ```ts
 * import { randint } from '@nadir/tensor';
 * const dice = randint(1, 7, [100]);
 * dice.amin().item() >= 1 && dice.amax().item() <= 6; // => true
 * ```
 */
export function randint(low: number, high: number, shape: Shape, options: RandomOptions = {}): Tensor {
  const least = -(2 ** 31);
  if (!Number.isInteger(low) || !Number.isInteger(high) || low >= high || low < least || high > -least) {
    throw new ValueError(
      `randint(): needs whole numbers low < high within int32, got ${low} and ${high}. The upper bound is not drawn itself.`,
    );
  }
  checkShape('randint', shape);
  const u = uniform(shape, 'float64', options.generator ?? defaultGenerator());
  const steps = unary('floor', binary('randint', 'mul', u, high - low));
  return cast(binary('randint', 'add', steps, low), options.dtype ?? 'int32');
}

/**
 * The integers 0 to `size` − 1 in random order: the order of random keys of 53 bits. Two keys are equal with a
 * probability below size²·2^−54, and then keep their order.
 *
 * @param options `dtype`: default `int32`; `generator`
 * @throws ValueError unless `size` is a whole number ≥ 0
 * @example
 * ```ts
 * import { randperm } from '@nadir/tensor';
 * randperm(5).sort().values.toArray(); // => [0, 1, 2, 3, 4]
 * ```
 */
export function randperm(size: number, options: RandomOptions = {}): Tensor {
  checkInteger('randperm', 'size', size, 0);
  checkShape('randperm', [size]);
  const keys = uniform([size], 'float64', options.generator ?? defaultGenerator());
  return cast(
    apply('argSort', [keys], { axis: 0, descending: false, count: size }),
    options.dtype ?? 'int32',
  );
}

/**
 * Ones with the given probability, else zeros: `u < probability` with u as of {@link rand} in float32.
 *
 * @param probability in [0, 1]; a number, or a tensor that broadcasts to `shape`
 * @param options `dtype`: default `float32`, `bool` for a mask; `generator`
 * @throws ValueError for a number outside [0, 1], ShapeError if the tensor does not broadcast to `shape`
 * @example
 * ```ts
 * import { bernoulli } from '@nadir/tensor';
 * bernoulli([3], 1).toArray(); // => [1, 1, 1]
 * ```
 */
export function bernoulli(shape: Shape, probability: Operand, options: RandomOptions = {}): Tensor {
  checkShape('bernoulli', shape);
  if (probability instanceof Tensor) {
    if (!sameShape(broadcastShapes('bernoulli', shape, probability.shape), shape)) {
      throw new ShapeError(
        `bernoulli(): the probabilities must broadcast to the shape, got ${formatShape(probability.shape)} and ${formatShape(shape)}.`,
      );
    }
  } else if (!(Number(probability) >= 0 && Number(probability) <= 1)) {
    throw new ValueError(`bernoulli(): the probability must be in [0, 1], got ${String(probability)}.`);
  }
  const u = uniform(shape, 'float32', options.generator ?? defaultGenerator());
  const mask = binary(
    'bernoulli',
    'lt',
    u,
    probability instanceof Tensor ? probability : Number(probability),
  );
  return cast(mask, options.dtype ?? 'float32');
}

/**
 * Uniform random numbers in [0, 1), in the shape of `x`.
 *
 * @param options `dtype`: default that of `x` when it is float, else `float32`; `generator`
 * @example
 * ```ts
 * import { randLike, zeros } from '@nadir/tensor';
 * randLike(zeros([2, 3])).shape; // => [2, 3]
 * ```
 */
export function randLike(x: Tensor, options: RandomOptions<FloatDType> = {}): Tensor {
  return rand(x.shape, { ...options, dtype: options.dtype ?? (isFloat(x.dtype) ? x.dtype : 'float32') });
}

/**
 * Normal random numbers of mean 0 and variance 1, in the shape of `x`.
 *
 * @param options `dtype`: default that of `x` when it is float, else `float32`; `generator`
 * @example
 * ```ts
 * import { randnLike, zeros } from '@nadir/tensor';
 * randnLike(zeros([2, 3])).shape; // => [2, 3]
 * ```
 */
export function randnLike(x: Tensor, options: RandomOptions<FloatDType> = {}): Tensor {
  return randn(x.shape, { ...options, dtype: options.dtype ?? (isFloat(x.dtype) ? x.dtype : 'float32') });
}
