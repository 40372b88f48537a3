import {
  apply,
  full,
  none,
  type Pair,
  type PrimitiveAttributes,
  type PrimitiveName,
  type Shape,
  type Tensor,
} from '@nadir/tensor';
import {
  bilinear,
  fromFirst,
  fromInputs,
  fromInputsAndOutput,
  fromOutput,
  fromSecond,
  linear,
  linearWithShapes,
  notDifferentiable,
  symmetric,
  type GradientRule,
  type PullBack,
  type Recorded,
} from './rule.ts';

const twoOverRootPi = 2 / Math.sqrt(Math.PI);

/** One number in the shape of `x`, without memory for more. */
function constantLike(x: Tensor, value: number): Tensor {
  return full([], value, { dtype: x.dtype }).expand(x.shape);
}

/** One zero in the shape of `x`. */
function zeroes(x: Tensor): Tensor {
  return full([], 0, { dtype: x.dtype }).expand(x.shape);
}

/** `x` where the condition holds, exact zeros elsewhere, whatever `x` is there. */
function keepWhere(condition: Tensor, x: Tensor): Tensor {
  return apply('where', [condition, x, zeroes(x)], none);
}

function zeroWhere(condition: Tensor, x: Tensor): Tensor {
  return apply('where', [condition, zeroes(x), x], none);
}

/** A tensor whose `axes` were reduced, repeated along them to `shape` again. */
function restore(reduced: Tensor, shape: Shape, axes: readonly number[]): Tensor {
  const kept = [...shape];
  for (const axis of axes) kept[axis] = 1;
  // A scalar expands to every shape as it is.
  const spread = reduced.rank === 0 ? reduced : reduced.reshape(kept);
  return apply('expand', [spread], { shape });
}

/** The gradient passes unchanged. */
function pass(gradient: Tensor): Tensor {
  return gradient;
}

/** Of a step function: zero wherever it has a derivative, and by convention on its steps too. */
function zero(gradient: Tensor): Tensor {
  return constantLike(gradient, 0);
}

/** The whole gradient to the winner; half to each of two equals. NaN wins on both sides, as in torch. */
function toWinner(other: 0 | 1, loses: (x: Tensor, y: Tensor) => Tensor): PullBack<'maximum' | 'minimum'> {
  return (g, n) => {
    const mine = n.input(1 - other);
    const theirs = n.input(other);
    const shared = apply('where', [mine.eq(theirs), g.mul(0.5), g], none);
    return zeroWhere(loses(mine, theirs), shared);
  };
}

/** Equal shares to all elements that attain the extreme. */
const toExtremes: PullBack<'max' | 'min'> = (g, n) => {
  const x = n.input(0);
  const { axes } = n.attributes;
  const attains = x.eq(restore(n.output(), x.shape, axes));
  const count = attains.cast(g.dtype).sum(axes);
  return keepWhere(attains, restore(g.div(count), x.shape, axes));
};

function slice(
  x: Tensor,
  starts: readonly number[],
  stops: readonly number[],
  steps: readonly number[],
): Tensor {
  return apply('slice', [x], { starts, stops, steps });
}

/** Element i of a matrix's row becomes element i + distance; `value` comes in at the start. */
function shifted(rows: Tensor, distance: number, value: number): Tensor {
  const [count, size] = rows.shape as readonly [number, number];
  const head = slice(rows, [0, 0], [count, size - distance], [1, 1]);
  return apply('pad', [head], { low: [0, distance], high: [0, 0], interior: [0, 0], value });
}

/** Per row the product of all earlier elements: a scan in ⌈log₂ n⌉ steps. */
function productOfEarlier(rows: Tensor): Tensor {
  let product = shifted(rows, 1, 1);
  for (let distance = 1; distance < rows.shape[1]!; distance *= 2) {
    product = product.mul(shifted(product, distance, 1));
  }
  return product;
}

/**
 * Each element's cofactor as the product of those before it and those behind it, not as product ÷ element: exact with
 * zeros among the elements, in every order of differentiation.
 */
