// Over 500 lines: every operation is also a method, so that expressions chain; each method is one line.
import type { DType, TypedArray } from './dtype.ts';
import { isFloat } from './dtype.ts';
import { applyAssign, hasHistory, isRecording, type BackwardOptions, type History } from './dispatch.ts';
import { GradientError, ProgramError, ShapeError, ValueError } from './errors.ts';
import { readContiguous } from './eager/layout.ts';
import * as activation from './ops/activation.ts';
import * as arithmetic from './ops/arithmetic.ts';
import * as bitwise from './ops/bitwise.ts';
import * as comparison from './ops/comparison.ts';
import * as exponential from './ops/exponential.ts';
import * as indexing from './ops/indexing.ts';
import * as linear from './ops/linear-algebra.ts';
import * as ordering from './ops/ordering.ts';
import * as reduction from './ops/reduction.ts';
import * as movement from './ops/shape.ts';
import * as statistics from './ops/statistics.ts';
import * as trigonometry from './ops/trigonometry.ts';
import type { Axes, IndexArgument, KeepDims, Operand, PadWidths } from './operands.ts';
import { coerce } from './operands.ts';
import { formatTensor } from './print.ts';
import type { MovementName, PrimitiveAttributes } from './primitives.ts';
import { formatShape, isContiguous, sizeOf, type Shape } from './shape.ts';
import type { Storage } from './storage.ts';

/** Nested arrays of numbers, as deep as the tensor has axes; booleans for `bool`. */
export type NestedArray = number | boolean | readonly NestedArray[];

/** How a view was made: the tensor that it views, and the movement between them. */
export type ViewLink = {
  [P in MovementName]: {
    readonly source: Tensor;
    readonly name: P;
    readonly attributes: PrimitiveAttributes[P];
  };
}[MovementName];

/** A value read while a program is recorded would become a constant of the program without anybody noticing. */
function checkReadable(op: string): void {
  if (isRecording()) {
    throw new ProgramError(
      `${op}(): elements cannot be read inside a recorded function. ` +
        'Return the tensor and read it after the call; for a choice that depends on a value use where().',
    );
  }
}

/**
 * An n-dimensional array: a shape, strides and an offset over a {@link Storage}. Made by `tensor()`, `zeros()` and
 * their like, never with `new`. A tensor without a view link shows the whole of its storage in row-major order.
 */
export class Tensor {
  readonly storage: Storage;
  readonly shape: Shape;
  /** Steps in elements from one index of an axis to the next. */
  readonly strides: readonly number[];
  /** Position of the first element in the storage. */
  readonly offset: number;
  /** Null for a tensor that is not a view. */
  readonly view: ViewLink | null;
  /** Set by `@nadir/autograd`; null for a tensor that needs no gradient. */
  history: History | null = null;

  constructor(
    storage: Storage,
    shape: Shape,
    strides: readonly number[],
    offset: number,
    view: ViewLink | null,
  ) {
    this.storage = storage;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
    this.view = view;
  }

