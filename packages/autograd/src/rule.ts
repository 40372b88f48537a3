import type { DType, PrimitiveAttributes, PrimitiveName, Shape, Tensor } from '@nadir/tensor';

/** One application of a primitive, as its pull-backs see it. */
export interface Recorded<P extends PrimitiveName> {
  readonly attributes: PrimitiveAttributes[P];
  /** The value of an operand; the rule must say that it is saved. */
  input(operand: number): Tensor;
  /** The value of the result; the rule must say that it is saved. */
  output(): Tensor;
  /** The shape of the operand that is being pulled back to. */
  inputShape(operand: number): Shape;
  /** The dtype of the operand that is being pulled back to. */
  inputDType(operand: number): DType;
  /** Whether the operand that is being pulled back to has the last two axes of another tensor swapped. */
  isTransposed(operand: number): boolean;
}

/** From the gradient of the result to that of one operand, of the operand's shape and dtype. */
export type PullBack<P extends PrimitiveName> = (
  gradient: Tensor,
  node: Recorded<P>,
  operand: number,
) => Tensor;

/** What a pull-back looks at, as a set of bits. */
export const saves = { nothing: 0, first: 1, second: 2, output: 4, shapes: 8 } as const;

/** The pull-back to one operand, and what must be saved for it. */
export interface OperandRule<P extends PrimitiveName> {
  readonly pullBack: PullBack<P>;
  readonly saves: number;
  /** Whether two operands that are one tensor get the same, so that it is computed once. */
  readonly isSymmetric: boolean;
}

/** Per operand a pull-back, null where no gradient passes; the last one serves all further operands. */
export type GradientRule<P extends PrimitiveName> = readonly (OperandRule<P> | null)[];

type PullBacks<P extends PrimitiveName> = readonly (PullBack<P> | null)[];

function rule<P extends PrimitiveName>(pullBacks: PullBacks<P>, bits: number): GradientRule<P> {
  return pullBacks.map((pullBack) =>
    pullBack === null ? null : { pullBack, saves: bits, isSymmetric: false },
  );
}

/** The pull-backs need no value: the primitive is linear, and they know its coefficients. */
export function linear<P extends PrimitiveName>(...pullBacks: PullBacks<P>): GradientRule<P> {
  return rule(pullBacks, saves.nothing);
}

/** As {@link linear}, and each pull-back needs the shapes of all operands. */
export function linearWithShapes<P extends PrimitiveName>(...pullBacks: PullBacks<P>): GradientRule<P> {
  return rule(pullBacks, saves.shapes);
}

/** Each pull-back needs the other operand. */
export function bilinear<P extends PrimitiveName>(first: PullBack<P>, second: PullBack<P>): GradientRule<P> {
  return [
    { pullBack: first, saves: saves.second, isSymmetric: false },
    { pullBack: second, saves: saves.first, isSymmetric: false },
  ];
}

/** As {@link bilinear}, of a product that commutes. */
export function symmetric<P extends PrimitiveName>(pullBack: PullBack<P>): GradientRule<P> {
  return [
    { pullBack, saves: saves.second, isSymmetric: true },
    { pullBack, saves: saves.first, isSymmetric: true },
  ];
}

/** The pull-backs need the first operand. */
export function fromFirst<P extends PrimitiveName>(...pullBacks: PullBacks<P>): GradientRule<P> {
  return rule(pullBacks, saves.first);
}

/** The pull-backs need the second operand. */
export function fromSecond<P extends PrimitiveName>(...pullBacks: PullBacks<P>): GradientRule<P> {
  return rule(pullBacks, saves.second);
}

/** The pull-backs need the operands, of which there are two. */
export function fromInputs<P extends PrimitiveName>(...pullBacks: PullBacks<P>): GradientRule<P> {
  return rule(pullBacks, saves.first | saves.second);
}

/** The pull-backs need the result. */
export function fromOutput<P extends PrimitiveName>(...pullBacks: PullBacks<P>): GradientRule<P> {
  return rule(pullBacks, saves.output);
}

/** The pull-backs need the operands and the result. */
export function fromInputsAndOutput<P extends PrimitiveName>(...pullBacks: PullBacks<P>): GradientRule<P> {
  return rule(pullBacks, saves.first | saves.second | saves.output);
}

/** No gradient passes: the result is not float, or has no float operand. */
export const notDifferentiable: readonly [] = [];