const toFactors: PullBack<'prod'> = (g, n) => {
  const x = n.input(0);
  const { axes } = n.attributes;
  if (x.size === 0) return constantLike(x, 0);
  const order = [...x.shape.keys()].filter((axis) => !axes.includes(axis)).concat(axes);
  const moved = x.permute(order);
  const size = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
  const rows = moved.reshape([x.size / size, size]);
  const cofactors = productOfEarlier(rows).mul(productOfEarlier(rows.flip([1])).flip([1]));
  const back = order.map((_, axis) => order.indexOf(axis));
  return cofactors
    .reshape(moved.shape)
    .permute(back)
    .mul(restore(g, x.shape, axes));
};

/** Sums over the axes that were added in front or repeated. */
const toExpanded: PullBack<'expand'> = (g, n) => {
  const shape = n.inputShape(0);
  const lead = g.rank - shape.length;
  const axes: number[] = [];
  for (let axis = 0; axis < g.rank; axis++) {
    if (axis < lead || (shape[axis - lead] === 1 && g.shape[axis] !== 1)) axes.push(axis);
  }
  return apply('sum', [g], { axes }).reshape(shape);
};

/** Zeros around and between the elements that were taken. */
const toSliced: PullBack<'slice'> = (g, n) => {
  const { starts, steps } = n.attributes;
  const high = n.inputShape(0).map((size, axis) => {
    const count = g.shape[axis]!;
    return size - starts[axis]! - (count === 0 ? 0 : (count - 1) * steps[axis]! + 1);
  });
  return apply('pad', [g], { low: starts, high, interior: steps.map((step) => step - 1), value: 0 });
};

/** The elements that were there before the padding. */
const toPadded: PullBack<'pad'> = (g, n) => {
  const { low, interior } = n.attributes;
  const stops = n.inputShape(0).map((size, axis) => {
    return low[axis]! + (size === 0 ? 0 : (size - 1) * (interior[axis]! + 1) + 1);
  });
  return slice(
    g,
    low,
    stops,
    interior.map((count) => count + 1),
  );
};

const toPart: PullBack<'concat'> = (g, n, operand) => {
  const { axis } = n.attributes;
  let start = 0;
  for (let i = 0; i < operand; i++) start += n.inputShape(i)[axis]!;
  const size = n.inputShape(operand)[axis]!;
  return slice(
    g,
    g.shape.map((_, i) => (i === axis ? start : 0)),
    g.shape.map((total, i) => (i === axis ? start + size : total)),
    g.shape.map(() => 1),
  );
};

/** d/dx xʸ = y·xʸ⁻¹, and exactly 0 for y = 0, where 0⁻¹ would make it NaN. */
const toBase: PullBack<'pow'> = (g, n) => {
  const exponent = n.input(1);
  const isZero = exponent.eq(0);
  const safe = apply('where', [isZero, constantLike(exponent, 1), exponent], none);
  return zeroWhere(isZero, g.mul(safe.mul(n.input(0).pow(safe.sub(1)))));
};

/** d/dy xʸ = xʸ·ln x, and 0 for x = 0 ≤ y, the limit from the right. */
const toExponent: PullBack<'pow'> = (g, n) => {
  const base = n.input(0);
  const isZero = base.eq(0).logicalAnd(n.input(1).ge(0));
  const safe = apply('where', [isZero, constantLike(base, 1), base], none);
  return zeroWhere(isZero, g.mul(n.output().mul(safe.log())));
};

/** x² + y² of the operands of atan2, and 1 at the origin, where the gradient is 0 by convention. */
function squaredRadius(n: Recorded<'atan2'>): Tensor {
  const square = n.input(0).square().add(n.input(1).square());
  return apply('where', [square.eq(0), constantLike(square, 1), square], none);
}

/** The order of axes that undoes another one. */
function inverse(axes: readonly number[]): number[] {
  const back = [...axes];
  for (let i = 0; i < axes.length; i++) back[axes[i]!] = i;
  return back;
}