  get dtype(): DType {
    return this.storage.dtype;
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  get isContiguous(): boolean {
    return this.view === null || isContiguous(this.shape, this.strides);
  }

  /** A copy of the elements in row-major order; bytes 0 and 1 for `bool`. */
  get data(): TypedArray {
    checkReadable('data');
    return readContiguous(this).slice();
  }

  /** The transpose of a matrix: the last two axes swapped, as a view. */
  get T(): Tensor {
    return this.transpose();
  }

  /** The only element, as a number (0 or 1 for `bool`). Throws a ShapeError for any other size. */
  item(): number {
    if (this.size !== 1) {
      throw new ShapeError(
        `item(): needs a tensor of one element, got shape ${formatShape(this.shape)}. Use toArray() or data.`,
      );
    }
    checkReadable('item');
    return this.storage.read()[this.offset]!;
  }

  /** The elements as nested arrays (a number for a scalar); booleans for `bool`. */
  toArray(): NestedArray {
    checkReadable('toArray');
    const flat = readContiguous(this);
    const asBoolean = this.dtype === 'bool';
    let position = 0;
    const build = (axis: number): NestedArray => {
      if (axis === this.rank) {
        const value = flat[position++]!;
        return asBoolean ? value !== 0 : value;
      }
      return Array.from({ length: this.shape[axis]! }, () => build(axis + 1));
    };
    return build(0);
  }

  /** The elements, shape and dtype, laid out as NumPy would; long axes are cut. */
  toString(): string {
    return formatTensor(this);
  }

  /** What `JSON.stringify()` writes: the elements as nested arrays. */
  toJSON(): NestedArray {
    return this.toArray();
  }

  static {
    Object.defineProperties(this.prototype, {
      // What Node's console.log() shows.
      [Symbol.for('nodejs.util.inspect.custom')]: {
        value(this: Tensor): string {
          return this.toString();
        },
      },
      // `loss < best` would compare texts and be false without a word.
      [Symbol.toPrimitive]: {
        value(this: Tensor, hint: string): string {
          if (hint !== 'number') return this.toString();
          throw new ValueError(
            `Tensor: a tensor of shape ${formatShape(this.shape)} is not a number. Compare with lt() and its like, or read item().`,
          );
        },
      },
    });
  }

  /** Whether operations on this tensor are recorded for a backward pass. */
  get requiresGrad(): boolean {
    return hasHistory(this);
  }

  /** The accumulated gradient of a parameter, or of a tensor that called `retainGrad()`; null before a backward pass. */
  get grad(): Tensor | null {
    return hasHistory(this) ? this.history!.gradient : null;
  }

  set grad(value: Tensor | null) {
    this.historyFor('grad').setGradient(value);
  }

  /**
   * Adds the gradient of this tensor to `.grad` of every parameter it came from. A tensor of more than one element
   * needs a `seed` of its shape. Throws a GradientError without a history, or over a graph that is freed.
   */
  backward(seed?: Tensor, options: BackwardOptions = {}): void {
    this.historyFor('backward').backward(this, seed, options);
  }

  /** Keeps the gradient of this intermediate result in `.grad`. */
  retainGrad(): this {
    this.historyFor('retainGrad').retainGradient(this);
    return this;
  }

  /** Calls `hook` with the gradient of this tensor in each backward pass; what it returns replaces it. Returns the remover. */
  registerHook(hook: (gradient: Tensor) => Tensor | void): () => void {
    return this.historyFor('registerHook').addHook(hook);
  }

  private historyFor(op: string): History {
    if (this.history !== null) return this.history;
    const why = isFloat(this.dtype)
      ? 'Make the inputs with parameter(), and compute outside noGrad().'
      : `Gradients need float32 or float64, this is ${this.dtype}.`;
    throw new GradientError(
      `${op}(): this tensor of shape ${formatShape(this.shape)} has no history. ${why}`,
    );
  }

  /** The same elements without history: a view that gradients do not pass. */
  detach(): Tensor {
    return new Tensor(this.storage, this.shape, this.strides, this.offset, this.view);
  }

  /**
   * Replaces the elements by those of `value`, broadcast and cast to this shape and dtype. Through a view it updates
   * the base. It has no history. Throws a GradientError for a result that gradients pass through, a ShapeError for a
   * value that does not broadcast to this shape and for a view several elements of which share one place.
   */
  assign(value: Operand): this {
    if (this.history !== null && !this.history.isLeaf) {
      throw new GradientError(
        `assign(): the target of shape ${formatShape(this.shape)} is a result that gradients pass through. ` +
          'Assign to detach() of it, or inside noGrad() to a view made there.',
      );
    }
    if (this.view !== null && this.isShared()) {
      throw new ShapeError(
        `assign(): several elements of a view of shape ${formatShape(this.shape)} share one place. ` +
          'Assign to the tensor before expand(), or to a clone() of the view.',
      );
    }
    const source = coerce('assign', value, this.dtype);
    const plain = source.history === null ? source : source.detach();
    applyAssign(this, movement.broadcastFor('assign', plain.cast(this.dtype), this.shape));
    return this;
  }

  /** Whether several elements lie in one place. */
  private isShared(): boolean {
    return this.size > 0 && this.strides.some((stride, axis) => stride === 0 && this.shape[axis]! > 1);
  }

  clone(): Tensor {
    return movement.clone(this);
  }
  contiguous(): Tensor {
    return movement.contiguous(this);
  }
  cast(dtype: DType): Tensor {
    return movement.cast(this, dtype);
  }

  add(other: Operand): Tensor {
    return arithmetic.add(this, other);
  }
  sub(other: Operand): Tensor {
    return arithmetic.sub(this, other);
  }
  mul(other: Operand): Tensor {
    return arithmetic.mul(this, other);
  }
  div(other: Operand): Tensor {
    return arithmetic.div(this, other);
  }
  floorDivide(other: Operand): Tensor {
    return arithmetic.floorDivide(this, other);
  }
  remainder(other: Operand): Tensor {
    return arithmetic.remainder(this, other);
  }
  pow(exponent: Operand): Tensor {
    return arithmetic.pow(this, exponent);
  }
  maximum(other: Operand): Tensor {
    return arithmetic.maximum(this, other);
  }
  minimum(other: Operand): Tensor {
    return arithmetic.minimum(this, other);
  }
  lerp(end: Operand, weight: Operand): Tensor {
    return arithmetic.lerp(this, end, weight);
  }
  clamp(low: Operand | undefined, high?: Operand): Tensor {
    return arithmetic.clamp(this, low, high);
  }
  neg(): Tensor {
    return arithmetic.neg(this);
  }
  abs(): Tensor {
    return arithmetic.abs(this);
  }
  sign(): Tensor {
    return arithmetic.sign(this);
  }
  square(): Tensor {
    return arithmetic.square(this);
  }
  sqrt(): Tensor {
    return arithmetic.sqrt(this);
  }
  rsqrt(): Tensor {
    return arithmetic.rsqrt(this);
  }
  reciprocal(): Tensor {
    return arithmetic.reciprocal(this);
  }
  floor(): Tensor {
    return arithmetic.floor(this);
  }
  ceil(): Tensor {
    return arithmetic.ceil(this);
  }
  round(): Tensor {
    return arithmetic.round(this);
  }
  trunc(): Tensor {
    return arithmetic.trunc(this);
  }

  exp(): Tensor {
    return exponential.exp(this);
  }
  exp2(): Tensor {
    return exponential.exp2(this);
  }
  expm1(): Tensor {
    return exponential.expm1(this);
  }
  log(): Tensor {
    return exponential.log(this);
  }
  log1p(): Tensor {
    return exponential.log1p(this);
  }
  log2(): Tensor {
    return exponential.log2(this);
  }
  log10(): Tensor {
    return exponential.log10(this);
  }
  logAddExp(other: Operand): Tensor {
    return exponential.logAddExp(this, other);
  }
  erf(): Tensor {
    return exponential.erf(this);
  }

  sin(): Tensor {
    return trigonometry.sin(this);
  }
  cos(): Tensor {
    return trigonometry.cos(this);
  }
  tan(): Tensor {
    return trigonometry.tan(this);
  }
  asin(): Tensor {
    return trigonometry.asin(this);
  }
  acos(): Tensor {
    return trigonometry.acos(this);
  }
  atan(): Tensor {
    return trigonometry.atan(this);
  }
  atan2(other: Operand): Tensor {
    return trigonometry.atan2(this, other);
  }
  sinh(): Tensor {
    return trigonometry.sinh(this);
  }
  cosh(): Tensor {
    return trigonometry.cosh(this);
  }
  tanh(): Tensor {
    return trigonometry.tanh(this);
  }

  eq(other: Operand): Tensor {
    return comparison.eq(this, other);
  }
  ne(other: Operand): Tensor {
    return comparison.ne(this, other);
  }
  lt(other: Operand): Tensor {
    return comparison.lt(this, other);
  }
  le(other: Operand): Tensor {
    return comparison.le(this, other);
  }
  gt(other: Operand): Tensor {
    return comparison.gt(this, other);
  }
  ge(other: Operand): Tensor {
    return comparison.ge(this, other);
  }
  logicalNot(): Tensor {
    return comparison.logicalNot(this);
  }
  logicalAnd(other: Operand): Tensor {
    return comparison.logicalAnd(this, other);
  }
  logicalOr(other: Operand): Tensor {
    return comparison.logicalOr(this, other);
  }
  logicalXor(other: Operand): Tensor {
    return comparison.logicalXor(this, other);
  }
  isNaN(): Tensor {
    return comparison.isNaN(this);
  }
  isInf(): Tensor {
    return comparison.isInf(this);
  }
  isFinite(): Tensor {
    return comparison.isFinite(this);
  }
  isClose(other: Operand, options?: comparison.Tolerance): Tensor {
    return comparison.isClose(this, other, options);
  }
  allClose(other: Operand, options?: comparison.Tolerance): boolean {
    return comparison.allClose(this, other, options);
  }
  equal(other: Tensor): boolean {
    return comparison.equal(this, other);
  }
  where(condition: Tensor, other: Operand): Tensor {
    return comparison.where(condition, this, other);
  }
  maskedFill(mask: Tensor, value: Operand): Tensor {
    return comparison.maskedFill(this, mask, value);
  }

  bitwiseAnd(other: Operand): Tensor {
    return bitwise.bitwiseAnd(this, other);
  }
  bitwiseOr(other: Operand): Tensor {
    return bitwise.bitwiseOr(this, other);
  }
  bitwiseXor(other: Operand): Tensor {
    return bitwise.bitwiseXor(this, other);
  }
  bitwiseNot(): Tensor {
    return bitwise.bitwiseNot(this);
  }
  shiftLeft(bits: Operand): Tensor {
    return bitwise.shiftLeft(this, bits);
  }
  shiftRight(bits: Operand): Tensor {
    return bitwise.shiftRight(this, bits);
  }

  relu(): Tensor {
    return activation.relu(this);
  }
  leakyRelu(slope?: number): Tensor {
    return activation.leakyRelu(this, slope);
  }
  elu(alpha?: number): Tensor {
    return activation.elu(this, alpha);
  }
  gelu(options?: activation.GeluOptions): Tensor {
    return activation.gelu(this, options);
  }
  silu(): Tensor {
    return activation.silu(this);
  }
  sigmoid(): Tensor {
    return activation.sigmoid(this);
  }
  logSigmoid(): Tensor {
    return activation.logSigmoid(this);
  }
  softplus(options?: activation.SoftplusOptions): Tensor {
    return activation.softplus(this, options);
  }
  softmax(axis: number): Tensor {
    return activation.softmax(this, axis);
  }
  logSoftmax(axis: number): Tensor {
    return activation.logSoftmax(this, axis);
  }

  sum(axes?: Axes, options?: KeepDims): Tensor {
    return reduction.sum(this, axes, options);
  }
  prod(axes?: Axes, options?: KeepDims): Tensor {
    return reduction.prod(this, axes, options);
  }
  mean(axes?: Axes, options?: KeepDims): Tensor {
    return reduction.mean(this, axes, options);
  }
  amax(axes?: Axes, options?: KeepDims): Tensor {
    return reduction.amax(this, axes, options);
  }
  amin(axes?: Axes, options?: KeepDims): Tensor {
    return reduction.amin(this, axes, options);
  }
  any(axes?: Axes, options?: KeepDims): Tensor {
    return reduction.any(this, axes, options);
  }
  all(axes?: Axes, options?: KeepDims): Tensor {
    return reduction.all(this, axes, options);
  }
  max(): Tensor;
  max(axis: number, options?: KeepDims): reduction.Extreme;
  max(axis?: number, options?: KeepDims): Tensor | reduction.Extreme {
    return axis === undefined ? reduction.max(this) : reduction.max(this, axis, options);
  }
  min(): Tensor;
  min(axis: number, options?: KeepDims): reduction.Extreme;
  min(axis?: number, options?: KeepDims): Tensor | reduction.Extreme {
    return axis === undefined ? reduction.min(this) : reduction.min(this, axis, options);
  }
  argmax(axis?: number, options?: KeepDims): Tensor {
    return reduction.argmax(this, axis, options);
  }
  argmin(axis?: number, options?: KeepDims): Tensor {
    return reduction.argmin(this, axis, options);
  }
  cumsum(axis: number): Tensor {
    return reduction.cumsum(this, axis);
  }
  logSumExp(axes?: Axes, options?: KeepDims): Tensor {
    return statistics.logSumExp(this, axes, options);
  }
  variance(axes?: Axes, options?: statistics.SpreadOptions): Tensor {
    return statistics.variance(this, axes, options);
  }
  std(axes?: Axes, options?: statistics.SpreadOptions): Tensor {
    return statistics.std(this, axes, options);
  }
  norm(axes?: Axes, options?: statistics.NormOptions): Tensor {
    return statistics.norm(this, axes, options);
  }

  reshape(shape: Shape): Tensor {
    return movement.reshape(this, shape);
  }
  flatten(start?: number, end?: number): Tensor {
    return movement.flatten(this, start, end);
  }
  permute(axes: readonly number[]): Tensor {
    return movement.permute(this, axes);
  }
  transpose(a?: number, b?: number): Tensor {
    return movement.transpose(this, a, b);
  }
  moveAxis(from: number, to: number): Tensor {
    return movement.moveAxis(this, from, to);
  }
  expand(shape: Shape): Tensor {
    return movement.expand(this, shape);
  }
  broadcastTo(shape: Shape): Tensor {
    return movement.broadcastTo(this, shape);
  }
  squeeze(axes?: Axes): Tensor {
    return movement.squeeze(this, axes);
  }
  unsqueeze(axis: number): Tensor {
    return movement.unsqueeze(this, axis);
  }
  flip(axes?: Axes): Tensor {
    return movement.flip(this, axes);
  }
  roll(shift: number | readonly number[], axes?: Axes): Tensor {
    return movement.roll(this, shift, axes);
  }
  repeat(count: number, axis?: number): Tensor {
    return movement.repeat(this, count, axis);
  }
  tile(counts: readonly number[]): Tensor {
    return movement.tile(this, counts);
  }
  split(sizes: number | readonly number[], axis?: number): Tensor[] {
    return movement.split(this, sizes, axis);
  }
  chunk(count: number, axis?: number): Tensor[] {
    return movement.chunk(this, count, axis);
  }
  pad(widths: PadWidths, value?: number): Tensor {
    return movement.pad(this, widths, value);
  }
  tril(diagonal?: number): Tensor {
    return movement.tril(this, diagonal);
  }
  triu(diagonal?: number): Tensor {
    return movement.triu(this, diagonal);
  }

  at(...indices: readonly IndexArgument[]): Tensor {
    return indexing.at(this, ...indices);
  }
  take(indices: Tensor, axis?: number): Tensor {
    return indexing.take(this, indices, axis);
  }
  takeAlongAxis(indices: Tensor, axis: number): Tensor {
    return indexing.takeAlongAxis(this, indices, axis);
  }
  scatterAdd(axis: number, indices: Tensor, source: Tensor): Tensor {
    return indexing.scatterAdd(this, axis, indices, source);
  }
  maskedSelect(mask: Tensor): Tensor {
    return indexing.maskedSelect(this, mask);
  }
  nonzero(): Tensor {
    return indexing.nonzero(this);
  }
  oneHot(classes: number, dtype?: DType): Tensor {
    return indexing.oneHot(this, classes, dtype);
  }
  sort(axis?: number, options?: ordering.OrderOptions): ordering.Sorted {
    return ordering.sort(this, axis, options);
  }
  argsort(axis?: number, options?: ordering.OrderOptions): Tensor {
    return ordering.argsort(this, axis, options);
  }
  topk(count: number, axis?: number, options?: ordering.TopkOptions): ordering.Sorted {
    return ordering.topk(this, count, axis, options);
  }

  matmul(other: Tensor): Tensor {
    return linear.matmul(this, other);
  }
  dot(other: Tensor): Tensor {
    return linear.dot(this, other);
  }
  outer(other: Tensor): Tensor {
    return linear.outer(this, other);
  }
}