/** The last two axes swapped. */
function transposed(x: Tensor): Tensor {
  const axes: number[] = [];
  for (let axis = 0; axis < x.rank - 2; axis++) axes.push(axis);
  axes.push(x.rank - 1, x.rank - 2);
  return apply('permute', [x], { axes });
}

/** The gradient of a transpose is computed as a transpose, so that in memory it lies as that of the matrix itself. */
function product(a: Tensor, b: Tensor): Tensor {
  return apply('matmul', [a, b], none);
}

/** Height and width of images or of a kernel. */
function sizeOfImages(shape: Shape): Pair {
  return [shape[2]!, shape[3]!];
}

/** How the gradient of every primitive's result becomes that of its operands, in terms of the same primitives. */
export const gradientRules: { readonly [P in PrimitiveName]: GradientRule<P> } = {
  neg: linear((g) => g.neg()),
  abs: fromFirst((g, n) => g.mul(n.input(0).sign())),
  sign: linear(zero),
  floor: linear(zero),
  ceil: linear(zero),
  round: linear(zero),
  trunc: linear(zero),
  exp: fromOutput((g, n) => g.mul(n.output())),
  expm1: fromOutput((g, n) => g.mul(n.output().add(1))),
  log: fromFirst((g, n) => g.div(n.input(0))),
  log1p: fromFirst((g, n) => g.div(n.input(0).add(1))),
  sqrt: fromOutput((g, n) => g.div(n.output().mul(2))),
  sin: fromFirst((g, n) => g.mul(n.input(0).cos())),
  cos: fromFirst((g, n) => g.mul(n.input(0).sin().neg())),
  tanh: fromOutput((g, n) => g.sub(g.mul(n.output()).mul(n.output()))),
  sigmoid: fromOutput((g, n) => g.mul(n.output()).mul(n.output().neg().add(1))),
  erf: fromFirst((g, n) => g.mul(n.input(0).square().neg().exp().mul(twoOverRootPi))),
  not: notDifferentiable,

  add: linear(pass, pass),
  sub: linear(pass, (g) => g.neg()),
  mul: symmetric((g, n, operand) => g.mul(n.input(1 - operand))),
  div: [
    ...fromSecond<'div'>((g, n) => g.div(n.input(1))),
    ...fromInputs<'div'>((g, n) => g.neg().mul(n.input(0).div(n.input(1)).div(n.input(1)))),
  ],
  pow: [...fromInputs<'pow'>(toBase), ...fromInputsAndOutput<'pow'>(toExponent)],
  maximum: fromInputs(
    toWinner(1, (mine, theirs) => mine.lt(theirs)),
    toWinner(0, (mine, theirs) => mine.lt(theirs)),
  ),
  minimum: fromInputs(
    toWinner(1, (mine, theirs) => theirs.lt(mine)),
    toWinner(0, (mine, theirs) => theirs.lt(mine)),
  ),
  // The quotient from the result: a floor of a ÷ b of its own could be off by one.
  remainder: [
    ...linear<'remainder'>(pass),
    ...fromInputsAndOutput<'remainder'>((g, n) => g.mul(n.output().sub(n.input(0)).div(n.input(1)).round())),
  ],
  atan2: fromInputs(
    (g, n) => g.mul(n.input(1).div(squaredRadius(n))),
    (g, n) => g.mul(n.input(0).neg().div(squaredRadius(n))),
  ),
  and: notDifferentiable,
  or: notDifferentiable,
  xor: notDifferentiable,
  shiftLeft: notDifferentiable,
  shiftRight: notDifferentiable,

  eq: notDifferentiable,
  lt: notDifferentiable,
  le: notDifferentiable,
  where: fromFirst(
    null,
    (g, n) => keepWhere(n.input(0), g),
    (g, n) => zeroWhere(n.input(0), g),
  ),
  cast: linear((g, n) => g.cast(n.inputDType(0))),
  copy: linear(pass),

  reshape: linear((g, n) => g.reshape(n.inputShape(0))),
  permute: linear((g, n) => apply('permute', [g], { axes: inverse(n.attributes.axes) })),
  expand: linear(toExpanded),
  slice: linear(toSliced),
  flip: linear((g, n) => g.flip(n.attributes.axes)),
  pad: linear(toPadded),
  concat: linearWithShapes(toPart),

  sum: linear((g, n) => restore(g, n.inputShape(0), n.attributes.axes)),
  prod: fromFirst(toFactors),
  max: fromInputsAndOutput(toExtremes),
  min: fromInputsAndOutput(toExtremes),
  argMax: notDifferentiable,
  argMin: notDifferentiable,
  cumSum: linear((g, n) => apply('cumSum', [g], { ...n.attributes, reverse: !n.attributes.reverse })),
  argSort: notDifferentiable,

  matmul: bilinear(
    (g, n) =>
      n.isTransposed(0) ? transposed(product(n.input(1), transposed(g))) : product(g, transposed(n.input(1))),
    (g, n) =>
      n.isTransposed(1) ? transposed(product(transposed(g), n.input(0))) : product(transposed(n.input(0)), g),
  ),
  // The three convolutions are the partial gradients of one trilinear form ⟨conv(x, w), g⟩, so that they stay among themselves.
  conv: bilinear(
    (g, n) => inputGradient(g, n.input(1), n.attributes, n.inputShape(0)),
    (g, n) => weightGradient(n.input(0), g, n.attributes, n.inputShape(1)),
  ),
  convInputGrad: bilinear(
    (x, n) => apply('conv', [x, n.input(1)], n.attributes),
    (x, n) => weightGradient(x, n.input(0), n.attributes, n.inputShape(1)),
  ),
  convWeightGrad: bilinear(
    (w, n) => inputGradient(n.input(1), w, n.attributes, n.inputShape(0)),
    (w, n) => apply('conv', [n.input(0), w], n.attributes),
  ),

  // Gather and scatter are linear in their second operand; the first only chooses, which has no derivative.
  maxPool: fromFirst((g, n) => apply('maxPoolScatter', [n.input(0), g], n.attributes)),
  maxPoolGather: fromFirst(null, (g, n) => apply('maxPoolScatter', [n.input(0), g], n.attributes)),
  maxPoolScatter: fromFirst(null, (g, n) => apply('maxPoolGather', [n.input(0), g], n.attributes)),
  averagePool: linear((g, n) =>
    apply('averagePoolGrad', [g], { ...n.attributes, size: sizeOfImages(n.inputShape(0)) }),
  ),
  averagePoolGrad: linear((g, n) => apply('averagePool', [g], n.attributes)),

  take: fromSecond((g, n) => {
    const { axis } = n.attributes;
    return apply('scatterAdd', [n.input(1), g], { axis, size: n.inputShape(0)[axis]! });
  }),
  scatterAdd: fromFirst(null, (g, n) => apply('take', [g, n.input(0)], { axis: n.attributes.axis })),

  full: notDifferentiable,
  iota: notDifferentiable,
  randomBits: notDifferentiable,
  randomAdvance: notDifferentiable,
};

function inputGradient(
  g: Tensor,
  weight: Tensor,
  attributes: PrimitiveAttributes['conv'],
  images: Shape,
): Tensor {
  const { stride, padding, dilation, groups } = attributes;
  return apply('convInputGrad', [g, weight], {
    stride,
    padding,
    dilation,
    groups,
    size: sizeOfImages(images),
  });
}

function weightGradient(
  images: Tensor,
  g: Tensor,
  attributes: PrimitiveAttributes['conv'],
  weight: Shape,
): Tensor {
  const { stride, padding, dilation, groups } = attributes;
  return apply('convWeightGrad', [images, g], {
    stride,
    padding,
    dilation,
    groups,
    size: sizeOfImages(weight),
  });
}
